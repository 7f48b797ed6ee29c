"""What the commands that run something share: progress, reports and the exit code."""

from __future__ import annotations

import shlex
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import click

from harness.commands.say import say
from harness.environment import Environment
from harness.errors import HarnessError, unwritable
from harness.events import RunError
from harness.plan.judging import supported
from harness.plan.run import Run
from harness.plan.saved import saved_plan
from harness.printable import clean
from harness.redaction import Redactor
from harness.report import Report, github, write_reports
from harness.report.since import Earlier
from harness.report.since import since as compared_with
from harness.report.summary import show
from harness.report.terminal import Steady, Terminal
from harness.samples import Samples
from harness.samples import read as read_samples
from harness.signals import cleaning_up_after, exit_code_of, last_words, uninterrupted
from harness.stack import Stack
from harness.verdict import Outcome, Verdict


def report_on(run: Run, stack: Stack, work: Callable[[], Verdict], since: Earlier | None = None) -> int:
    """Do the work of a run with live progress, then write its reports and print its summary.

    Whatever ends the work - a verdict, an error, Ctrl-C - the history is ended and the reports are written; an error
    goes on afterwards, to become a message and an exit code. A third signal ends the history only.

    Args:
        since: an earlier run; the reports say what changed since then.

    Raises:
        NoSpace, HistoryError: the history or the reports could not be written in full.
    """
    for warning in stack.warnings:
        say(f"warning: {warning}", err=True, fg="yellow")
    with last_words(partial(_cut_off, run)):
        try:
            with Terminal() as terminal:
                run.history.listen(terminal)
                run.progress = hiding(run.history.redactor, terminal.building)
                run.start()
                verdict = work()
                run.history.check(whole=True)
                verdict = supported(verdict, read_samples(run.directory, run.history.events))
        except BaseException as error:
            with uninterrupted(), cleaning_up_after(error):
                _finish(run, run.failed(error), exit_code_of(error), since, error)
            raise
        _finish(run, verdict, verdict.outcome.exit_code, since)
    return verdict.outcome.exit_code


def _cut_off(run: Run, number: int) -> None:
    """The last words of a run that a third signal ends."""
    code, what = 128 + number, f"ended at once by a third signal, {signal.Signals(number).name}"
    message = f"{what}: nothing was cleaned up; `harness sweep` removes what is left on the engine"
    run.history.record(RunError(what, message, code))
    run.end(Verdict("run", Outcome.UNKNOWN, what), code)


def _finish(
    run: Run,
    verdict: Verdict,
    exit_code: int,
    since: Earlier | None,
    error: BaseException | None = None,
) -> None:
    with uninterrupted():
        run.end(verdict, exit_code)
        _point_latest_at(run.directory)
        try:
            events = run.history.events
            publish(Report.of(events), run.directory, read_samples(run.directory, events), since)
        except HarnessError:
            if error is None:  # else that one is told: this is most likely its consequence
                raise
        for environment in run.kept:
            show_kept(environment)


def hiding(redactor: Redactor, say: Callable[[str, str], None]) -> Callable[[str, str], None]:
    """The same, for lines without secrets and without what steers a terminal: what the build of an image prints."""
    return lambda image, line: say(image, clean(redactor.text(line)))


@contextmanager
def hiding_errors(redactor: Redactor) -> Iterator[None]:
    """Errors that pass through tell no secrets."""
    try:
        yield
    except BaseException as error:
        redactor.error(error)
        raise


def show_kept(environment: Environment) -> None:
    """Say what there is of an environment that is left up, how to look into it, and how to end it: commands to type, a
    line each.
    """
    say(environment.what_is_left())
    for command in environment.how_to_enter():
        say(f"  {command}")


def publish(report: Report, directory: Path, samples: Samples | None = None, since: Earlier | None = None) -> None:
    """Write the reports beside the history and print the summary.

    Raises:
        NoSpace, HarnessError: the reports cannot be written; the summary is printed even so.
    """
    report = replace(report, replay=_replay(report, directory))
    if since is not None:
        report = compared_with(since, report, samples or Samples())
    problem: HarnessError | None = None
    try:
        line = f"reports:  {', '.join(write_reports(report, directory, samples))}"
    except OSError as error:
        problem = unwritable("The reports cannot be written", directory, error)
        line = f"reports:  could not be written: {error.strerror or error}"
    for annotation in github.lines(report):
        # A command to the CI, and meant as one; what it quotes is neutralised already.
        click.echo(annotation)
    show(Steady(), report, evidence=[f"evidence: {directory}", line])
    for missing in (samples or Samples()).problems():
        say(f"missing evidence: {clean(missing)}")
    if problem is not None:
        raise problem


def _replay(report: Report, directory: Path) -> str:
    """The command that runs the plan of a run again; empty where it would be refused."""
    try:
        found = saved_plan(report.events)
    except HarnessError:
        return ""
    return shlex.join(["harness", "replay", str(directory)]) if found.file is not None else ""


def _point_latest_at(directory: Path) -> None:
    """`runs/latest`, so that people and pipelines need not look for the newest directory."""
    link = directory.parent / "latest"
    fresh = directory.parent / f".latest-{directory.name}"
    try:
        fresh.symlink_to(directory.name)
        fresh.replace(link)
    except OSError:  # a file system without links; the summary names the directory anyway
        fresh.unlink(missing_ok=True)
