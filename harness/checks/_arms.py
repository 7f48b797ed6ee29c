"""The two phases and the two arms of a comparison, found in a history."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.checks._windows import span
from harness.checks._witness import WitnessedStalls
from harness.events import WorkloadStart, WorkloadWindow
from harness.history import Event, of
from harness.samples import Samples, Stream

if TYPE_CHECKING:
    from harness.checks._blocks import ArmRequests

Span = tuple[float, float]  # from, to before, in seconds on the history's axis


@dataclass(frozen=True)
class Arms:
    """What was measured.

    Attributes:
        before, after: the stretches of time that are compared.
        subject: the requests of the environment in question.
        control: those of the untouched one beside it; None where there was none in both stretches.
        rate, control_rate: requests per second that were meant to be sent; 0 where it is not known.
        windows: the `workload` events of both phases.
        problems: why samples are missing, in words.
        stall: what explains that the second stretch is slow, in words; empty where nothing does.
    """

    before: Span
    after: Span
    subject: ArmRequests
    control: ArmRequests | None
    rate: float
    control_rate: float
    windows: tuple[Event[WorkloadWindow], ...]
    problems: tuple[str, ...]
    stall: str = ""


def find(
    events: tuple[Event, ...], samples: Samples, baseline: str, phase: str, since: float, lasting: float | None
) -> Arms | str:
    """Find both phases; a text where one was not measured.

    Args:
        since: seconds from the beginning of the phase to that of the stretch that is compared.
        lasting: seconds of that stretch; None to the phase's end.
    """
    from harness.checks._blocks import ArmRequests

    starts = {event.id: event for event in of(events, WorkloadStart)}
    spans: list[Span] = []
    windows: list[Event[WorkloadWindow]] = []
    for name in (baseline, phase):
        found = [event for event in of(events, WorkloadWindow, name) if event.body.start in starts]
        if not found:
            return f"the workload was not measured in the phase {name}"
        edges = [span(events, event) for event in found]
        spans.append((min(start for start, _ in edges), max(end for _, end in edges)))
        windows += found
    used = {event.body.start for event in windows if event.body.start is not None}
    control = samples_of_control(samples, starts)
    end = spans[1][1] if lasting is None else min(spans[1][1], spans[1][0] + since + lasting)
    timeouts = {number: start.body.timeout or 0.0 for number, start in starts.items()}
    streams = [stream for stream in samples.streams if stream.start in used]
    beside = ArmRequests.of(control, timeouts)
    both = all(len(beside.between(*span).due) for span in spans)
    return Arms(
        before=spans[0],
        after=(spans[1][0] + since, end),
        subject=ArmRequests.of(streams, timeouts),
        control=beside if both else None,
        rate=max(starts[number].body.rate or 0.0 for number in used),
        control_rate=max((starts[stream.start].body.rate or 0.0 for stream in control), default=0.0),
        windows=tuple(windows),
        problems=tuple(stream.problem for stream in (*streams, *control) if stream.problem),
        stall=WitnessedStalls(events).explains(spans[1][0] + since, end),
    )


def samples_of_control(samples: Samples, starts: Iterable[int]) -> tuple[Stream, ...]:
    """The streams of the control that this history knows."""
    return tuple(stream for stream in samples.streams if stream.arm == "control" and stream.start in starts)
