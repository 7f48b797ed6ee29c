"""The end of a run at a glance: the verdict, why, every check by phase, where the time went, where the evidence is."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from harness.printable import clean
from harness.report.cases import PAGE, CaseRun, cells, runs
from harness.report.model import WORDS, Judged, Report, events_named
from harness.report.reproduce import commands
from harness.report.terminal import PLAIN_SIGNS, SIGNS, STYLES
from harness.verdict import Outcome

DIAGNOSES = 4  # diagnoses that are spelt out
REASONS = 6  # reasons that are spelt out
CASES = 12  # cases whose place in the run is told
CHANGES = 8  # changes of a kind since an earlier run that are spelt out


def summary(report: Report, *, evidence: Sequence[str] = (), unicode: bool = True) -> RenderableType:
    """The panel.

    Args:
        report: the run.
        evidence: lines that say where the evidence is.
        unicode: signs that need it may be used.
    """
    outcome = report.run.outcome
    head = Text(f"{outcome.upper()} - {report.headline}", style=STYLES[outcome])
    parts: list[RenderableType] = [head, *_diagnosis(report), *_reasons(report), *_again(report), *_since(report)]
    if report.judged:
        signs = SIGNS if unicode else PLAIN_SIGNS
        parts += [Text(), *_tables(report, signs)]
    if report.weaknesses:
        parts += [Text(), *(Text(clean(line), style="yellow") for line in report.weaknesses)]
    if report.retried:
        parts += [Text(), *(Text(clean(f"tried again: {line}"), style="yellow") for line in report.retried)]
    if report.left_out:
        parts += [Text(), *(Text(clean(f"left out, no time: {name}"), style="yellow") for name in report.left_out)]
    if report.not_checked:
        parts += [Text(), *(Text(clean(f"not checked: {line}"), style="yellow") for line in report.not_checked)]
    if report.not_looked_at:
        parts += [Text(), *(Text(clean(f"not looked at: {line}"), style="yellow") for line in report.not_looked_at)]
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
) -> None:
    """Print the panel, at most 100 columns wide."""
    unicode = (console.encoding or "").lower().startswith("utf")
    console.print()
    console.print(summary(report, evidence=evidence, unicode=unicode), width=min(console.width, 100))


def _diagnosis(report: Report) -> list[RenderableType]:
    """What the failures are called, with the evidence and what to look at."""
    found = report.diagnosed.found
    parts: list[RenderableType] = [Text(clean(line), style="dim") for line in report.diagnosed.problems]
    if not found:
        return parts + [Text(clean(f"diagnosis: {line}"), style="yellow") for line in report.diagnosis]
    for number, one in enumerate(found[:DIAGNOSES]):
        text = Text(f"{'diagnosis' if number == 0 else 'and'}: ", style="bold")
        text.append(clean(one.sentence), style="bold" if number == 0 else "not bold")
        text.append(f"\n  {clean(one.kind)}; {events_named(one.evidence)}", style="not bold dim")
        text.append(f"\n  look at {clean(one.look)}", style="not bold dim")
        parts.append(text)
    if len(found) > DIAGNOSES:
        parts.append(Text(f"and {len(found) - DIAGNOSES} more", style="dim"))
    return parts


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


def _again(report: Report) -> list[RenderableType]:
    """The commands that do the same once more."""
    found = [Text(f"{what}: {clean(line)}", style="bold", overflow="fold") for what, line in commands(report)]
    return [Text(), *found] if found else []


def _since(report: Report) -> list[RenderableType]:
    """What changed since an earlier run."""
    found = report.since
    if found is None:
        return []
    parts: list[RenderableType] = [Text(), Text(clean(f"since {found.run}: {found.headline}"), style="bold")]
    for title, lines in found.groups:
        parts.append(Text(f"{title}:"))
        parts += [Text(clean(f"  {line}"), style="not bold default") for line in lines[:CHANGES]]
        if len(lines) > CHANGES:
            parts.append(Text(f"  and {len(lines) - CHANGES} more", style="dim"))
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


def _tables(report: Report, signs: dict[Outcome, str]) -> list[RenderableType]:
    """The phases of the scenarios, then the cases under faults."""
    found: list[RenderableType] = []
    if any(not one.case for one in report.judged):
        found.append(_table(report, signs))
    if report.cases:
        every = runs(report)
        found += [_cases(report, signs, every), *_timelines(every, signs)]
    return found


def _table(report: Report, signs: dict[Outcome, str]) -> Table:
    """A line for each phase: what passed there, and by name what did not."""
    table = Table(box=None, padding=(0, 2, 0, 0), show_header=False, pad_edge=False)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for phase in report.phases:
        judged = [one for one in report.judged if one.phase == phase and not one.case]
        if not judged:
            continue
        line = Text()
        for outcome in (Outcome.FAIL, Outcome.UNKNOWN, Outcome.PASS):
            names = [clean(one.verdict.check) for one in judged if one.verdict.outcome is outcome]
            if names:
                line.append("  " if line else "")
                line.append(f"{signs[outcome]} {', '.join(names)}", style=STYLES[outcome])
        table.add_row(clean(phase), line)
    return table


def _cases(report: Report, signs: dict[Outcome, str], every: Sequence[CaseRun]) -> Table:
    """A line for each fault, a column for each moment, each cell with the numbers of its cases."""
    moments, rows = report.crossed()
    found = cells(every)
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    table.add_column("fault", no_wrap=True)
    for moment in moments:
        table.add_column(moment, justify="center")
    for fault in rows:
        table.add_row(clean(fault), *(_cell(found.get((fault, one), ()), signs) for one in moments))
    return table


def _cell(found: Sequence[CaseRun], signs: dict[Outcome, str]) -> Text:
    return Text(" ").join(Text(f"{signs[one.outcome]} {one.number}", style=STYLES[one.outcome]) for one in found)


def _timelines(every: Sequence[CaseRun], signs: dict[Outcome, str]) -> list[RenderableType]:
    """Where the cases are: all, or where they are many those that did not pass."""
    bad = [one for one in every if one.outcome is not Outcome.PASS]
    told = every if len(every) <= CASES else bad[:CASES]
    lines: list[RenderableType] = [
        Text(
            clean(f"{signs[one.outcome]} {one.number}  {one.name}: {one.span}, {one.link}"),
            style="dim",
            overflow="fold",
        )
        for one in told
    ]
    if len(told) < len(every):
        lines.append(Text(f"the timelines of all {len(every)}: {PAGE}", style="dim"))
    return lines


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
