"""The figures of a self-test, for people at a terminal of 80 columns."""

from __future__ import annotations

import shlex
import textwrap
from collections import Counter
from collections.abc import Sequence

from harness.checks._intervals import share_interval
from harness.selftest.table import Result

CONFIDENCE = 0.95
WIDTH = 80
REASONS = 5
UNTOLD = "(no reason)"


def line(result: Result, done: int, wanted: int) -> str:
    """A run that has just ended, in a line."""
    mark = "!" if result.findings else " " if result.counts or result.undisturbed else "-"
    count = f"{done}/{wanted}"
    title = result.title or "nothing done"
    text = f"{mark} {count:>8}  {result.outcome:<8} {result.variant:<12} {title}"
    return f"{text[: WIDTH - 8]:<{WIDTH - 8}} {result.seconds:5.0f} s"


def summary(results: Sequence[Result], wanted: int, repeat: Sequence[str]) -> list[str]:
    """Everything there is to say, as lines.

    Args:
        wanted: how many runs were to count.
        repeat: the command that does one again, without the number that names it.
    """
    counted = [one for one in results if one.counts]
    idle = [one for one in results if not one.undisturbed and not one.counts]
    lines = ["", f"{len(counted)} of {wanted} runs in which something was done to the gate"]
    if idle:
        lines.append(f"{len(idle)} more in which it did not take effect, and which count for nothing")
    lines += ["", *_table(counted), *_undisturbed(results), "", *_bounds(counted), *_reasons(counted)]
    return [*lines, *_findings(results, repeat)]


def _table(counted: Sequence[Result]) -> list[str]:
    head = f"{'':<18}{'runs':>7}{'pass':>7}{'fail':>7}{'unknown':>9}{'error':>7}{'other':>7}"
    lines = [head]
    for name, defect in (("the clean stack", False), ("defects", True)):
        ours = Counter(one.outcome for one in counted if one.defect is defect)
        known = [ours.pop(word, 0) for word in ("pass", "fail", "unknown", "error")]
        other = sum(ours.values())
        figures = "".join(f"{n:>{w}}" for n, w in zip([*known, other], (7, 7, 9, 7, 7), strict=True))
        lines.append(f"{name:<18}{sum(known) + other:>7}{figures}")
    return lines


def _undisturbed(results: Sequence[Result]) -> list[str]:
    ours = [one for one in results if one.undisturbed]
    if not ours:
        return []
    right = [one for one in ours if one.outcome == ("fail" if one.defect else "pass")]
    return ["", f"with nothing done to the gate, {len(right)} of {len(ours)} verdicts are right"]


def _bounds(counted: Sequence[Result]) -> list[str]:
    lines = []
    for words, kind, defect in (("false passes", "false pass", True), ("false alarms", "false alarm", False)):
        ours = [one for one in counted if one.defect is defect]
        wrong = sum(any(found.startswith(kind) for found in one.findings) for one in ours)
        low, high = share_interval(wrong, len(ours), CONFIDENCE)
        share = f"at most {high:.1%}" if not wrong else f"{low:.1%} to {high:.1%}"
        lines.append(f"{words}: {wrong} of {len(ours)}; {share} at {CONFIDENCE:.0%} confidence each")
    return lines


def _reasons(counted: Sequence[Result]) -> list[str]:
    """Why runs had no verdict: a harness that always says unknown would be worth nothing."""
    lines = []
    for outcome in ("unknown", "error"):
        ours = Counter(_kind_of(one.reason) for one in counted if one.outcome == outcome)
        if ours:
            lines += ["", f"{outcome}, most often because:"]
            lines += [_bullet(f"{n:>3}  {reason}", "       ") for reason, n in ours.most_common(REASONS)]
    return lines


def _kind_of(reason: str) -> str:
    """A reason without its numbers, so that like reasons are counted as one."""
    words = " ".join("N" if any(c.isdigit() for c in word) else word for word in reason.split())
    return words[:160] or UNTOLD


def _bullet(text: str, indent: str) -> str:
    return textwrap.fill(text, WIDTH, initial_indent="  ", subsequent_indent=indent, break_long_words=False)


def _findings(results: Sequence[Result], repeat: Sequence[str]) -> list[str]:
    wrong = [one for one in results if one.findings]
    if not wrong:
        return ["", "no findings"]
    kinds = Counter(
        found.partition(":")[0] for one in wrong for found in {f.partition(":")[0] + ":" for f in one.findings}
    )
    lines = ["", f"{len(wrong)} runs with findings: {', '.join(f'{n} {kind}' for kind, n in kinds.most_common())}"]
    for one in wrong:
        lines += ["", f"{one.n}  {one.variant}: {one.title or 'nothing done'} -> {one.outcome}"]
        lines += [_bullet(found, "    ") for found in one.findings]
        lines += [f"  again:    {shlex.join([*repeat, '--case', str(one.n)])}", f"  evidence: {one.evidence}"]
    return lines
