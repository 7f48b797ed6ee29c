"""One attempt of one request, on its way: what the generator and the ways to send have in common."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from harness.workload.spec import Request

LARGEST = 4 << 20  # bytes of an answer
TIMEOUT, REFUSED, RESET, CLOSED, NOT_HTTP, TOO_LARGE, NETWORK = 1, 2, 3, 4, 5, 6, 7
UNEXPECTED, RAISED, TLS_FAILED, ANSWERED = 9, 10, 11, 12
# A connection that was used before was closed under this request, before any byte of an answer. Whether the request was
# seen cannot be told: the other side may just have given up an idle connection.
KEPT_CLOSED = 13


class Exchange:
    """An attempt. It ends once, whatever happens later.

    Attributes:
        n, attempt, request, index: which: its number, attempt, request of the mix and that one's number.
        id, key: what its templates are filled with.
        canary: it is one.
        fresh: it needs a new connection, because a kept one was closed under the attempt before.
        repeats: how many of the attempts before it were made again for that reason.
        deadline: by the loop's clock.
        value, acknowledged: likewise; the latter is of reads alone.
        whole: its body is needed.
        outcome, server, body: what it ended with, as in `harness.samples`; the body as far as it is needed.
        marked: what the header that names the release held.
        give_up: set by who sends it, to let go of it when its time is over.
    """

    __slots__ = (
        "acknowledged", "attempt", "body", "canary", "deadline", "done", "ended", "fresh", "give_up", "id", "index",
        "key", "marked", "n", "outcome", "repeats", "request", "sent", "server", "value", "whole",
    )  # fmt: skip

    def __init__(self, n: int, request: Request, index: int, number: int, key: str, ended: Callable[..., None]) -> None:
        self.n, self.request, self.index, self.id, self.key = n, request, index, number, key
        self.value = self.acknowledged = ""
        self.whole = bool(request.json or request.acknowledged)
        self.attempt, self.canary, self.done = 1, False, False
        self.deadline = self.sent = 0.0
        self.fresh, self.repeats = False, 0
        self.outcome, self.server, self.body, self.marked = 0, b"", b"", b""
        self.ended = ended
        self.give_up: Callable[[], object] | None = None

    def end(self, outcome: int, server: bytes = b"", body: bytes = b"", marked: bytes = b"") -> None:
        """It ended. Only the first time counts."""
        if not self.done:
            self.done = True
            self.give_up = None
            self.outcome, self.server, self.body, self.marked = outcome, server, body, marked
            self.ended(self)

    def filled(self, template: str) -> str:
        """A template with everything replaced."""
        if "{" not in template:
            return template
        filled = template.replace("{id}", str(self.id)).replace("{key}", self.key).replace("{n}", str(self.n))
        return filled.replace("{value}", self.value).replace("{acknowledged}", self.acknowledged)


class Sender(Protocol):
    """A way to send a request."""

    def send(self, exchange: Exchange) -> None:
        """Begin; `exchange.end` is called when it is over."""

    def close(self) -> None:
        """Let go of everything."""


def outcome_of(error: BaseException | None) -> int:
    """The outcome for a connection that could not be made, or broke."""
    import ssl

    if error is None:
        return CLOSED
    if isinstance(error, ConnectionRefusedError):
        return REFUSED
    if isinstance(error, ssl.SSLError):
        return TLS_FAILED
    if isinstance(error, TimeoutError):
        return TIMEOUT
    return RESET if isinstance(error, ConnectionError) else NETWORK
