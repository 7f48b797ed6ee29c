"""`harness report`."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from harness.history import read
from harness.plan.run import EVENTS
from harness.report import write_reports
from harness.report.terminal import summary


@click.command()
@click.argument("run", type=click.Path(path_type=Path))
def report(run: Path) -> None:
    """Write the reports of a saved run again, also of one that was killed.

    RUN is a run's directory, e.g. runs/latest. Needs no container engine.
    """
    events = read(run / EVENTS if run.is_dir() else run)
    directory = run if run.is_dir() else run.parent
    write_reports(events, directory, step_summary=os.environ.get("GITHUB_STEP_SUMMARY"))
    summary(events, directory, file=sys.stdout)
