"""The report of a ledger for the terminal: findings first, then what was tried and what chance is left."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from harness.chaos.coverage import RARE, Coverage, coverage
from harness.chaos.records import Finding, Kept
from harness.errors import FAIL, PASS, UNKNOWN
from harness.printable import clean
from harness.report.terminal import STYLES
from harness.verdict import Outcome

NEVER = 12  # of what was never tried are named
FINDINGS = 20  # that are spelt out


def show(console: Console, campaigns: Sequence[Kept]) -> None:
    """Print it, at most 100 columns wide."""
    for part in parts(campaigns):
        console.print(part, width=min(console.width, 100))


def parts(campaigns: Sequence[Kept]) -> Iterator[RenderableType]:
    """The report, from its head to its end."""
    for kept in campaigns:
        yield Text(clean(title(kept)), style="bold")
        yield Text(f"  {counts(kept)}")
    found = [(kept, finding) for kept in campaigns for finding in kept.findings]
    for number, (kept, finding) in enumerate(found[:FINDINGS], 1):
        yield Text()
        yield _finding(number, kept, finding)
    if len(found) > FINDINGS:
        yield Text(f"and {len(found) - FINDINGS} more findings, in the page (--html)", style="dim")
    every = coverage(campaigns)
    for strategy in every.strategies:
        yield Text()
        yield _table(every, strategy)
    yield Text()
    yield from map(Text, told(every))


def title(kept: Kept) -> str:
    """A campaign in a line."""
    about = kept.about
    return f"campaign {about.id}: {about.stack} {about.old} -> {about.new} -> {about.old}, seed {about.seed}"


def counts(kept: Kept) -> str:
    """How many of its plans came to what."""
    lost = sum(one.state == "lost" for one in kept.plans)
    going = sum(one.state == "started" for one in kept.plans)
    said = f"{_plans(len(kept.plans))}: {kept.count(Outcome.PASS)} passed, {kept.count(Outcome.FAIL)} failed, "
    said += f"{kept.count(Outcome.UNKNOWN)} unknown" + (f" (of these {lost} lost)" if lost else "")
    return said + (f", {going} without an end so far" if going else "")


def told(found: Coverage) -> Iterator[str]:
    """What was never tried, and what chance is left."""
    if found.never:
        named = [f"{fault} at {stage}" for fault, stage, _ in found.never[:NEVER]]
        more = f", and {len(found.never) - NEVER} more" if len(found.never) > NEVER else ""
        yield f"never tried: {len(found.never)} of {len(found.space)}: {', '.join(named)}{more}"
    elif found.space:
        yield f"everything that can be tried was tried: {len(found.space)} of {len(found.space)}"
    yield (
        f"{_plans(found.judged)} judged: a defect that shows in {RARE * 100:g} % of plans has not been seen "
        f"with a chance of {percent(found.missed())}"
    )


def percent(share: float) -> str:
    """A chance in words that never say 0 or 100 of what is neither."""
    if 0.0 < share < 0.0005:
        return "less than 0.1 %"
    return f"{share * 100:.1f} %" if share < 1.0 else "100 %"


def exit_code(found: Sequence[Kept]) -> int:
    """Of what was kept: a finding fails; what could not be judged, or nothing at all, is unknown."""
    if any(kept.findings for kept in found):
        return FAIL
    every = [plan for kept in found for plan in kept.plans]
    return PASS if every and all(plan.judged for plan in every) else UNKNOWN


def replay(finding: Finding) -> str:
    """The command that runs the first plan of a finding again; empty where its run is not kept."""
    run = next((one.run for one in finding.plans if one.run), "")
    return f"harness replay {shlex.quote(run)}" if run else ""


def described(kept: Kept, finding: Finding) -> Iterator[str]:
    """A finding, a line each."""
    first = finding.plans[0]
    yield f"in {len(finding.plans)} of {_plans(len(kept.plans))}; first in plan {first.number} (seed {first.seed})"
    yield first.reason
    if (cut := finding.shrunk) is not None:
        rest = "" if cut.complete else "; time ran out before it was as small as it gets"
        yield f"cut down from {cut.before} steps to {cut.steps}: {cut.rate}{rest}"
    if first.run:
        yield f"run: {first.run}"


def _finding(number: int, kept: Kept, finding: Finding) -> Text:
    text = Text(f"{number}. {clean(str(finding.signature))}", style=STYLES[Outcome.FAIL])
    for line in described(kept, finding):
        text.append(f"\n   {clean(line)}", style="not bold default")
    if command := replay(finding):
        text.append(f"\n   again: {clean(command)}", style="not bold default")
    return text


def _table(found: Coverage, strategy: str) -> Group:
    """A line for each fault or act, a column for each stage: how many judged plans tried it there. The stages have
    numbers, because their names would leave no room for those of the faults.
    """
    stages, rows = found.table(strategy)
    made = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    made.add_column("", no_wrap=True, overflow="ellipsis")
    for number, _ in enumerate(stages, 1):
        made.add_column(str(number), justify="right", no_wrap=True)
    for name, tried in rows.items():
        made.add_row(clean(name), *(_cell(tried.get(one)) for one in stages))
    head = f"how many judged plans tried what at which stage, with the deployer {strategy}"
    legend = ", ".join(f"{number}={stage}" for number, stage in enumerate(stages, 1))
    return Group(Text(clean(head)), made, Text(clean(f"stages: {legend}; - is never"), style="dim"))


def _cell(count: int | None) -> Text:
    if count is None:
        return Text()
    return Text(str(count)) if count else Text("-", style=STYLES[Outcome.UNKNOWN])


def _plans(count: int) -> str:
    return f"{count} plan" + "s" * (count != 1)
