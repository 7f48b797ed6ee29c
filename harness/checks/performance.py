"""The service answers as before: no more failures than in the baseline, and not grossly slower.

A coarse comparison of two windows, for gross differences. It states no confidence. A single window is at the mercy of
its machine: where performance is given time to recover, further windows say whether and when it came back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial

from harness.checks._arms import Arms, find
from harness.checks._evidence import BUSY, Findings
from harness.checks._windows import span
from harness.checks._witness import SHARE, WitnessedStalls
from harness.checks._workload import WindowTotals, measured, milliseconds, percent
from harness.events import WorkloadWindow
from harness.history import Event, of
from harness.samples import Samples
from harness.verdict import Outcome, Verdict

NAME = "performance"


def check(
    events: Iterable[Event],
    *,
    phase: str,
    samples: Samples | None = None,
    baseline: str = "baseline",
    again: Sequence[str] = (),
    within: float = 0.0,
    factor: float = 3.0,
    allowance: float = 0.05,
    error_slack: float = 0.0,
) -> Verdict:
    """p50 and p95 are at most `factor` times the baseline's plus `allowance`, and the share of failures is no larger.

    Where the requests were saved, so are p50 and p95 of each kind of request and of each server's answers, as far as
    there are enough of them, and the share of answers that are slower than that is not surely larger than it was. Where
    the untouched control was as much slower in the same seconds, that proves nothing.

    Args:
        events: the history (`workload`).
        phase: the phase to judge.
        samples: of the workload; they tell which of the slow answers a stall of the machine explains.
        baseline: the phase to compare it with.
        again: the phases in which it was measured once more, in order, because no window before was as the baseline
            was. The first that is decides: pass where it began within the time, fail where it began later. Where none
            is, the last one decides.
        within: seconds from the beginning of the phase's window to that of the one that is as the baseline was.
        factor: how many times the baseline's quantile.
        allowance: seconds on top. Where the generator's own lateness exceeds it at p95, the highest quantile that is
            compared, the verdict is unknown.
        error_slack: how much larger the share of failures may be, 0 to 1.
    """
    events = tuple(events)
    judge = partial(
        _one, events, samples=samples, baseline=baseline, factor=factor, allowance=allowance, error_slack=error_slack
    )
    found = judge(phase)
    first, good, seen = found, bool(found), set(found.evidence)
    held = found.reason if found.stalled else ""
    for number, name in enumerate(again, start=2):
        if good:
            break
        found, after = judge(name), _after(events, phase, name)
        good, stalled = bool(found), found.stalled
        seen |= set(found.evidence)
        found = _timed(found, first, after, within, number)
        if found.outcome is Outcome.FAIL and good:
            found = _delayed(found, events, phase, name, within, held)
        if stalled and after is not None and after <= within:
            held = found.reason
    return replace(found, evidence=tuple(sorted(seen)))


def _after(events: tuple[Event, ...], phase: str, later: str) -> float | None:
    """Seconds from the beginning of a phase's first window to that of another's; None where it is not known.

    The times are those of the schedule: when the first request of each was due.
    """
    began = [window.body.began for name in (phase, later) for window in of(events, WorkloadWindow, name)[:1]]
    known = [one for one in began if one is not None]
    return known[1] - known[0] if len(known) == 2 else None


def _timed(found: Verdict, first: Verdict, after: float | None, within: float, number: int) -> Verdict:
    """The verdict of a further window, with when it was measured."""
    when = "at a time that is not known" if after is None else f"{after:.1f} s after the first window began"
    if not found:
        return replace(found, reason=f"not as in the baseline again, in window {number}, {when}: {found.reason}")
    if after is None:
        return replace(found, outcome=Outcome.UNKNOWN, reason=f"as in the baseline again {when}: {found.reason}")
    if after > within:
        said = f"as in the baseline again only {when}, later than {within:g} s: {found.reason}"
        return replace(found, outcome=Outcome.FAIL, reason=said, look=first.look)
    return replace(found, reason=f"as in the baseline again {when}: {found.reason}; at first: {first.reason}")


def _delayed(late: Verdict, events: tuple[Event, ...], phase: str, name: str, within: float, held: str) -> Verdict:
    """Recovery that came too late proves nothing where the machine stood still meanwhile, or in a window that began in
    time: `held` is what was said of that one.
    """
    if held:
        return replace(late, outcome=Outcome.UNKNOWN, reason=f"{late.reason}; before: {held}", look=BUSY, stalled=True)
    first, last = (of(events, WorkloadWindow, one)[0] for one in (phase, name))
    begin, end = span(events, first)[0], span(events, last)[0]
    stall = WitnessedStalls(events).explains(begin, end, end - begin, within)
    if not stall:
        return late
    said = f"{stall}, so this proves nothing: {late.reason}"
    return replace(late, outcome=Outcome.UNKNOWN, reason=said, look=BUSY, stalled=True)


def _one(
    events: tuple[Event, ...],
    phase: str,
    *,
    samples: Samples | None,
    baseline: str,
    factor: float,
    allowance: float,
    error_slack: float,
) -> Verdict:
    """What a single window says."""
    findings = Findings(NAME)
    before, after = measured(findings, events, baseline), measured(findings, events, phase)
    good = ""
    if before is not None and after is not None:
        stall = _stall(events, after)
        if after.share > before.share + error_slack:
            said = f"{percent(after.share)} of {after.tried} requests failed, {percent(before.share)} in the baseline"
            findings.timed(said + after.why, stall, *before.events, *after.events)
        _steady(findings, events, before, after)
        stall = stall or _beside(events, samples, (baseline, phase), factor, allowance)
        if _punctual(findings, (before, baseline), (after, phase), allowance):
            held = partial(_held, events, samples, after)
            good = _compare(findings, before, after, factor, allowance, lambda *late: stall or held(*late))
            if not findings.wrong and not findings.unknown:
                _closely(findings, events, samples, before, after, factor, allowance, stall)
    return findings.verdict(
        good,
        look="what is slow: the queue, the cache, the database's connections",
        look_unknown="whether the machine is too busy, and the workload's rate",
    )


def _beside(
    events: tuple[Event, ...], samples: Samples | None, phases: tuple[str, str], factor: float, allowance: float
) -> str:
    """In words, that the untouched control was as much slower in the same seconds; empty where there is none, or it was
    not: then it is the release.
    """
    found = None if samples is None else find(events, samples, *phases, 0.0, None)
    if not isinstance(found, Arms) or found.control is None:
        return ""
    for name in ("p50", "p95"):
        old, new = (found.control.between(*span).quantile(name) for span in (found.before, found.after))
        if new > factor * old + allowance:
            return f"the untouched control was slower as well ({name} {milliseconds(new)}, {milliseconds(old)} before)"
    return ""


def _steady(findings: Findings, events: tuple[Event, ...], before: WindowTotals, after: WindowTotals) -> None:
    """Whether the baseline is worth a comparison: one that the machine made slow lets everything pass."""
    witness = WitnessedStalls(events)
    was, now = (
        sum(witness.stood(*span(events, event)) for event in found.events) / max(found.seconds, 1e-9)
        for found in (before, after)
    )
    if was >= SHARE and now < was / 2.0:
        said = f"the machine stood still for {percent(was)} of the baseline and {percent(now)} of this window"
        findings.missing(f"{said}: the baseline is too slow to compare with")


def _stall(events: tuple[Event, ...], after: WindowTotals) -> str:
    """In words, that the machine stood still in the window; empty where it did not."""
    witness = WitnessedStalls(events)
    return next(filter(None, (witness.explains(*span(events, event)) for event in after.events)), "")


def _punctual(
    findings: Findings, before: tuple[WindowTotals, str], after: tuple[WindowTotals, str], allowance: float
) -> bool:
    for found, phase in (before, after):
        if found.lateness is None or found.lateness > allowance:
            late = "unknown" if found.lateness is None else milliseconds(found.lateness)
            findings.missing(
                f"the workload itself was late in the phase {phase} (p95 {late}), so its times prove nothing"
            )
            return False
    return True


def _held(events: tuple[Event, ...], samples: Samples | None, after: WindowTotals, bound: float, share: float) -> str:
    """In words, that stalls explain all but this share of the answers that took longer than `bound`; empty where they
    do not. A short stall holds up a few requests, and a few are enough for a quantile.
    """
    from harness.checks._requests import load

    requests = load(events, after.events, samples)
    if requests is None or isinstance(requests, str):
        return ""
    left, said = requests.unexplained(requests.ok & (requests.latency > bound), WitnessedStalls(events))
    return said if left <= share * int(requests.ok.sum()) else ""


def _compare(
    findings: Findings, before: WindowTotals, after: WindowTotals, factor: float, allowance: float,
    stall: Callable[[float, float], str],
) -> str:  # fmt: skip
    said = []
    for name, share, old, new in (("p50", 0.5, before.p50, after.p50), ("p95", 0.05, before.p95, after.p95)):
        if old is None or (new is None and not findings.wrong):
            findings.missing(f"there is no {name} to compare: no request was answered")
        elif new is not None:
            said.append(f"{name} {milliseconds(new)}, {milliseconds(old)} before")
            if new > factor * old + allowance:
                bound = f"more than {factor:g} times that and {milliseconds(allowance)}"
                late = stall(factor * old + allowance, share)
                findings.timed(f"{said[-1]}: {bound}", late, *before.events, *after.events)
    return "; ".join(said)


def _closely(
    findings: Findings, events: tuple[Event, ...], samples: Samples | None, before: WindowTotals, after: WindowTotals,
    factor: float, allowance: float, stall: str,
) -> None:  # fmt: skip
    """Compare each kind of request, each server's answers and the share of slow ones, where the requests were saved."""
    from harness.checks._requests import TimedRequests, load
    from harness.checks._slower import slower

    old, new = load(events, before.events, samples), load(events, after.events, samples)
    if not isinstance(old, TimedRequests) or not isinstance(new, TimedRequests):
        return
    for one in slower(old, new, factor, allowance):
        left, said = new.unexplained(one.late, WitnessedStalls(events))
        held = stall or (said if left <= one.share * one.of else "")
        findings.timed(one.words, held, *before.events, *after.events)
