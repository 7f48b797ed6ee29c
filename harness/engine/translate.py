"""The one place where the SDK's exceptions become errors of our tree."""

from __future__ import annotations

import errno
import re
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import requests
import urllib3
from docker.errors import APIError, DockerException, ImageNotFound

from harness.errors import EngineError, EngineGone, HarnessError, ImageMissing, NetworkError, NoSpace, PortTaken

_NO_SPACE = re.compile(r"no space left on device|disk quota exceeded", re.IGNORECASE)
_PORT = re.compile(r"port is already allocated|address already in use", re.IGNORECASE)
_WHICH_PORT = re.compile(r"(?:Bind for |listen \w+ )(\S+?:\d+)")
_NO_SUBNET = re.compile(
    r"non-overlapping IPv4 address pool|all predefined address pools have been fully subnetted", re.IGNORECASE
)
_NO_IMAGE = re.compile(r"no such image|pull access denied|manifest unknown|repository does not exist", re.IGNORECASE)

_GONE = (
    requests.exceptions.ConnectionError,
    requests.exceptions.Timeout,
    requests.exceptions.ChunkedEncodingError,
    urllib3.exceptions.HTTPError,
    ssl.SSLError,
    ConnectionError,
    TimeoutError,
)
_UNREACHABLE = (errno.EHOSTUNREACH, errno.EHOSTDOWN, errno.ENETUNREACH, errno.ENETDOWN, errno.ENOTCONN, errno.EBADF)

SDK_ERRORS = (requests.exceptions.RequestException, DockerException, urllib3.exceptions.HTTPError, OSError)


@contextmanager
def translate(
    what: str, *, where: str | None = None, why: Callable[[], HarnessError | None] = lambda: None
) -> Iterator[None]:
    """Turn whatever the SDK raises within the block into an error of ours; our own errors pass through.

    Args:
        what: the sentence that the error begins with, e.g. `The network shop-1 cannot be made`.
        where: the object or the daemon concerned.
        why: asked when the daemon refuses; the better error, e.g. that the container does not run, or None.
    """
    try:
        yield
    except HarnessError:
        raise
    except SDK_ERRORS as error:
        reason = why() if isinstance(error, APIError) else None
        raise reason or as_ours(error, what, where=where) from error


def field(answer: Any, name: str, *, where: str) -> Any:
    """A field of what the daemon answered.

    Raises:
        EngineError: the answer has no such field, or is not an object at all.
    """
    try:
        return answer[name]
    except (KeyError, TypeError) as strange:
        raise EngineError(
            "The engine's answer cannot be understood",
            where=where,
            got=f"no {name} in {answer!r:.200}",
            hint="check whether something between the harness and the engine changes its answers",
        ) from strange


def words(error: BaseException) -> str:
    """What the daemon said, without the SDK's wrapping."""
    if isinstance(error, APIError) and error.explanation:
        return str(error.explanation).strip()
    return str(error).strip() or type(error).__name__


def as_ours(error: BaseException, what: str, *, where: str | None = None) -> EngineError:
    """The error of our tree that corresponds to one of the SDK's, of requests', of urllib3's, or an OSError."""
    said = words(error)
    if _is_gone(error):
        return EngineGone(
            f"{what}: the container engine does not answer any more",
            where=where,
            got=said,
            hint="check whether the daemon still runs (`harness doctor`); the next run sweeps what it held",
        )
    if _NO_SPACE.search(said) or (isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)):
        return no_space(what, said, where=where)
    if _PORT.search(said):
        which = _WHICH_PORT.search(said)
        return PortTaken(
            f"{what}: the port {which[1] if which else 'asked for'} is in use",
            where=where,
            got=said,
            hint="stop what uses the port, or omit the published port so that a free one is chosen",
        )
    if _NO_SUBNET.search(said):
        return NetworkError(
            f"{what}: the engine has no address pool left", where=where, got=said, hint="run `harness sweep`"
        )
    if isinstance(error, ImageNotFound) or _NO_IMAGE.search(said):
        return ImageMissing(
            f"{what}: the image is not there",
            where=where,
            got=said,
            hint="build it (`harness images build`) or bring it in (`harness images load`)",
        )
    if isinstance(error, requests.exceptions.JSONDecodeError):
        said = f"an answer that is not JSON ({said})"
    return EngineError(what, where=where, got=said, expected="the engine does what it is asked")


def _is_gone(error: BaseException) -> bool:
    if isinstance(error, OSError) and error.errno in _UNREACHABLE:
        return True
    return isinstance(error, _GONE) and not isinstance(error, APIError)


def no_space(what: str, said: str, *, where: str | None = None) -> NoSpace:
    """The error for a full disk, the engine's or this machine's."""
    return NoSpace(
        f"{what}: the disk is full",
        where=where,
        got=said,
        hint="free space where the engine keeps its data (`harness doctor` says where); `harness sweep` removes "
        "what dead runs left",
    )


def status(error: BaseException) -> int | None:
    """The HTTP status of the daemon's refusal; None if it was none."""
    return error.status_code if isinstance(error, APIError) else None
