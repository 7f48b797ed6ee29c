"""Several logs at once."""

from __future__ import annotations

from collections.abc import Sequence

from harness.clock import Clock
from harness.history import Event
from harness.probes.logs.follower import LogFollower
from harness.waiting import poll


def watch(
    followers: Sequence[LogFollower], seconds: float, clock: Clock, *, every: float = 0.25, until_advanced: bool = False
) -> tuple[Event, ...]:
    """Follow several logs for a time, and report each.

    Args:
        followers: marked before.
        seconds: how long.
        clock: what waits.
        every: seconds between two looks at each.
        until_advanced: stop as soon as every log has a new record.
    """

    def look_at_all() -> bool:
        for follower in followers:
            follower.poll()
        return until_advanced and all(follower.records for follower in followers)

    poll(look_at_all, within=seconds, every=every, clock=clock)
    return tuple(follower.report() for follower in followers)
