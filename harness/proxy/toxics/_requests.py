"""What the toxics share that understand a protocol: they read the client's requests, and rewrite some of them.

As far as possible the service itself is made to give the false answer, by another request in the place of the one that
was sent. So whatever the protocol promises about order, transactions and states holds, for it is the service that
keeps the promise.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable, Iterable
from typing import Any, ClassVar

from .base import KIB, Direction, End, Stage, Toxic

MAX_REQUEST_BYTES = 16 * 1024 * KIB  # bytes: a longer request is passed on unread, and so is what follows it


class Unreadable(Exception):
    """Not the protocol that was expected."""


class Requests(Stage):
    """Cuts the bytes of the client into requests and lets `request` decide about each.

    What is not the protocol (TLS, for one) is passed on as it is, from then on. On a connection that was open before
    the toxic was there, it is not known where a request begins: it is passed on as it is, up to the first chunk that is
    exactly one or several whole requests.
    """

    stream: ClassVar[str] = "upstream"

    def __init__(self, toxic: Toxic, pipe: Direction, seed: str) -> None:
        super().__init__(toxic, pipe, seed)
        self._buffer = bytearray()
        self._least = 0  # how many bytes the request in the buffer will have, at the least
        self._readable = True
        self.synchronous = pipe.received == 0

    def measure(self, data: bytes, at: int) -> int:
        """Where the request that begins at `at` ends. If more is to come: 0, or minus the least that its end can be;
        then it may remember how far it came, for the same request will be asked about again. Raises Unreadable."""
        raise NotImplementedError

    def restart(self) -> None:
        """Forget how far a request was measured."""

    def request(self, data: bytes) -> bytes:
        """What to pass on instead of a whole request; nothing, or the request itself."""
        raise NotImplementedError

    def feed(self, data: bytes) -> None:
        """Counts only the bytes of requests that were not passed on as they were."""
        if not self._readable:
            self.pass_on(data)
            return
        if not self.synchronous and not self._whole(data):
            self.pass_on(data)
            return
        self.synchronous = True
        self._buffer += data
        self._cut()

    def _whole(self, data: bytes) -> bool:
        at = 0
        try:
            while at < len(data) and (end := self.measure(data, at)) > 0:
                at = end
        except Unreadable:
            return False
        finally:
            self.restart()
        return at == len(data)

    def _cut(self) -> None:
        """Requests that pass are passed on together, as they came."""
        if len(self._buffer) < self._least:
            return
        data, at, end, passing = bytes(self._buffer), 0, 0, bytearray()
        try:
            while at < len(data) and (end := self.measure(data, at)) > 0:
                passing += self._decide(data[at:end])
                at = end
        except Unreadable:
            self._readable = False
        self._least = max(0, -end - at)
        if max(len(data) - at, self._least) > MAX_REQUEST_BYTES:
            self._readable = False
        del self._buffer[:at]
        if not self._readable:
            passing += self._buffer
            self._buffer.clear()
        if passing:
            self.pass_on(bytes(passing))

    def pass_on(self, data: bytes) -> None:
        """Pass on what the client may send now."""
        self.next.feed(data)

    def _decide(self, whole: bytes) -> bytes:
        instead = self.request(whole)
        if instead != whole:
            self.toxic.bytes += len(whole)
        return instead

    def end(self, how: End) -> None:
        self.flush()
        self.next.end(how)

    def release(self) -> None:
        self.flush()

    @property
    def waiting(self) -> int:
        """Bytes of a request of which the rest is to come: the sender must not be slowed down for them."""
        return len(self._buffer)

    def flush(self) -> None:
        """Pass on the beginning of a request of which the rest has not come."""
        if self._buffer:
            rest = bytes(self._buffer)
            self._buffer.clear()
            self.pass_on(rest)

    def by_chance(self) -> bool:
        """Whether this request is one of the `fraction` that is meant."""
        fraction = float(self.toxic["fraction"])
        return fraction >= 1 or self.random.random() < fraction


def matcher(patterns: Iterable[str], flags: int = 0) -> Callable[[str], Any]:
    """Whether a text is like one of the shell-style patterns; without patterns every text is. What is like a pattern
    that begins with `!` is left out."""
    every = list(patterns)
    wanted = _like((one for one in every if not one.startswith("!")), flags)
    spared = _like((one[1:] for one in every if one.startswith("!")), flags)
    if spared is None:
        return wanted or (lambda _text: True)
    return lambda text: not spared(text) and (wanted is None or wanted(text))


def _like(patterns: Iterable[str], flags: int) -> Callable[[str], Any] | None:
    expression = "|".join(fnmatch.translate(pattern) for pattern in patterns)
    return re.compile(expression, flags).match if expression else None
