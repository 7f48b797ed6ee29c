"""`harness judge`."""

from __future__ import annotations

from pathlib import Path

import click

from harness.commands.running import publish
from harness.commands.say import say
from harness.history import EVENTS, read
from harness.plan.judging import Again, as_events, judge_again
from harness.printable import clean
from harness.report import Report
from harness.samples import read as read_samples


@click.command()
@click.argument("run", type=click.Path(path_type=Path, exists=True))
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where the reports go; by default RUN/judged. The saved run stays as it is.",
)
def judge(run: Path, out: Path | None) -> int:
    """Judge a saved run again with today's checks, also one that was killed.

    RUN is a run's directory, e.g. runs/latest. Needs no container engine. Exit code: 0 pass, 1 fail, 2 unknown; 3 for
    a history that is damaged, or was changed after the run had ended.
    """
    directory = run if run.is_dir() else run.parent
    events = read(run / EVENTS if run.is_dir() else run)
    samples = read_samples(directory, events)
    found = judge_again(events, samples)
    report = Report.of(as_events(events, found, samples))
    publish(report, out or directory / "judged", samples=samples)
    for line in _changes(found):
        say(line)
    if not report.ended:
        say("the history has no run.end: the run did not come to its end, or its history was cut off")
    return report.run.outcome.exit_code


def _changes(found: list[Again]) -> list[str]:
    """Verdicts that changed, and those that could not be judged again."""
    asked = [one for one in found if not one.kept]
    lines = [f"{len(asked)} of {len(found)} verdicts judged again by today's checks"]
    for one in found:
        name = f"{clean(one.then.check)} ({clean(one.event.phase or 'run')})"
        if one.changed:
            lines.append(f"  {name}: {one.then.outcome} then, {one.now.outcome} now: {clean(one.now.reason)}")
        elif one.kept:
            lines.append(f"  {name}: {one.then.outcome}, as it was judged then: {one.kept}")
    return lines
