"""Whose failures they were: the kind of request, the outcome, who answered, from when to when, between which steps."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from harness.checks._workload import alike
from harness.events import DeployerEnd, DeployerLine, DeployerStart, FailedRequests, StepEnd, StepStart, WorkloadWindow
from harness.history import Event, of
from harness.printable import shortened

MAX_GROUPS = 3  # groups of failures that are spelt out
CONTROL = "control"


def lines(events: Sequence[Event], evidence: Iterable[int]) -> tuple[str, ...]:
    """A line for each group of failed requests in the windows among the evidence, the largest first."""
    ids = set(evidence)
    windows = [event for event in of(events, WorkloadWindow) if event.id in ids and event.arm != CONTROL]
    groups = sorted(((one, event) for event in windows for one in event.body.failures), key=lambda it: -it[0].count)
    total = sum(event.body.failed + event.body.shed for event in windows)
    made = [_line(events, one, event, total) for one, event in groups[:MAX_GROUPS]]
    rest = sum(one.count for one, _ in groups[MAX_GROUPS:])
    return tuple(made + [f"{rest} more failures in {len(groups) - MAX_GROUPS} more groups"] * bool(rest))


def _line(events: Sequence[Event], group: FailedRequests, window: Event[WorkloadWindow], total: int) -> str:
    offset = window.time - window.since_start  # from Unix time to the history's axis
    before, after = _steps(events, group.first - offset, group.last - offset)
    when = (
        f"due {_clock(group.first)}" if group.count == 1 else f"first {_clock(group.first)}, last {_clock(group.last)}"
    )
    between = f", after {before}" * bool(before) + f", before {after}" * bool(after)
    examples = f"; e.g. {'; '.join(group.examples)}" if group.examples else ""
    return f"{group.count} of {total} failures: {alike(group)}; {when}{between}{examples}"


def _clock(at: float) -> str:
    try:
        return datetime.fromtimestamp(at, UTC).strftime("%H:%M:%S.%f")[:-3] + " UTC"
    except (OverflowError, ValueError, OSError):
        return "at an unknown time"


def _steps(events: Sequence[Event], first: float, last: float) -> tuple[str, str]:
    """What was said last before the first failure, and first after the last one."""
    said = [(event.since_start, words) for event in events if (words := _words(event))]
    before = [words for at, words in said if at <= first]
    after = [words for at, words in said if at >= last]
    return before[-1] if before else "", after[0] if after else ""


def _words(event: Event) -> str:
    """A step of the run, or of the deployer, in words; empty for what is none."""
    match event.body:
        case StepStart() as body:
            return f"\u201c{shortened(body.title or body.name)}\u201d begins"
        case StepEnd() as body:
            return f"\u201c{shortened(body.name)}\u201d ends"
        case DeployerStart() as body:
            return f"the {body.verb} begins"
        case DeployerLine() as body if body.text.strip():
            return f"the deployer says \u201c{shortened(body.text)}\u201d"
        case DeployerEnd() as body:
            return f"the {body.verb} ends"
    return ""
