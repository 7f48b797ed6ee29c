"""Performance is as it was in the baseline: measured against an untouched control, with a stated confidence."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.checks._arms import Arms, find
from harness.checks._cost import cpu_of_a_request
from harness.checks._evidence import Findings
from harness.checks._intervals import share_interval
from harness.checks._noninferiority import MIN_BLOCKS, ArmComparison, certified, compare
from harness.checks._workload import milliseconds, percent
from harness.history import Event
from harness.samples import NO_SAMPLES, Samples
from harness.verdict import Outcome, Verdict

if TYPE_CHECKING:
    from harness.checks._blocks import ArmRequests, Values

NAME = "recovery"
TOLERANCES = {"p50": 0.10, "p95": 0.25, "p99": 0.50}
LOOKS = 2  # at most; each gets an equal part of the error that is allowed, so that looking twice does not inflate it
DRIFT = 0.5  # by so much slower the control may be than in its own baseline
COSTLIER = 0.5  # by so much a good request may cost more CPU
LATENESS = 0.1  # of the baseline's p50: so late may the generator itself be, at p99
REACHED = 0.98  # of the rate has to be sent


def check(
    events: Iterable[Event],
    *,
    phase: str,
    samples: Samples = NO_SAMPLES,
    baseline: str = "baseline",
    tolerances: Mapping[str, float] = TOLERANCES,
    errors: float = 0.01,
    confidence: float = 0.95,
    within: float = 30.0,
    since: float = 0.0,
    lasting: float | None = None,
    look: int = 1,
) -> Verdict:
    """No quantile of the latency is worse than in the baseline by its tolerance or more, and hardly a request fails.

    A paired non-inferiority test over blocks of 5 s: the difference of the subject's and the control's logarithms,
    after against before. Where there is no control it is unpaired, and the reason says what that costs. All metrics
    have to pass, so that no correction for their number is needed; that there may be a second look is corrected for.

    Args:
        events: the history (`workload.start`, `workload`).
        samples: of the subject's workload, and of the control's.
        phase: begins when what should have been recovered from is over.
        baseline: the phase to compare it with.
        tolerances: for each quantile (`p50`, `p95`, `p99`), how much worse still counts as equal: 0.1 for a tenth.
        errors: the largest share of requests that may fail, 0 to 1.
        confidence: with which each bound has to hold.
        within: seconds that recovery may take; `since` is at most that.
        since, lasting: the stretch of the phase that is compared: seconds from its beginning, and its length (None: to
            the phase's end); what was before only tells when performance came back.
        look: 1 or 2; the second look is the last.
    """
    findings = Findings(NAME)
    events = tuple(events)
    found = find(events, samples, baseline, phase, since, lasting)
    good = ""
    if isinstance(found, str):
        findings.missing(found)
    elif found.problems:
        findings.missing(found.problems[0])
    else:
        findings.saw(*found.windows)
        alpha = (1.0 - confidence) / LOOKS
        told = [_failures(findings, found, errors, 1.0 - alpha)]
        if _guarded(findings, found) and _cheap(findings, events, found):
            told = [_metric(findings, found, name, tolerances[name], alpha) for name in sorted(tolerances)] + told
            told.append(_when(findings, found, tolerances, alpha, within, since))
        good = "; ".join(told) + _how(found, confidence, look)
    return findings.verdict(
        good,
        look="what each request waits for: the queue, caches, connections; and what still runs of the other release",
        look_unknown="what the reason says would suffice (x-harness: recovery, workload: rate)",
    )


def _how(arms: Arms, confidence: float, look: int) -> str:
    how = f"at {percent(confidence)} confidence" + (", at the second look" if look == LOOKS else "")
    if arms.control is not None:
        return f" ({how}, against the control)"
    return f" ({how}, without a control: the machine's noise does not cancel out, so this errs several times as often)"


# -- guards ------------------------------------------------------------------------------------------------------------


def _guarded(findings: Findings, arms: Arms) -> bool:
    """Whether the measurement is worth a comparison."""
    before = arms.subject.between(*arms.before)
    ground = before.quantile("p50")
    for name, arm, rate in (
        ("workload", arms.subject, arms.rate),
        ("control's workload", arms.control, arms.control_rate),
    ):
        for when, span in (("baseline", arms.before), ("recovery", arms.after)):
            if arm is not None and not _sound(findings, arm.between(*span), f"the {name}", when, span, rate, ground):
                return False
    return _steady(findings, arms)


def _sound(
    findings: Findings, part: ArmRequests, whose: str, when: str, span: tuple[float, float], rate: float, ground: float
) -> bool:
    import numpy as np

    due = rate * (span[1] - span[0])
    if not len(part.due) or len(part.due) < REACHED * due - 1.0:
        findings.missing(f"{whose} sent {len(part.due)} of {due:.0f} requests that were due in the {when}")
        return False
    late = float(np.quantile(part.lateness, 0.99))
    if not late <= LATENESS * ground:
        said = f"p99 {milliseconds(late)}, more than a tenth of the baseline's p50, {milliseconds(ground)}"
        findings.missing(f"{whose} itself was late in the {when} ({said}): its times prove nothing")
        return False
    return True


def _steady(findings: Findings, arms: Arms) -> bool:
    """Whether the control is much what it was: pairing hides what slows both down."""
    if arms.control is None:
        return True
    for name in ("p50", "p95"):
        old, new = (arms.control.between(*span).quantile(name) for span in (arms.before, arms.after))
        if not new <= old * (1.0 + DRIFT):
            said = f"its {name} is {milliseconds(new)}, and was {milliseconds(old)}"
            findings.missing(
                f"the untouched control is slower by more than half itself ({said}): something else disturbs both"
            )
            return False
    return True


def _cheap(findings: Findings, events: tuple[Event, ...], arms: Arms) -> bool:
    """Whether a good request costs about the CPU that it did; where it was not sampled, it is not judged."""
    before, after = (cpu_of_a_request(events, arms.subject, span) for span in (arms.before, arms.after))
    if before is None or after is None or after <= before * (1.0 + COSTLIER):
        return True
    said = f"{1e3 * after:.1f} ms of CPU, {1e3 * before:.1f} ms in the baseline"
    findings.missing(f"each request costs {said}: something runs beside, or each does more, whatever the latencies say")
    return False


# -- metrics -----------------------------------------------------------------------------------------------------------


def _failures(findings: Findings, arms: Arms, budget: float, confidence: float) -> str:
    part = arms.subject.between(*arms.after)
    bad, count = int((~part.ok).sum()), len(part.ok)
    low, high = share_interval(bad, count, confidence)
    said = f"{bad} of {count} requests failed (at most {percent(high)})"
    if low > budget:
        findings.timed(f"{bad} of {count} requests failed, more than {percent(budget)}", arms.stall, *arms.windows)
    elif high > budget:
        few = math.ceil(math.log(1.0 - confidence) / math.log1p(-budget)) if budget > 0.0 else "no number of"
        findings.missing(f"{said}: {percent(budget)} are allowed, and {few} requests without a failure would show it")
    return said


@dataclass(frozen=True)
class _Rows:
    """The blocks of a metric before and after, as logarithms."""

    before: Values
    after: Values
    seconds: float


def _rows(arms: Arms, name: str) -> _Rows | None:
    from harness.checks._blocks import block_seconds

    both = [arms.subject] if arms.control is None else [arms.subject, arms.control]
    seconds = block_seconds(both, [arms.before, arms.after], name)
    if seconds is None:
        return None
    before, after = (_difference(arms, span, seconds, name) for span in (arms.before, arms.after))
    return _Rows(before, after, seconds)


def _difference(arms: Arms, span: tuple[float, float], seconds: float, name: str) -> Values:
    from harness.checks._blocks import logs

    ours = logs(arms.subject, span, seconds, name)
    return ours if arms.control is None else ours - logs(arms.control, span, seconds, name)


def _metric(findings: Findings, arms: Arms, name: str, tolerance: float, alpha: float) -> str:
    rows = _rows(arms, name)
    found = None if rows is None else compare(rows.before, rows.after, tolerance, alpha)
    if rows is None or found is None:
        findings.missing(f"{name} cannot be compared: {_too_few(arms, name)}")
        return ""
    said = f"{name} {_change(found.ratio)} (at most {_change(found.high)})"
    if found.outcome is Outcome.FAIL:
        words = f"{name} is {_change(found.ratio)}, at least {_change(found.low)}: {percent(tolerance)} are tolerated"
        findings.timed(words, arms.stall, *arms.windows)
    elif found.outcome is Outcome.UNKNOWN:
        findings.missing(f"{said}: {percent(tolerance)} are tolerated; {_sufficient(found, rows, arms)}")
    return said


def _change(ratio: float) -> str:
    return f"{100.0 * (ratio - 1.0):+.1f} %" if ratio < 10.0 else f"{ratio:.0f} times"


def _too_few(arms: Arms, name: str) -> str:
    """What would suffice for enough blocks with enough requests."""
    from harness.checks._blocks import SMALLEST

    short = min(arms.before[1] - arms.before[0], arms.after[1] - arms.after[0])
    parts = []
    rate = max(arms.rate, 1e-9)
    block = max(5.0, 5.0 * math.ceil(SMALLEST[name] / rate / 5.0))
    if short < MIN_BLOCKS * block:
        parts.append(f"it needs {MIN_BLOCKS * block - short:.0f} s more")
    if block > 5.0:
        parts.append(f"{math.ceil(SMALLEST[name] / 5.0)} requests/s")
    return " or ".join(parts) or "a block of it has no value"


def _sufficient(found: ArmComparison, rows: _Rows, arms: Arms) -> str:
    """What would have told: so many seconds more, or such a rate."""
    parts = []
    if found.longer is not None:
        parts.append(f"{math.ceil((found.longer - 1.0) * found.blocks[1] * rows.seconds)} s more")
    if found.busier is not None and arms.rate:
        parts.append(f"{math.ceil(found.busier * arms.rate)} requests/s")
    if parts:
        return f"needs {' or '.join(parts)}"
    return "no length suffices: the difference itself is about as large as what is tolerated"


# -- when --------------------------------------------------------------------------------------------------------------


def _when(
    findings: Findings, arms: Arms, tolerances: Mapping[str, float], alpha: float, within: float, since: float
) -> str:
    """An upper bound of the time to recover: blocks are certified backward from the end, up to the first that is not.

    The stretch that is compared begins `since` seconds after the phase did; what passes there had recovered by then.
    """
    if findings.wrong or findings.unknown:
        return ""
    begin = arms.after[0] - since
    bounds = [_earliest(arms, name, tolerance, alpha, begin) for name, tolerance in tolerances.items()]
    bound = min(since, max(bounds, default=since))
    if bound > within:
        findings.missing(f"it had recovered after {bound:.0f} s; whether it had within {within:g} s was not looked at")
    return f"recovered at most {bound:.0f} s after the phase began" if bound else "recovered from the beginning"


def _earliest(arms: Arms, name: str, tolerance: float, alpha: float, begin: float) -> float:
    """Seconds from the phase's beginning to the earliest block from which on every one is certified."""
    rows = _rows(arms, name)
    if rows is None:
        return math.inf
    span = (begin, arms.after[1])
    blocks = _difference(arms, span, rows.seconds, name)
    first = len(blocks)
    while first and certified(rows.before, float(blocks[first - 1]), tolerance, alpha):
        first -= 1
    return first * rows.seconds
