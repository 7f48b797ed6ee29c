"""The service answers as before: no more failures than in the baseline, and not grossly slower.

A coarse comparison of two windows, for gross differences. It states no confidence.
"""

from __future__ import annotations

from collections.abc import Iterable

from harness.checks._evidence import Findings
from harness.checks._workload import Window, measured, milliseconds, percent
from harness.history import Event
from harness.verdict import Verdict

NAME = "performance"


def check(
    events: Iterable[Event],
    *,
    phase: str,
    baseline: str = "baseline",
    factor: float = 3.0,
    allowance: float = 0.05,
    error_slack: float = 0.0,
) -> Verdict:
    """p50 and p95 are at most `factor` times the baseline's plus `allowance`, and the share of failures is no larger.

    Args:
        events: the history (`workload`).
        phase: the phase to judge.
        baseline: the phase to compare it with.
        factor: how many times the baseline's quantile.
        allowance: seconds on top. Where the generator's own lateness exceeds it at p95, the highest quantile that is
            compared, the verdict is unknown.
        error_slack: how much larger the share of failures may be, 0 to 1.
    """
    events = tuple(events)
    findings = Findings(NAME)
    before, after = measured(findings, events, baseline), measured(findings, events, phase)
    good = ""
    if before is not None and after is not None:
        if after.share > before.share + error_slack:
            said = f"{percent(after.share)} of {after.tried} requests failed, {percent(before.share)} in the baseline"
            findings.fail(said + after.why, *before.events, *after.events)
        if _punctual(findings, (before, baseline), (after, phase), allowance):
            good = _compare(findings, before, after, factor, allowance)
    return findings.verdict(
        good,
        look="what is slow: the queue, the cache, the database's connections",
        look_unknown="whether the machine is too busy, and the workload's rate",
    )


def _punctual(findings: Findings, before: tuple[Window, str], after: tuple[Window, str], allowance: float) -> bool:
    for found, phase in (before, after):
        if found.lateness is None or found.lateness > allowance:
            late = "unknown" if found.lateness is None else milliseconds(found.lateness)
            findings.missing(
                f"the workload itself was late in the phase {phase} (p95 {late}), so its times prove nothing"
            )
            return False
    return True


def _compare(findings: Findings, before: Window, after: Window, factor: float, allowance: float) -> str:
    said = []
    for name, old, new in (("p50", before.p50, after.p50), ("p95", before.p95, after.p95)):
        if old is None or (new is None and not findings.wrong):
            findings.missing(f"there is no {name} to compare: no request was answered")
        elif new is not None:
            said.append(f"{name} {milliseconds(new)}, {milliseconds(old)} before")
            if new > factor * old + allowance:
                bound = f"more than {factor:g} times that and {milliseconds(allowance)}"
                findings.fail(f"{said[-1]}: {bound}", *before.events, *after.events)
    return "; ".join(said)
