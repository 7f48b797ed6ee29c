"""The generator, a process of its own: `python -m harness.workload.generator`.

The first line on stdin is the spec. On stdout it says when it began, then every tenth of a second what ended, in
messages of `harness.workload.messages` whose bytes are records of `harness.samples`:
`{"began": MONOTONIC, "wall": UNIX}`, `{"due": N, "names": {NUMBER: NAME}, "promised": [[n, WHAT], ...]}`, with "reads"
where some request has one, at last `{"end": REASON}`. The line `stop N` on stdin ends it when the requests below N have
ended; `everything NUMBER MOST` and `again NUMBER` ask it to read (`harness.workload.reads`); the end of stdin, which is
the end of its parent, ends it at once.

The loop is open: what is due is sent when it is due, whatever happened to those before it, and its latency counts from
then. A system that stalls for a second shows a second, and a generator that is late shows its own lateness.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import itertools
import os
import random
import sys
import time
from collections import deque
from typing import Any

import numpy as np

from harness.errors import HarnessError
from harness.samples import CANARY, FINAL, OK, SHED
from harness.samples.records import SAMPLE
from harness.workload import answers, messages
from harness.workload.calls import Calls
from harness.workload.exchange import ANSWERED, KEPT_CLOSED, TIMEOUT, UNEXPECTED, Exchange, Sender
from harness.workload.http import Http
from harness.workload.marks import Form, Marks
from harness.workload.reads import Reads
from harness.workload.spec import Request, Spec, value_of
from harness.workload.tcp import Tcp
from harness.workload.timer import Timer

BEAT = 0.1  # seconds between two reports
# A machine that has slept takes some tenths of a millisecond to wake up and to have the program at hand again. So where
# the next request is far away, the timer wakes it that much earlier, and it waits for the moment itself.
EARLY, FAR = 0.0005, 0.005  # s
AT_ONCE = 32  # requests that are sent before answers are let in between, where it is far behind


class Generator:
    """Sends the requests of a spec on schedule, and reports what became of them. Needs a running loop."""

    def __init__(self, spec: Spec) -> None:
        self.spec = spec
        self.times = spec.schedule.times(spec.limit, spec.seed)
        self.count = len(self.times)
        self.due = self.under_way = 0
        self.records: list[tuple[Any, ...]] = []
        self.names: dict[int, tuple[str, str, Form]] = {}
        self.promised: list[tuple[int, str]] = []
        self.finished = asyncio.Event()
        self.reason = "limit"
        self._loop = asyncio.get_running_loop()
        self._senders: dict[str, Sender] = {}
        reads = any(one.read for one in spec.requests)
        self.reads = Reads(spec, self._hand_over, lambda: time.monotonic() - self._began) if reads else None
        for kind, sender in (("http", Http), ("tcp", Tcp), ("call", Calls)):
            if any(one.kind == kind for one in spec.requests) or (reads and kind == "http"):
                made: Any = sender
                self._senders[kind] = made(spec)
        self._random = random.Random(spec.seed)  # noqa: S311
        self._weights = [one.weight for one in spec.requests]
        self._expected = [frozenset(one.expected) for one in spec.requests]
        self._waiting: deque[Exchange] = deque()  # in the order of their deadlines
        self._servers: dict[tuple[bytes, str, Form], int] = {(b"", "", None): 0}
        self._marks = Marks(spec)
        self._began = self._reported = 0.0
        self._timer = Timer(self._loop, self._send_due)

    async def run(self) -> None:
        """Until the limit, or until it is stopped."""
        self._began = time.monotonic()
        _say({"began": self._began, "wall": time.time()})
        beat = asyncio.create_task(self._beat())
        self._timer.at(self._began + (float(self.times[0]) if self.count else 0.0))
        await self.finished.wait()
        beat.cancel()
        self._timer.close()
        self._report()
        for sender in self._senders.values():
            sender.close()
        _say({"end": self.reason})

    def stop(self, count: int) -> None:
        """Send no more than the requests below `count`."""
        self.count, self.reason = min(self.count, max(count, self.due)), "stopped"
        self._timer.at(time.monotonic())

    # -- sending -----------------------------------------------------------------------------------------------------

    def _send_due(self) -> None:
        """Send what is due by now, and set the timer for the next."""
        sent = 0
        while self.due < self.count:
            moment = self._began + float(self.times[self.due])
            left = moment - time.monotonic()
            if 0.0 < left <= EARLY and not sent:
                while time.monotonic() < moment:  # woken early on purpose: see EARLY
                    pass
            elif left > 0.0 or sent >= AT_ONCE:
                self._timer.at(moment - EARLY if left > FAR else moment)
                # What else is to be done is done now: the next request is as far away as it will ever be.
                self._loop.call_soon(self._tidy)
                return
            self.due += 1
            self._send(self.due - 1)
            sent += 1
        self._perhaps_finished()

    def _send(self, n: int) -> None:
        index = self._random.choices(range(len(self._weights)), self._weights)[0] if len(self._weights) > 1 else 0
        number = self._random.randint(*self.spec.ids)
        exchange = Exchange(n, self.spec.requests[index], index, number, f"{self.spec.key}-{n}", self._ended)
        exchange.canary, exchange.value = self._is_canary(n), value_of(self.spec.seed, exchange.key)
        if self.under_way >= self.spec.in_flight:
            exchange.sent = time.monotonic() - self._began - float(self.times[n])
            self._record(exchange, SHED, FINAL)
            return
        self.under_way += 1
        self._attempt(exchange)

    def _is_canary(self, n: int) -> bool:
        """The first request of each stretch of that length is one."""
        every = self.spec.canary
        return every > 0 and (n == 0 or bool(self.times[n] // every > self.times[n - 1] // every))

    def _attempt(self, exchange: Exchange) -> None:
        exchange.sent = time.monotonic() - self._began - float(self.times[exchange.n])
        self._hand_over(exchange)

    def _hand_over(self, exchange: Exchange) -> None:
        exchange.deadline = time.monotonic() + self.spec.timeout
        self._waiting.append(exchange)
        self._senders[exchange.request.kind].send(exchange)

    # -- what became of it -------------------------------------------------------------------------------------------

    def _ended(self, exchange: Exchange) -> None:
        outcome, good = self._judged(exchange)
        if outcome == KEPT_CLOSED and exchange.request.may_repeat:
            # As every client does: nothing of an answer came, and sending it twice does no harm.
            self._record(exchange, outcome, 0)
            self._again(exchange, fresh=True)
            return
        retry, tries = self.spec.retry, exchange.attempt - exchange.repeats
        again = not good and tries < retry.attempts and (outcome < 100 or outcome in retry.statuses)
        self._record(exchange, outcome, (OK if good else 0) | (0 if again else FINAL))
        if again:
            wait = retry.backoff * 2 ** (tries - 1) * (1.0 + retry.jitter * self._random.random())
            self._loop.call_later(wait, self._again, exchange)
            return
        self.under_way -= 1
        self._perhaps_finished()

    def _again(self, before: Exchange, *, fresh: bool = False) -> None:
        exchange = Exchange(before.n, before.request, before.index, before.id, before.key, self._ended)
        exchange.attempt, exchange.canary, exchange.value = before.attempt + 1, before.canary, before.value
        exchange.fresh, exchange.repeats = fresh, before.repeats + fresh
        self._attempt(exchange)

    def _judged(self, exchange: Exchange) -> tuple[int, bool]:
        """The outcome, and whether the answer is as it should be."""
        outcome, request = exchange.outcome, exchange.request
        good = outcome in self._expected[exchange.index] if request.kind == "http" else outcome == ANSWERED
        if not good or not (request.json or request.acknowledged):
            if good and self.reads is not None:
                self.reads.written(exchange, None)
            return outcome, good
        document = answers.NOTHING
        if request.json or request.acknowledged.startswith("json:"):
            document = answers.parsed(exchange.body)
            if not answers.as_it_should_be(document, request.json):
                return UNEXPECTED, False
        what = None
        if request.acknowledged:
            what = _promise(request, exchange, document)
            if what is None:
                return UNEXPECTED, False
            self.promised.append((exchange.n, what))
        if self.reads is not None:
            self.reads.written(exchange, what)
        return outcome, True

    def _record(self, exchange: Exchange, outcome: int, flags: int) -> None:
        n = exchange.n
        intended = float(self.times[n])
        latency = time.monotonic() - self._began - intended
        who = (exchange.server, *self._marks.of(n, exchange.marked, exchange.body if flags & OK else b""))
        number = self._servers.get(who)
        if number is None:
            number = self._name(who)
        flags |= CANARY if exchange.canary else 0
        attempt = min(exchange.attempt, 255)
        self.records.append(
            (intended, exchange.id, n, exchange.sent, latency, outcome, number, exchange.index, attempt, flags)
        )

    def _name(self, who: tuple[bytes, str, Form]) -> int:
        if len(self._servers) >= 1000:
            return 0
        number = self._servers[who] = len(self._servers)
        self.names[number] = (who[0].decode("latin-1"), who[1], who[2])
        return number

    def _perhaps_finished(self) -> None:
        if self.due >= self.count and not self.under_way:
            self.finished.set()

    # -- beside it ---------------------------------------------------------------------------------------------------

    async def _beat(self) -> None:
        """For the times in which no request is due."""
        while True:
            self._tidy(2 * BEAT)
            await asyncio.sleep(BEAT)

    def _tidy(self, after: float = BEAT) -> None:
        """End the attempts whose time is over; report, if the last report is so many seconds ago."""
        now = time.monotonic()
        while self._waiting and (self._waiting[0].done or self._waiting[0].deadline <= now):
            exchange = self._waiting.popleft()
            if not exchange.done:
                let_go = exchange.give_up
                exchange.end(TIMEOUT)
                if let_go is not None:
                    let_go()
        if now - self._reported >= after:
            self._report()

    def _report(self) -> None:
        self._reported = time.monotonic()
        records, self.records = self.records, []
        names, self.names = self.names, {}
        promised, self.promised = self.promised, []
        data = np.array(records, SAMPLE).tobytes() if records else b""
        reads = {} if self.reads is None else {"reads": self.reads.taken()}
        _say({"due": self.due, "names": names, "promised": promised, **reads}, data)


def _promise(request: Request, exchange: Exchange, document: Any) -> str | None:
    """What identifies the work that was promised; None where the answer does not say."""
    if not request.acknowledged.startswith("json:"):
        return exchange.filled(request.acknowledged)
    found = answers.at(document, request.acknowledged.removeprefix("json:"))
    return str(found) if isinstance(found, str | int) and not isinstance(found, bool) else None


_numbers = itertools.count()


def _say(line: dict[str, Any], more: bytes = b"") -> None:
    data = messages.framed(next(_numbers), line, more)
    while data:
        data = data[os.write(1, data) :]


async def _listen(generator: Generator) -> None:
    """End at once with the parent, and in good order when told to."""
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin.buffer)
    while line := await reader.readline():
        verb, *numbers = line.decode().split()
        if verb == "stop":
            generator.stop(*map(int, numbers))
        elif verb == "everything" and generator.reads is not None:
            generator.reads.everything(*map(int, numbers))
        elif verb == "again" and generator.reads is not None:
            generator.reads.again(*map(int, numbers))
    os._exit(0)


async def _main(spec: Spec) -> None:
    generator = Generator(spec)
    listening = asyncio.create_task(_listen(generator))
    gc.collect()
    gc.freeze()
    await generator.run()
    listening.cancel()


def _go_first() -> None:
    """Where it is allowed: a busy machine must not make the load late. Niceness counts within a control group, and what
    keeps the machine busy is containers in others; so the lowest real-time priority, and niceness where that is
    refused. It sleeps nearly all the time, and the kernel leaves the others a share even if it did not.
    """
    try:
        os.sched_setscheduler(0, os.SCHED_RR | os.SCHED_RESET_ON_FORK, os.sched_param(1))
    except OSError:
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, 0, -20)


def main() -> None:
    """Read the spec, and go."""
    _go_first()
    raw = b""
    while not raw.endswith(b"\n"):  # byte by byte, so that nothing behind it is buffered away
        byte = os.read(0, 1)
        if not byte:
            return
        raw += byte
    try:
        with contextlib.suppress(BrokenPipeError, KeyboardInterrupt):
            asyncio.run(_main(Spec.from_json(raw.decode())))
    except HarnessError as error:
        sys.exit(str(error))
    os._exit(0)  # a callable that blocks must not keep it


if __name__ == "__main__":
    main()
