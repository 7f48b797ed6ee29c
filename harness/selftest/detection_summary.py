"""The figures of a detection self-test, for people at a terminal of 80 columns."""

from __future__ import annotations

import shlex
import textwrap
from collections import Counter
from collections.abc import Sequence

from harness.checks._intervals import share_interval
from harness.selftest.table import Result

CONFIDENCE = 0.95
WIDTH = 80
WORDS = {  # what came of a gate, for a defect and for what is harmless
    (True, "pass"): "missed", (True, "fail"): "caught", (False, "pass"): "quiet", (False, "fail"): "alarm",
}  # fmt: skip


def word(result: Result) -> str:
    """What came of a gate: `named`, `noticed`, `missed`; `quiet`, `alarm`; or `unknown`, `error`, `exit N`."""
    found = WORDS.get((result.defect, result.outcome), result.outcome)
    if found == "caught":
        return "named" if result.details.get("named") else "noticed"
    return found


def line(result: Result, done: int, wanted: int) -> str:
    """A gate that has just ended, in a line."""
    mark = "!" if result.findings else " "
    text = f"{mark} {f'{done}/{wanted}':>7}  {word(result):<8} {result.variant:<32} {result.details.get('by') or ''}"
    return f"{text[: WIDTH - 8]:<{WIDTH - 8}} {result.seconds:5.0f} s"


def summary(results: Sequence[Result], wanted: int, repeat: Sequence[str]) -> list[str]:
    """Everything there is to say, as lines.

    Args:
        wanted: how many gates there are in the table.
        repeat: the command that does one again, without the name of its overlay.
    """
    defects = [one for one in results if one.defect]
    harmless = [one for one in results if not one.defect]
    lines = ["", f"{len(results)} of {wanted} gates", ""]
    lines += _shares(defects, {"caught": ("named", "noticed"), "named": ("named",), "missed": ("missed",)}, "defects")
    lines += _shares(harmless, {"alarms": ("alarm",)}, "harmless variants")
    lines += _shares(results, {"unknown": ("unknown", "error")}, "all")
    lines += _by_class(defects)
    for kind, title in (("noticed", "only noticed"), ("missed", ""), ("alarm", ""), ("unknown", ""), ("error", "")):
        lines += _list([one for one in results if word(one) == kind], title or kind, repeat)
    other = [one for one in results if one.findings and word(one) not in ("missed", "alarm")]
    return [*lines, *_list(other, "other findings", repeat)]


def _shares(results: Sequence[Result], kinds: dict[str, tuple[str, ...]], of: str) -> list[str]:
    words, lines = Counter(word(one) for one in results), []
    for name, counted in kinds.items():
        n = sum(words[kind] for kind in counted)
        low, high = share_interval(n, len(results), CONFIDENCE)
        lines.append(f"{name:<8}{n:>4} of {len(results)} {of}; {low:.1%} to {high:.1%} at {CONFIDENCE:.0%} confidence")
    return lines if results else []


def _by_class(defects: Sequence[Result]) -> list[str]:
    if not defects:
        return []
    lines = ["", f"{'class':<7}{'gates':>6}{'named':>7}{'noticed':>9}{'missed':>8}{'other':>7}"]
    for class_ in sorted({one.details.get("class") or 0 for one in defects}):
        ours = Counter(word(one) for one in defects if (one.details.get("class") or 0) == class_)
        known = [ours.pop(kind, 0) for kind in ("named", "noticed", "missed")]
        other = sum(ours.values())
        lines.append(f"{class_:<7}{sum(known) + other:>6}{known[0]:>7}{known[1]:>9}{known[2]:>8}{other:>7}")
    return lines


def _list(results: Sequence[Result], title: str, repeat: Sequence[str]) -> list[str]:
    lines = ["", f"{title}:"] if results else []
    for one in results:
        lines.append(_bullet(f"{one.variant}: {one.reason}", "    "))
        lines += [_bullet(found, "    ") for found in one.findings]
        lines += (
            [_bullet(f"  what it does: {one.details['suffers']}", "    ")]
            if one.outcome == "pass" and one.defect
            else []
        )
        lines.append(f"    again: {shlex.join([*repeat, '--only', one.variant])}")
        lines += [f"    evidence: {one.evidence}"] if one.evidence else []
    return lines


def _bullet(text: str, indent: str) -> str:
    return textwrap.fill(text, WIDTH, initial_indent="  ", subsequent_indent=indent, break_long_words=False)
