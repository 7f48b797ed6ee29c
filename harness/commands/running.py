"""What the commands that run something share: options, progress, reports and the exit code."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import click
from rich.console import Console

from harness.errors import INTERNAL, HarnessError
from harness.plan.run import Run
from harness.report import Report, write_reports
from harness.report.summary import show
from harness.report.terminal import Terminal
from harness.stack import Stack
from harness.verdict import Outcome, Verdict

stack_argument = click.argument("stack", type=click.Path(path_type=Path), metavar="STACK")
override_option = click.option(
    "-f", "--override", "overrides", type=click.Path(path_type=Path), multiple=True,
    help="A Compose file to merge into STACK, as `docker compose -f` does; may be repeated.",
)  # fmt: skip
out_option = click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), default=Path("runs"), show_default=True,
    help="The directory in which each run gets its own.",
)  # fmt: skip
keep_option = click.option(
    "--keep", type=click.Choice(["never", "failed", "always"]), default="never", show_default=True,
    help="Which environments to leave up at the end, to look into.",
)  # fmt: skip


def report_on(run: Run, stack: Stack, work: Callable[[], Verdict], headlines: dict[Outcome, str] | None = None) -> int:
    """Do the work of a run with live progress, then write its reports and print its summary.

    Whatever ends the work - a verdict, an error, Ctrl-C - the history is ended and the reports are written; an error
    goes on afterwards, to become a message and an exit code.
    """
    for warning in stack.warnings:
        click.secho(f"warning: {warning}", err=True, fg="yellow")
    try:
        with Terminal(Console(stderr=True)) as terminal:
            run.history.listen(terminal)
            run.progress = terminal.building
            run.start()
            verdict = work()
    except BaseException as error:
        code = error.exit_code if isinstance(error, HarnessError) else INTERNAL
        _finish(run, run.failed(error), code if isinstance(error, Exception) else 130)
        raise
    _finish(run, verdict, verdict.outcome.exit_code, headlines)
    return verdict.outcome.exit_code


def _finish(run: Run, verdict: Verdict, exit_code: int, headlines: dict[Outcome, str] | None = None) -> None:
    run.end(verdict, exit_code)
    _point_latest_at(run.directory)
    publish(Report.of(run.history.events), run.directory, headlines)


def publish(report: Report, directory: Path, headlines: dict[Outcome, str] | None = None) -> None:
    """Write the reports beside the history and print the summary."""
    written = write_reports(report, directory)
    evidence = [f"evidence: {directory}", f"reports:  {', '.join(written)}"]
    show(Console(), report, evidence=evidence, headlines=headlines)


def _point_latest_at(directory: Path) -> None:
    """`runs/latest`, so that people and pipelines need not look for the newest directory."""
    link = directory.parent / "latest"
    fresh = directory.parent / f".latest-{directory.name}"
    try:
        fresh.symlink_to(directory.name)
        fresh.replace(link)
    except OSError:  # a file system without links; the summary names the directory anyway
        fresh.unlink(missing_ok=True)
