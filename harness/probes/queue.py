"""How many jobs are queued."""

from __future__ import annotations

import math
from collections.abc import Sequence

from harness.clock import Clock
from harness.history import Event, History
from harness.probes.replica import Asked, Replica, ask, shortened
from harness.probes.waiting import wait_until


def probe(history: History, replica: Replica, command: Sequence[str]) -> Event:
    """Ask for the depth once, and record `probe.queue`.

    Args:
        history: where the answer goes.
        replica: where the command runs.
        command: exit code 0 and a number on stdout.
    """
    return _record(history, ask(replica, command))


def drain(
    history: History, clock: Clock, replica: Replica, command: Sequence[str], *, level: float, within: float
) -> bool:
    """Watch the queue until it holds at most `level` jobs, or `within` seconds are over; record what changes.

    A look that got no answer is recorded, and the watch goes on. Returns whether it drained.
    """
    drained, _ = wait_until(
        lambda: ask(replica, command),
        lambda asked: (depth := _depth(asked)) is not None and depth <= level,
        within,
        clock,
        every=0.25,
        record=lambda asked: _record(history, asked),
    )
    return drained


def _depth(asked: Asked) -> float | None:
    try:
        depth = float(asked.text or "")
    except ValueError:
        return None
    return depth if math.isfinite(depth) and depth >= 0 else None


def _record(history: History, asked: Asked) -> Event:
    depth = _depth(asked)
    error = asked.error
    if depth is None and error is None:
        error = shortened(f"the answer is not a number: {asked.text}")
    return history.record("probe.queue", depth=depth, error=error)
