"""The one tree of errors. Every message says what, where, got, expected and what to do next.

The exit code of a command is the exit code of the error that ended it, so that a pipeline can tell a bad release (1)
from a measurement that was not possible (2), a fault of the harness or its machine (3) and a mistake in the call (4).
"""

from __future__ import annotations

import errno
from typing import ClassVar

_INDENT = "\n" + " " * 12

PASS, FAIL, UNKNOWN, INTERNAL, USAGE, INTERRUPTED = 0, 1, 2, 3, 4, 130


def visible(text: object) -> str:
    """A text for people, in which nothing acts: escape sequences and other control characters, and those that turn or
    hide the text around them, are shown as Python writes them (`\\x1b`, `\\u202e`). Only tabs and line ends stay.

    Everything that is printed of what somebody else wrote - a file, a replica, a deployer - passes through here.
    """
    written = str(text)
    if written.isprintable():
        return written
    return "".join(
        one if one.isprintable() or one in "\t\n" else one.encode("unicode_escape").decode("ascii") for one in written
    )


class HarnessError(Exception):
    """Something that the harness can name. Subclasses set the exit code.

    Args:
        what: one sentence without a full stop, naming what went wrong.
        where: a file and line, a replica, a command, a socket.
        got: what was found there.
        expected: what should have been there.
        hint: what to do next.
        detail: longer evidence, e.g. the tail of a log; printed below the rest, as it is.
    """

    exit_code: ClassVar[int] = INTERNAL

    def __init__(
        self,
        what: str,
        *,
        where: str | None = None,
        got: str | None = None,
        expected: str | None = None,
        hint: str | None = None,
        detail: str | None = None,
    ) -> None:
        super().__init__(what)
        self.what, self.where, self.got, self.expected, self.hint, self.detail = (
            what, where, got, expected, hint, detail,
        )  # fmt: skip

    def __str__(self) -> str:
        """The whole message: one line for what, one indented line for each other part that is known. No line of it
        can be taken for another part, and nothing in it acts on a terminal, whoever wrote what is quoted.
        """
        lines = [self.what]
        parts = (("where", self.where), ("got", self.got), ("expected", self.expected), ("do", self.hint))
        lines += [f"  {name + ':':<10}{value}" for name, value in parts if value is not None]
        message = "\n".join(line.rstrip("\n").replace("\n", _INDENT) for line in lines)
        if self.detail:
            message += "".join(f"\n  | {line}" for line in self.detail.rstrip().splitlines())
        return visible(message)


class UsageError(HarnessError):
    """A mistake in the call or in a file that the user wrote."""

    exit_code = USAGE


class StackError(UsageError):
    """The Compose file or its `x-harness` block does not describe a stack."""


class EngineError(HarnessError):
    """The container engine is missing, gone, full or refuses."""


class NoEngine(EngineError):
    """No container engine answers."""


class EngineGone(EngineError):
    """The container engine answered before and does not answer now."""


class NoSpace(EngineError):
    """The engine's disk, or this machine's, is full."""


class ImageError(EngineError):
    """An image is missing, cannot be pulled or cannot be built."""


class ImageMissing(ImageError, UsageError):
    """The stack names an image that is neither here nor to be had."""

    exit_code = USAGE


class ContextError(ImageError, UsageError):
    """A build context, its Dockerfile or its .dockerignore cannot be used as it is."""

    exit_code = USAGE


class NetworkError(EngineError):
    """No free subnet, or a network that cannot be made."""


class NetworkHeld(NetworkError):
    """The engine does not let an empty network go."""


class PortTaken(EngineError):
    """A port that was asked for is in use."""


class ProxyError(HarnessError):
    """An environment's proxy refuses, or did not do what it was asked for."""


class ProxyGone(ProxyError):
    """The proxy does not answer."""


class ProxyMissing(ProxyError):
    """The proxy has no such link, toxic or page."""


class DoorGone(ProxyError):
    """The container that every link passes through has ended."""


class NotMeasured(HarnessError):
    """What was to be measured could not be: the verdict is unknown."""

    exit_code = UNKNOWN


class NotReady(NotMeasured):
    """A replica did not become ready in time, or ended while it was waited for."""


class HostError(NotMeasured):
    """A replica could not be asked. Raised instead of an answer: a dead server is never an answer of False."""


class CommandTimeout(HostError):
    """A command in a replica ran longer than it was allowed to."""


class ReplicaGone(HostError):
    """The replica is stopped, dead or removed."""


class FaultUnproven(NotMeasured):
    """A fault did not touch any traffic, or cannot be shown to be gone: what was measured under it proves nothing."""


class FaultUnavailable(NotMeasured):
    """A fault that this kernel, engine or stack cannot have: what was to be measured under it is unknown."""


class DeployerError(HarnessError):
    """The deployer could not be run at all (its exit code is not an error of ours: it is recorded)."""

    exit_code = UNKNOWN


class Stopped(DeployerError):
    """What was being done was stopped where it stood, on purpose; what it had done stays."""


class HistoryError(HarnessError):
    """A history cannot be read: not ours, newer than this version, or damaged beyond its last line; or not written."""


class Unwritable(HarnessError):
    """A file of a run cannot be written, for another reason than a full disk."""


def unwritable(what: str, where: object, error: OSError) -> HarnessError:
    """The error for a file of a run that this machine did not take."""
    full = error.errno in (errno.ENOSPC, errno.EDQUOT)
    kind: type[HarnessError] = NoSpace if full else Unwritable
    return kind(
        f"{what}: the disk is full" if full else what,
        where=str(where),
        got=error.strerror or str(error),
        hint="free space there, or name another directory with --out" if full else "name another with --out",
    )
