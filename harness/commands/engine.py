"""`harness doctor` and `harness engine`."""

from __future__ import annotations

from pathlib import Path

import click

from harness.commands.options import override_option
from harness.commands.say import say
from harness.engine import Engine
from harness.engine.doctor import examine
from harness.engine.ensure import ensure as provide
from harness.engine.ensure import stop as end
from harness.errors import INTERNAL, PASS
from harness.plan.overlooked import overlooked
from harness.stack import load


@click.command()
@click.argument("stack", type=click.Path(path_type=Path), metavar="[STACK]", required=False)
@override_option
@click.option("--out", default="runs", show_default=True, help="Where runs are saved; its disk is checked.")
def doctor(stack: Path | None, overrides: tuple[Path, ...], out: str) -> int:
    """Check everything that a run needs, and say for each thing that is missing what to do.

    With a STACK it is read as well, and what its declared load does not look at is said: defects there pass a gate.
    """
    unseen = overlooked(load(stack, overrides)) if stack is not None else ()
    findings = examine(runs=Path(out))
    width = max(len(finding.name) for finding in findings)
    for finding in findings:
        mark = click.style("ok", fg="green") if finding.ok else click.style("--", fg="red")
        say(f"{mark}  {finding.name:<{width}}  {finding.found}")
        if finding.do:
            say(f"    {'':<{width}}  do: {finding.do}")
    for line in unseen:
        say(f"{click.style('!!', fg='yellow')}  the load does not look at {line}")
    bad = [finding for finding in findings if not finding.ok]
    say(f"{len(bad)} of {len(findings)} checks failed" if bad else "everything that a run needs is here")
    return INTERNAL if bad else PASS


@click.group()
def engine() -> None:
    """Provide a container engine where none answers, and end it again.

    A daemon that is already there is used as it is, and never reconfigured.
    """


@engine.command()
def ensure() -> None:
    """Make sure that an engine answers: start the installed dockerd as a private one, or install it first."""
    with provide(progress=lambda line: say(f"-- {line}", err=True, dim=True)) as found:
        say(found.describe())


@engine.command()
@click.option("--purge", is_flag=True, help="Remove its images and everything else it holds, too.")
def stop(purge: bool) -> None:
    """End the private engine that `ensure` started. Any other daemon is left alone."""
    say("ended" if end(purge=purge) else "no engine of the harness is running")


@engine.command()
def status() -> None:
    """Say which engine would be used."""
    with Engine.connect() as found:
        say(found.describe())
