from __future__ import annotations

import errno
import ssl
from typing import Any

import pytest
import requests
import urllib3
from docker.errors import APIError, DockerException, ImageNotFound, NotFound

from harness.engine.translate import field, translate, words
from harness.errors import (
    EngineError,
    EngineGone,
    HarnessError,
    ImageMissing,
    NetworkError,
    NoSpace,
    PortTaken,
    ReplicaGone,
    UsageError,
)


def refusal(code: int, said: str, kind: type[APIError] = APIError) -> APIError:
    response = requests.Response()
    response.status_code = code
    return kind("refused", response=response, explanation=said)


CASES: list[tuple[Exception, type[HarnessError]]] = [
    (requests.exceptions.ConnectionError("Connection aborted"), EngineGone),
    (requests.exceptions.ReadTimeout("Read timed out"), EngineGone),
    (requests.exceptions.ChunkedEncodingError("broken"), EngineGone),
    (urllib3.exceptions.ProtocolError("broken"), EngineGone),
    (BrokenPipeError(), EngineGone),
    (ssl.SSLError("broken"), EngineGone),
    (OSError(errno.EHOSTUNREACH, "No route to host"), EngineGone),
    (refusal(500, "write /var/x: no space left on device"), NoSpace),
    (OSError(errno.ENOSPC, "No space left on device"), NoSpace),
    (OSError(errno.EDQUOT, "Disk quota exceeded"), NoSpace),
    (refusal(500, "Bind for 127.0.0.1:80 failed: port is already allocated"), PortTaken),
    (refusal(500, "listen tcp4 127.0.0.1:80: bind: address already in use"), PortTaken),
    (refusal(404, "could not find an available, non-overlapping IPv4 address pool", NotFound), NetworkError),
    (refusal(404, "No such image: x:1", ImageNotFound), ImageMissing),
    (refusal(404, "pull access denied for x"), ImageMissing),
    (refusal(404, "No such container: x", NotFound), EngineError),
    (refusal(409, "something else"), EngineError),
    (DockerException("whatever"), EngineError),
    (PermissionError(13, "denied"), EngineError),
]


@pytest.mark.parametrize(
    ("raised", "expected"), CASES, ids=[f"{n}-{type(e).__name__}-{k.__name__}" for n, (e, k) in enumerate(CASES)]
)
def test_each_failure_of_the_sdk_has_its_error(raised: Exception, expected: type[HarnessError]) -> None:
    with pytest.raises(HarnessError) as caught, translate("It cannot be done", where="there"):
        raise raised
    assert type(caught.value) is expected
    assert caught.value.what.startswith("It cannot be done")
    assert caught.value.where == "there"
    assert caught.value.__cause__ is raised


def test_the_daemons_words_are_kept() -> None:
    assert words(refusal(409, "the daemon's words")) == "the daemon's words"


def test_a_taken_port_is_named() -> None:
    with pytest.raises(PortTaken, match=r"127\.0\.0\.1:8080 is in use"), translate("x"):
        raise refusal(500, "Bind for 127.0.0.1:8080 failed: port is already allocated")


def test_our_own_errors_pass_through_as_they_are() -> None:
    mine = UsageError("mine")
    with pytest.raises(UsageError) as caught, translate("x"):
        raise mine
    assert caught.value is mine


def test_a_mistake_in_our_code_is_not_dressed_as_the_engines() -> None:
    with pytest.raises(ZeroDivisionError), translate("x"):
        raise ZeroDivisionError


@pytest.mark.parametrize(
    ("raised", "why", "expected"),
    [
        (refusal(409, "not running"), ReplicaGone("web-1 is paused"), "web-1 is paused"),
        (refusal(409, "not running"), None, "It cannot be done"),
        (BrokenPipeError(), ReplicaGone("web-1 is paused"), "It cannot be done: the container engine does not answer"),
    ],
)
def test_a_refusal_is_told_by_its_better_reason_and_a_lost_connection_is_not_asked_for_one(
    raised: Exception, why: HarnessError | None, expected: str
) -> None:
    with pytest.raises(HarnessError, match=f"^{expected}") as caught, translate("It cannot be done", why=lambda: why):
        raise raised
    assert caught.value.__cause__ is raised


@pytest.mark.parametrize("answer", [{}, {"Runninh": True}, None, 7])
def test_an_answer_without_what_was_asked_for_is_the_engines_error(answer: Any) -> None:
    with pytest.raises(EngineError, match="cannot be understood") as caught:
        field(answer, "Running", where="web-1")
    assert caught.value.where == "web-1"
    assert "Running" in str(caught.value.got)


def test_an_answer_that_is_not_json_is_named_as_such() -> None:
    response = requests.Response()
    response._content = b"<html>502 Bad Gateway</html>"
    with pytest.raises(EngineError) as caught, translate("The network cannot be made"):
        response.json()
    assert str(caught.value.got).startswith("an answer that is not JSON (Expecting value")
