"""The windows of the workload in a phase, as one measurement, and whether that measures anything."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.checks._evidence import Findings
from harness.events import FailedRequests, WorkloadWindow
from harness.history import Event, of
from harness.samples import Samples

if TYPE_CHECKING:
    from harness.checks._requests import TimedRequests

MIN_REQUESTS = 20  # fewer intended requests say nothing
REACHED = 0.95  # of what was intended must have been sent
CLOSED = 0.005  # the share of requests that may meet a kept connection which is closed: more is not chance
BLIND = 0.5  # s in a row for which the generator itself may send nothing


@dataclass(frozen=True, slots=True)
class WindowTotals:
    """What the workload saw in a phase: counts summed over its windows, times the worst of them, in seconds.

    Attributes:
        lateness: of the generator itself, p95; `blind`: the longest time in which it sent nothing that was due.
        closed: requests of which nobody knows what came of them: their kept connection was closed before any answer.
        repeated: requests that met such a connection, and were sent again.
        load: its requests, one by one; None where they were not saved.
    """

    events: tuple[Event[WorkloadWindow], ...]
    intended: int
    sent: int
    ok: int
    failed: int
    shed: int
    seconds: float
    p50: float | None
    p95: float | None
    p99: float | None
    lateness: float | None
    blind: float
    outage: float
    reasons: tuple[str, ...]
    closed: int = 0
    repeated: int = 0
    load: TimedRequests | None = None

    @property
    def bad(self) -> int:
        """Requests that were not answered as they should be; what was shed counts."""
        return self.failed + self.shed

    @property
    def tried(self) -> int:
        return self.sent + self.shed

    @property
    def share(self) -> float:
        """The share of failures, 0 to 1."""
        return self.bad / self.tried if self.tried else 0.0

    @property
    def kept(self) -> str:
        """What is to be said of kept connections that were closed; empty where none was."""
        said = f"{self.repeated} met a kept connection that was closed, and were sent again" if self.repeated else ""
        more = "a kept connection that was closed before any answer, and what came of them is not counted"
        more = f"{self.closed} met {more}" if self.closed else ""
        return "".join(f"; {one}" for one in (said, more) if one)

    @property
    def why(self) -> str:
        return f" ({', '.join(self.reasons)})" if self.reasons else ""


def window(events: Iterable[Event], phase: str, samples: Samples | None = None) -> WindowTotals | str | None:
    """All windows of a phase as one; None where there is none; a text where its samples are missing."""
    from harness.checks._requests import load

    events = tuple(events)
    found = of(events, WorkloadWindow, phase)
    if not found:
        return None
    requests = load(events, found, samples)
    if isinstance(requests, str):
        return requests

    def total(key: str) -> int:
        return sum(getattr(event.body, key) for event in found)

    def worst(*keys: str) -> float | None:
        """The largest, of each window the first that it has."""
        values = [next((one for key in keys if (one := getattr(event.body, key)) is not None), None) for event in found]
        return max((value for value in values if value is not None), default=None)

    reasons: dict[str, int] = {}
    for event in found:
        groups = [(alike(one), one.count) for one in event.body.failures]
        for text, count in groups or event.body.errors.items():
            reasons[text] = reasons.get(text, 0) + count
    return WindowTotals(
        found, total("intended"), total("sent"), total("ok"), total("failed"), total("shed"),
        sum(event.body.seconds for event in found),
        worst("p50"), worst("p95"), worst("p99"), worst("lateness_p95"),
        worst("blind", "lateness_p99") or 0.0, worst("longest_outage") or 0.0,
        tuple(f"{count} x {text}" for text, count in sorted(reasons.items(), key=lambda item: -item[1])[:3]),
        total("closed"), total("repeated"), requests,
    )  # fmt: skip


def alike(group: FailedRequests) -> str:
    """`resume with status 500 by backend-2`."""
    return f"{group.request} with {group.outcome}" + (f" by {group.server}" if group.server else "")


def measured(
    findings: Findings, events: Iterable[Event], phase: str, samples: Samples | None = None, blind: float = BLIND
) -> WindowTotals | None:
    """The window of a phase, if it says anything; else None, and the finding that it does not.

    Args:
        samples: of the workload; None where none are needed.
        blind: seconds for which the generator may have stood still. What happened meanwhile was not seen, so a
            window with more can fail and cannot pass.
    """
    found = window(events, phase, samples)
    if found is None:
        findings.missing(f"no workload was measured in the phase {phase}")
        return None
    if isinstance(found, str):
        findings.missing(f"the requests of the phase {phase} are not all there: {found}")
        return None
    findings.saw(*found.events)
    if found.intended < MIN_REQUESTS:
        findings.missing(f"only {found.intended} requests were due in the phase {phase}, fewer than {MIN_REQUESTS}")
        return None
    if found.tried < REACHED * found.intended:
        share = 100 * found.tried / found.intended
        findings.missing(
            f"only {share:.0f} % of the requests due in the phase {phase} were sent: the rate was not reached"
        )
        return None
    if found.closed > max(1.0, CLOSED * found.tried):
        findings.missing(
            f"{found.closed} of {found.tried} requests of the phase {phase} met a kept connection that was closed"
            " before any byte of an answer, and may not be sent again (`repeatable`): what came of them is not known"
        )
    if found.blind > blind:
        findings.stalled = True
        findings.missing(
            f"the load generator stood still for {found.blind:.1f} s in the phase {phase}: "
            "what happened meanwhile was not seen"
        )
    return found


def percent(share: float) -> str:
    """`0 %`, `0.4 %`, `12 %`."""
    return f"{100 * share:.0f} %" if share >= 0.1 else f"{100 * share:.2g} %"


def milliseconds(seconds: float) -> str:
    """`12 ms`, `0.4 ms`; `1.5 s` from a second on."""
    return f"{seconds:.3g} s" if seconds >= 1.0 else f"{1000 * seconds:.3g} ms"
