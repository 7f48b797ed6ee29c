"""When the windows of a load were."""

from __future__ import annotations

from collections.abc import Sequence

from harness.events import WorkloadStart, WorkloadWindow
from harness.history import Event, of


def span(events: Sequence[Event], window: Event[WorkloadWindow]) -> tuple[float, float]:
    """From when to when a `workload` window lasted, on the history's axis in seconds."""
    number, seconds = window.body.start, window.body.seconds
    start = next((event for event in of(events, WorkloadStart) if event.id == number), None)
    began = window.body.began
    if start is None or began is None:  # in an older history; the event is recorded at the window's end
        return window.since_start - seconds, window.since_start
    begin = start.body.at + began - start.body.began
    return begin, begin + seconds
