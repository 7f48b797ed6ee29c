"""`harness report`."""

from __future__ import annotations

from pathlib import Path

import click

from harness.commands.options import since_option
from harness.commands.running import publish
from harness.history import EVENTS, read
from harness.report import Report
from harness.report.since import Earlier
from harness.samples import read as read_samples


@click.command()
@click.argument("run", type=click.Path(path_type=Path, exists=True))
@since_option
def report(run: Path, since: Earlier | None) -> None:
    """Write the reports of a saved run again, also of one that was killed.

    RUN is a run's directory, e.g. runs/latest. Needs no container engine.
    """
    events = read(run / EVENTS if run.is_dir() else run)
    directory = run if run.is_dir() else run.parent
    publish(Report.of(events), directory, samples=read_samples(directory, events), since=since)
