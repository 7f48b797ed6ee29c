"""How many jobs are queued, and how long the oldest has waited."""

from __future__ import annotations

import datetime
import json
import math
import time
from collections.abc import Iterator, Sequence
from typing import Any

from harness.clock import Clock
from harness.events import ProbeQueue
from harness.history import Event, History
from harness.kept import KeptShell, Startable, code_and_text
from harness.printable import shortened
from harness.probes._base import Observed, Sampled, first_of
from harness.probes.replica import ProbeReply, Replica, ask
from harness.servers import QueueAnswer, ServerAdapter, fetching, queue_of
from harness.stack import QueueProbe
from harness.waiting import poll

CLOCKS_DIFFER = 60.0  # s by which the clocks of a replica and of this machine may differ
Seen = tuple[float | None, float | None, str | None]
"""Depth, age of the oldest in seconds, error."""


def once(environment: Observed, history: History) -> None:
    """Ask where the stack declares a queue."""
    if (declared := queue_of(environment.stack.harness)) is not None:
        probe(history, environment[declared.service][0], declared)


def every_second(environment: Sampled, history: History) -> Iterator[Queue]:
    """The queue, where the stack declares one."""
    if (declared := queue_of(environment.stack.harness)) is not None:
        yield Queue(history, first_of(environment, declared.service), environment.id, declared)


def probe(history: History, replica: Replica, declared: ServerAdapter | QueueProbe) -> Event[ProbeQueue]:
    """Ask once, and record `probe.queue`.

    Args:
        history: where the answer goes.
        replica: where it is asked.
        declared: how.
    """
    return _record(history, read(declared, ask(replica, question(declared)), history.clock.now()))


def drain(
    history: History,
    clock: Clock,
    replica: Replica,
    declared: ServerAdapter | QueueProbe,
    *,
    level: float,
    within: float,
) -> bool:
    """Watch the queue until it holds at most `level` jobs, or `within` seconds are over; record what changes.

    A look that got no answer is recorded, and the watch goes on. Returns whether it drained.
    """

    def drained(seen: Seen) -> bool:
        return seen[0] is not None and seen[0] <= level

    last = poll(
        lambda: read(declared, ask(replica, question(declared)), clock.now()),
        drained,
        within=within,
        every=0.25,
        clock=clock,
        record=lambda seen: _record(history, seen),
    )
    return drained(last)


def question(declared: ServerAdapter | QueueProbe) -> Sequence[str]:
    """The command that asks once."""
    if isinstance(declared, ServerAdapter):
        return declared.once(*declared.queue_questions())
    return declared.command if declared.command is not None else fetching(declared.http or "", 2)


def read(declared: ServerAdapter | QueueProbe, asked: ProbeReply, now: float) -> Seen:
    """What an answer says. `now` is Unix time."""
    if asked.text is None:
        return None, None, asked.error
    if isinstance(declared, ServerAdapter):
        queued, holds = declared.read_queue(asked.text), declared.queued.holds if declared.queued else "time"
    else:
        queued, holds = _told(declared, asked.text), declared.holds
    depth = _number(queued.depth)
    if depth is None:
        return None, None, queued.error or shortened(f"the answer is not a number: {queued.depth}")
    if queued.error is not None or not queued.known:
        return depth, None, queued.error
    return (depth, 0.0, None) if queued.oldest is None else _aged(holds, depth, queued.oldest, now)


def _told(declared: QueueProbe, text: str) -> QueueAnswer:
    """What a command or a page says: a number, or an object in JSON."""
    if declared.depth is None:
        return QueueAnswer(text, known=False)
    try:
        answer = json.loads(text)
        depth = answer[declared.depth]
    except (ValueError, TypeError, KeyError, RecursionError):
        return QueueAnswer(None, error=shortened(f"no field {declared.depth!r} in the answer: {text}"))
    if _number(depth) is None:
        return QueueAnswer(None, error=shortened(f"the field {declared.depth!r} is not a number: {text}"))
    if declared.oldest is None:
        return QueueAnswer(depth, known=False)
    if declared.oldest not in answer:
        return QueueAnswer(depth, error=shortened(f"no field {declared.oldest!r} in the answer: {text}"))
    return QueueAnswer(depth, answer[declared.oldest])


def _aged(holds: str, depth: float, told: Any, now: float) -> Seen:
    """A job that is a little younger than nothing shows the difference of two clocks. One from the far future has a
    time in another unit, or from a clock that is wrong: how long it waits is not known, and no pass rests on it.
    """
    value = _number(told)
    if value is None and holds == "time":
        value = _moment(str(told))
    if value is None:
        return depth, None, shortened(f"neither a time nor an age: {told}")
    if holds != "time":
        return depth, value, None
    if value - now > CLOCKS_DIFFER:
        said = f"the oldest job's time, {told}, lies {value - now:.3g} s in the future: another unit, or a wrong clock"
        return depth, None, shortened(said)
    return depth, round(max(0.0, now - value), 3), None


def _moment(text: str) -> float | None:
    try:
        found = datetime.datetime.fromisoformat(text)
    except ValueError:
        return None
    return (found if found.tzinfo else found.replace(tzinfo=datetime.UTC)).timestamp()


def _number(told: Any) -> float | None:
    if isinstance(told, bool):
        return None
    try:
        number = float(told)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if math.isfinite(number) and number >= 0 else None


def _record(history: History, seen: Seen, environment: str | None = None) -> Event[ProbeQueue]:
    return history.record(ProbeQueue(*seen), environment=environment)


class Queue:
    """Asks once a second over a client that is kept open; records a `probe.queue` at every look."""

    def __init__(
        self, history: History, replica: Startable, environment: str, declared: ServerAdapter | QueueProbe
    ) -> None:
        self._history, self._environment, self.name, self._declared = history, environment, replica.name, declared
        self._client = declared.connect(replica) if isinstance(declared, ServerAdapter) else KeptShell(replica)

    def begin(self, tick: int) -> None:  # noqa: ARG002
        """Send the question."""
        if isinstance(self._client, KeptShell):
            self._client.command(question(self._declared))
        elif isinstance(self._declared, ServerAdapter):
            self._client.ask(*self._declared.queue_questions())

    def finish(self, until: float) -> Event[ProbeQueue]:
        """Take the answer and record it."""
        heard = self._client.answer(until)
        if isinstance(self._client, KeptShell):
            heard = code_and_text(heard)
        asked = ProbeReply(heard.text.strip() if heard.text is not None else None, heard.error)
        return _record(self._history, read(self._declared, asked, time.time()), environment=self._environment)

    def close(self) -> None:
        """End what was kept running."""
        self._client.close()
