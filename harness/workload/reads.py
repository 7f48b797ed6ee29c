"""Reads: what was acknowledged is asked for again, beside the load, and what comes back is compared.

What must come back follows from the request that wrote: its id, its key and what follows from that. So nothing of what
was written has to be kept, and no answer is believed because an earlier one said the same.

A read that finds something else has found something wrong at once, unless the work may be done later (`within`). One
that gets no answer, or says that the server failed, is asked again for a second: what moves while a release changes is
not lost. All reads of one pass over everything are asked once; who asked for the pass may ask again.
"""

from __future__ import annotations

import asyncio
import random
from array import array
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import quote

from harness.events.workload import ANYTHING
from harness.printable import shortened
from harness.workload import answers
from harness.workload.exchange import Exchange
from harness.workload.spec import Read, Request, Spec, value_of

GOOD, WRONG, UNANSWERED = "good", "wrong", "unanswered"
PATIENCE = 1.0  # s for which what is not answered is asked again
PAUSE, LONGEST_PAUSE = 0.1, 1.0  # s before it is asked again: twice as long each time
SETTLES = 0.5  # s at most that the newest is given before it is asked for, where it may be done later
AT_ONCE = 8  # reads of a pass that are under way together
PASS = 5.0  # s in which a pass begins reads
UNDER_WAY = 32  # reads beside the load that are under way together; more are skipped
PASSING = frozenset({408, 425, 429})  # statuses below 500 that say nothing about what was asked for
LONGEST = 80  # characters of an answer that are told


@dataclass(slots=True)
class _Asking:
    """A read under way.

    Attributes:
        number: which of what was written, in the order of the answers.
        asked: when first, in seconds since the workload began.
        of_pass: 0 for those beside the load.
    """

    number: int
    asked: float
    of_pass: int = 0
    attempts: int = 0


