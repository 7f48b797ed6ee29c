"""The end of a run at a glance: the verdict, why, every check by phase, where the time went, where the evidence is."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from harness.printable import clean
from harness.report.model import WORDS, Judged, Report
from harness.report.terminal import PLAIN_SIGNS, SIGNS, STYLES
from harness.verdict import Outcome

HEADLINES = {
    Outcome.PASS: "PASS - this release can be deployed and taken back",
    Outcome.FAIL: "FAIL - this release must not go out as it is",
    Outcome.UNKNOWN: "UNKNOWN - this could not be measured; it is not a pass",
}
REASONS = 6  # reasons that are spelt out


def summary(
    report: Report, *, evidence: Sequence[str] = (), headlines: dict[Outcome, str] | None = None, unicode: bool = True
) -> RenderableType:
    """The panel.

    Args:
        report: the run.
        evidence: lines that say where the evidence is.
        headlines: other words for the three outcomes.
        unicode: signs that need it may be used.
    """
    outcome = report.run.outcome
    head = Text((headlines or HEADLINES)[outcome], style=STYLES[outcome])
    parts: list[RenderableType] = [head, *_reasons(report)]
    if report.judged:
        parts += [Text(), _table(report, SIGNS if unicode else PLAIN_SIGNS)]
    if report.not_checked:
        parts += [Text(), *(Text(clean(f"not checked: {line}"), style="yellow") for line in report.not_checked)]
    if report.spent():
        parts += [Text(), _time(report)]
    if evidence:
        parts += [Text(), *(Text(clean(line), style="dim", overflow="fold") for line in evidence)]
    return Panel(
        Group(*parts), title=Text(clean(report.title), style="bold"), border_style=STYLES[outcome], padding=(0, 1)
    )


def show(
    console: Console,
    report: Report,
    *,
    evidence: Sequence[str] = (),
    headlines: dict[Outcome, str] | None = None,
) -> None:
    """Print the panel, at most 100 columns wide."""
    unicode = (console.encoding or "").lower().startswith("utf")
    console.print()
    console.print(
        summary(report, evidence=evidence, headlines=headlines, unicode=unicode), width=min(console.width, 100)
    )


def _reasons(report: Report) -> list[RenderableType]:
    """Why it is not a pass, and what to look at next."""
    bad = report.bad()
    if not bad:
        return [] if report.run.outcome is Outcome.PASS and not report.errors else [Text(clean(report.run.reason))]
    parts: list[RenderableType] = []
    for one in bad[:REASONS]:
        parts += [Text(), _reason(one)]
    if len(bad) > REASONS:
        parts.append(Text(f"and {len(bad) - REASONS} more", style="dim"))
    parts += [Text(clean(error.splitlines()[0]), style="red") for error in report.errors if error]
    return parts


def _reason(one: Judged) -> Text:
    verdict = one.verdict
    text = Text(
        f"{clean(verdict.check)} ({clean(one.phase)}) {WORDS[verdict.outcome]}: ", style=STYLES[verdict.outcome]
    )
    text.append(clean(verdict.reason), style="not bold default")
    for line in one.where:
        text.append(f"\n  {clean(line)}", style="not bold dim default")
    if verdict.look:
        text.append(f"\n  look at {clean(verdict.look)}", style="not bold dim default")
    return text


def _table(report: Report, signs: dict[Outcome, str]) -> Table:
    """A line for each phase: what passed there, and by name what did not."""
    table = Table(box=None, padding=(0, 2, 0, 0), show_header=False, pad_edge=False)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for phase in report.phases:
        judged = [one for one in report.judged if one.phase == phase]
        line = Text()
        for outcome in (Outcome.FAIL, Outcome.UNKNOWN, Outcome.PASS):
            names = [clean(one.verdict.check) for one in judged if one.verdict.outcome is outcome]
            if names:
                line.append("  " if line else "")
                line.append(f"{signs[outcome]} {', '.join(names)}", style=STYLES[outcome])
        table.add_row(clean(phase), line)
    return table


def _time(report: Report) -> Table:
    """The longest steps, as bars."""
    table = Table(box=None, padding=(0, 2, 0, 0), show_header=False, pad_edge=False)
    table.add_column(justify="right", no_wrap=True)
    table.add_column(no_wrap=True, overflow="ellipsis", max_width=36)
    table.add_column(no_wrap=True)
    table.add_row(Text(f"{report.seconds:.1f} s", style="bold"), Text("in all", style="bold"), "")
    for step in report.spent()[:5]:
        seconds = step.seconds or 0.0
        share = seconds / report.seconds if report.seconds else 0.0
        table.add_row(f"{seconds:.1f} s", Text(clean(step.title)), Text("#" * max(1, round(20 * share)), style="dim"))
    return table
