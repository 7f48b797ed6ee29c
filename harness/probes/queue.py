"""How many jobs are queued, and how long the oldest has waited."""

from __future__ import annotations

import datetime
import json
import math
import time
from collections.abc import Sequence
from typing import Any

from harness.clock import Clock
from harness.history import Event, History
from harness.probes import redis
from harness.probes.kept import Heard, KeptShell, Startable, code_and_text
from harness.probes.postgres import Client as PostgresClient
from harness.probes.replica import Asked, Replica, ask, fetching, shortened
from harness.probes.waiting import wait_until
from harness.stack import QueueProbe

Seen = tuple[float | None, float | None, str | None]
"""Depth, age of the oldest in seconds, error."""


def probe(history: History, replica: Replica, declared: QueueProbe) -> Event:
    """Ask once, and record `probe.queue`.

    Args:
        history: where the answer goes.
        replica: where it is asked.
        declared: how.
    """
    return _record(history, read(declared, ask(replica, once(declared)), history.clock.now()))


def drain(
    history: History, clock: Clock, replica: Replica, declared: QueueProbe, *, level: float, within: float
) -> bool:
    """Watch the queue until it holds at most `level` jobs, or `within` seconds are over; record what changes.

    A look that got no answer is recorded, and the watch goes on. Returns whether it drained.
    """
    drained, _ = wait_until(
        lambda: read(declared, ask(replica, once(declared)), clock.now()),
        lambda seen: seen[0] is not None and seen[0] <= level,
        within,
        clock,
        every=0.25,
        record=lambda seen: _record(history, seen),
    )
    return drained


def once(declared: QueueProbe) -> Sequence[str]:
    """The command that asks once."""
    if declared.command is not None:
        return declared.command
    if declared.redis is not None:
        wanted = [declared.redis.depth, *([declared.redis.oldest] if declared.redis.oldest else [])]
        return ["sh", "-c", " && ".join(redis.shell_line(declared.redis.database, one) for one in wanted)]
    if declared.postgres is not None:
        queue = declared.postgres
        asked = ["-c", queue.depth, *(["-c", queue.oldest] if queue.oldest else [])]
        return ["psql", "-X", "-w", "-q", "-A", "-t", "-U", queue.user, "-d", queue.database, *asked]
    return fetching(declared.http or "", 2)


def read(declared: QueueProbe, asked: Asked, now: float) -> Seen:
    """What an answer says. `now` is Unix time."""
    if asked.text is None:
        return None, None, asked.error
    if declared.depth is not None:
        return _fields(declared, asked.text, now)
    first, _, rest = asked.text.partition("\n")
    depth = _number(first)
    if depth is None:
        return None, None, shortened(f"the answer is not a number: {asked.text}")
    tells = declared.redis.oldest if declared.redis else declared.postgres.oldest if declared.postgres else None
    if tells is None:
        return (depth, None, None) if not rest else (None, None, shortened(f"the answer is not a number: {asked.text}"))
    told: Any = rest.strip()
    if not told:
        return depth, 0.0, None  # nothing waits, or did not a moment later
    if declared.redis is not None and declared.redis.field is not None:
        try:
            told = json.loads(told)[declared.redis.field]
        except (ValueError, TypeError, KeyError, RecursionError):
            return depth, None, shortened(f"no field {declared.redis.field!r} in the oldest job: {told}")
    return _aged(declared, depth, told, now)


def _fields(declared: QueueProbe, text: str, now: float) -> Seen:
    try:
        answer = json.loads(text)
        depth = _number(answer[declared.depth])
    except (ValueError, TypeError, KeyError, RecursionError):
        return None, None, shortened(f"no field {declared.depth!r} in the answer: {text}")
    if depth is None:
        return None, None, shortened(f"the field {declared.depth!r} is not a number: {text}")
    if declared.oldest is None:
        return depth, None, None
    if declared.oldest not in answer:
        return depth, None, shortened(f"no field {declared.oldest!r} in the answer: {text}")
    told = answer[declared.oldest]
    return (depth, 0.0, None) if told is None else _aged(declared, depth, told, now)


def _aged(declared: QueueProbe, depth: float, told: Any, now: float) -> Seen:
    """A negative age is the difference of two clocks, and 0."""
    value = _number(told)
    if value is None and declared.holds == "time":
        value = _moment(str(told))
    if value is None:
        return depth, None, shortened(f"neither a time nor an age: {told}")
    return depth, round(max(0.0, now - value), 3) if declared.holds == "time" else value, None


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


def _record(history: History, seen: Seen, **data: Any) -> Event:
    depth, age, error = seen
    return history.record("probe.queue", **data, depth=depth, age=age, error=error)


class Queue:
    """Asks once a second over a client that is kept open; records a `probe.queue` at every look."""

    def __init__(self, history: History, replica: Startable, environment: str, declared: QueueProbe) -> None:
        self._history, self._environment, self.name, self._declared = history, environment, replica.name, declared
        self._redis = redis.Client(replica, declared.redis.database) if declared.redis else None
        sql = declared.postgres
        self._postgres = PostgresClient(replica, sql.user, sql.database) if sql else None
        self._shell = None if declared.redis or sql else KeptShell(replica)

    def begin(self, tick: int) -> None:  # noqa: ARG002
        """Send the question."""
        if self._redis is not None and self._declared.redis is not None:
            self._redis.ask(*[one for one in (self._declared.redis.depth, self._declared.redis.oldest) if one])
        elif self._postgres is not None and self._declared.postgres is not None:
            self._postgres.ask(*[one for one in (self._declared.postgres.depth, self._declared.postgres.oldest) if one])
        elif self._shell is not None:
            self._shell.command(once(self._declared))

    def finish(self, until: float) -> Event:
        """Take the answer and record it."""
        client = self._redis or self._postgres
        heard = client.answer(until) if client else Heard(None)
        if self._shell is not None:
            heard = code_and_text(self._shell.answer(until))
        asked = Asked(heard.text.strip() if heard.text is not None else None, heard.error)
        return _record(self._history, read(self._declared, asked, time.time()), environment=self._environment)

    def close(self) -> None:
        """End what was kept running."""
        for one in (self._redis, self._postgres, self._shell):
            if one is not None:
                one.close()