class Reads:
    """Asks for what was written. Needs a running loop.

    Args:
        send: begins an exchange.
        now: seconds since the workload began.
    """

    def __init__(self, spec: Spec, send: Callable[[Exchange], None], now: Callable[[], float]) -> None:
        self.spec, self._send, self._now = spec, send, now
        self._loop = asyncio.get_running_loop()
        self._requests = [None if one.read is None else _as_request(one.read) for one in spec.requests]
        self._n, self._id, self._index, self._at = array("L"), array("q"), array("H"), array("d")
        self._named: dict[int, str] = {}  # what identifies the work, where the answer said it
        self._random = random.Random(f"{spec.seed} reads")  # noqa: S311 - apart from that of the load
        self._due = 0.0
        self._newest = False
        self._under_way = self._skipped = self._pass = 0
        self._found: list[dict[str, Any]] = []
        self._waiting: deque[int] = deque()
        self._going = self._of = 0  # of a pass: reads under way, and how much had been written
        self._until, self._over = 0.0, True
        self._bad: dict[int, None] = {}  # in order: what a pass asked for, and did not find when it was asked last
        self._passed: list[tuple[int, int]] = []

    def written(self, exchange: Exchange, what: str | None) -> None:
        """A good answer acknowledged something: sometimes it is read, sometimes something older."""
        if self._requests[exchange.index] is None:
            return
        number = len(self._n)
        for column, value in zip(
            (self._n, self._id, self._index, self._at),
            (exchange.n, exchange.id, exchange.index, self._now()),
            strict=True,
        ):
            column.append(value)  # type: ignore[attr-defined]
        if what is not None and what != exchange.key:
            self._named[number] = what
        self._due += self.spec.reads
        if self._due < 1.0:
            return
        self._due -= 1.0
        self._newest = not self._newest
        if self._under_way >= UNDER_WAY:
            self._skipped += 1
            return
        self._under_way += 1
        if not self._newest:
            self._ask(_Asking(self._random.randrange(number + 1), self._now()))
            return
        settles = min(self._read(number).within, SETTLES)
        self._loop.call_later(settles, lambda: self._ask(_Asking(number, self._now())))

    def everything(self, number: int, most: int) -> None:
        """Ask once for everything that was written, or for so many, evenly spread; `taken` says when that is done. What
        was not asked for when the time of a pass is over is left out; the order is random, so that the rest is spread.
        """
        count = self._of = len(self._n)
        step = max(1.0, count / max(1, most))
        which = sorted({int(one * step) for one in range(min(count, most))})
        self._random.shuffle(which)
        self._bad = {}
        self._begin(number, which)

    def again(self, number: int) -> None:
        """Ask once more for what was not found as it was written."""
        self._begin(number, self._bad)

    def taken(self) -> dict[str, Any]:
        """What is to be reported since the last time."""
        found, self._found = self._found, []
        passed, self._passed = self._passed, []
        skipped, self._skipped = self._skipped, 0
        return {"found": found, "passed": passed, "skipped": skipped}

    def _begin(self, number: int, which: Iterable[int]) -> None:
        self._pass, self._waiting, self._until = number, deque(which), self._now() + PASS
        self._going, self._over = 0, False
        for _ in range(AT_ONCE):
            self._next()

    def _next(self) -> None:
        """Begin the next read of the pass; where there is none any more, the pass is over with the last one's end."""
        if self._waiting and self._now() < self._until:
            self._going += 1
            self._ask(_Asking(self._waiting.popleft(), self._now(), self._pass))
        elif not self._going and not self._over:
            self._over = True
            self._passed.append((self._pass, self._of))

    def _ask(self, asking: _Asking) -> None:
        number, index = asking.number, self._index[asking.number]
        request = self._requests[index]
        if request is None:
            return
        key = f"{self.spec.key}-{self._n[number]}"
        index += len(self.spec.requests)  # its head is not that of the request which wrote
        exchange = Exchange(self._n[number], request, index, self._id[number], key, partial(self._ended, asking))
        exchange.value, exchange.whole = value_of(self.spec.seed, key), True
        exchange.acknowledged = quote(self._named.get(number, key), safe="")
        asking.attempts += 1
        self._send(exchange)

    def _ended(self, asking: _Asking, exchange: Exchange) -> None:
        read, number, now = self._read(asking.number), asking.number, self._now()
        verdict, expected, got = compared(read, exchange, self._named.get(number, exchange.key))
        if verdict != GOOD and not asking.of_pass:
            until = self._at[number] + read.within if verdict == WRONG else asking.asked + PATIENCE
            pause = min(PAUSE * 2 ** (asking.attempts - 1), LONGEST_PAUSE)
            if now + pause <= until:
                self._loop.call_later(pause, self._ask, asking)
                return
        self._record(asking, exchange, verdict, expected, got, now)
        if not asking.of_pass:
            self._under_way -= 1
        elif asking.of_pass == self._pass:
            self._going -= 1
            self._bad.pop(number, None)
            if verdict != GOOD:
                self._bad[number] = None
            self._next()

    def _record(self, asking: _Asking, exchange: Exchange, verdict: str, expected: str, got: str, now: float) -> None:
        said: dict[str, Any] = {
            "verdict": verdict,
            "n": exchange.n,
            "request": exchange.index - len(self.spec.requests),
            "written": round(self._at[asking.number], 6),
            "asked": round(asking.asked, 6),
            "ended": round(now, 6),
            "attempts": asking.attempts,
            "pass": asking.of_pass,
        }
        if verdict != GOOD:
            server = exchange.server.decode("latin-1")
            said |= {"outcome": exchange.outcome, "server": server, "expected": expected, "got": got}
        self._found.append(said)

    def _read(self, number: int) -> Read:
        read = self.spec.requests[self._index[number]].read
        return Read() if read is None else read


def compared(read: Read, exchange: Exchange, what: str) -> tuple[str, str, str]:
    """What an answer is, with what was expected and what came where it is not what was written.

    Args:
        what: what identifies the work that is asked for.
    """
    outcome = exchange.outcome
    if outcome < 100 or outcome >= 500 or outcome in PASSING:
        return UNANSWERED, "", ""
    if outcome not in read.expected:
        return WRONG, ANYTHING, f"status {outcome}"

    def filled(text: str) -> str:
        return exchange.filled(text.replace("{acknowledged}", what))

    if read.text and (wanted := filled(read.text)).encode() not in exchange.body:
        return WRONG, wanted, _told(exchange.body.decode("utf-8", "replace"))
    document = answers.parsed(exchange.body) if read.json else answers.NOTHING
    for path, value in read.json.items():
        found, wanted = answers.at(document, path), value
        if isinstance(value, str) and "{" in value:
            wanted = filled(value)
            good = isinstance(found, str | int) and not isinstance(found, bool) and str(found) == wanted
        else:
            good = answers.fits(found, value)
        if not good:
            got = "nothing" if found is answers.NOTHING else _told(found)
            return WRONG, f"{path}: {_told(wanted)}", f"{path}: {got}"
    return GOOD, "", ""


def _told(value: Any) -> str:
    return shortened(str(value)[:LONGEST])


def _as_request(read: Read) -> Request:
    return Request("read", method=read.method, path=read.path, headers=read.headers, expected=read.expected)
