"""`harness gate`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.commands.options import keep_option, out_option, override_option, releases, stack_argument
from harness.commands.plan import show_plans
from harness.commands.say import say
from harness.errors import PASS, HarnessError
from harness.events import RunStart
from harness.plan.gate import SCENARIOS, Gate, Settings
from harness.plan.overlooked import overlooked
from harness.plan.under_faults import CASE_SECONDS, Case, cases
from harness.plan.under_faults import plan as case_plan
from harness.redaction import Redactor
from harness.stack import Stack, load
from harness.stack.quantities import seconds

if TYPE_CHECKING:
    from harness.environment import Keep


LEAST_SOAK = 300.0  # s; what a shorter one sees has no slope


def _soak(written: str) -> float:
    """How long the soak is, in seconds.

    Raises:
        BadParameter: that is no duration, or is too short.
    """
    try:
        found = seconds(written)
    except ValueError as error:
        raise click.BadParameter(f"{written!r} is not {error}") from None
    if found < LEAST_SOAK:
        raise click.BadParameter(f"{written} is too short to see anything grow: at least {LEAST_SOAK / 60:g}m")
    return found


@click.command()
@stack_argument
@override_option
@click.option("--from", "old", metavar="RELEASE", help="The release that runs; by default the stack's first.")
@click.option("--to", "new", metavar="RELEASE", help="The release to deploy and take back; by default its last.")
@click.option(
    "--scenario", "scenarios", multiple=True, type=click.Choice(list(SCENARIOS)), help="Only this; may be repeated."
)
@click.option(
    "--baseline",
    type=click.FloatRange(1, 3600),
    default=5.0,
    show_default=True,
    help="Seconds of load before the deployment.",
)
@click.option(
    "--hold",
    type=click.FloatRange(1, 3600),
    default=3.0,
    show_default=True,
    help="Seconds of load after each deployment and rollback.",
)
@click.option(
    "--soak",
    metavar="DURATION",
    callback=lambda _context, _option, value: None if value is None else _soak(value),
    help="Hold the new release under load for so long, e.g. 10m, and look for leaks; at least 5m.",
)
@click.option(
    "--recovery",
    is_flag=True,
    help="Measure recovery with a stated confidence, beside an untouched control; takes two minutes more.",
)
@click.option(
    "--faults",
    "under",
    metavar="[WHICH]",
    is_flag=False,
    flag_value="declared",
    help="Gate under faults: quick, standard, full, or names of faults, with commas; alone, as the stack declares.",
)
@click.option("--budget", metavar="DURATION", help="With --faults: take so long at most, what finds most first.")
@click.option("--dry-run", is_flag=True, help="Print the plans, and run nothing.")
@out_option
@keep_option
def gate(
    stack: Path,
    overrides: tuple[Path, ...],
    old: str | None,
    new: str | None,
    scenarios: tuple[str, ...],
    baseline: float,
    hold: float,
    soak: float | None,
    recovery: bool,
    under: str | None,
    budget: str | None,
    dry_run: bool,
    out: Path,
    keep: Keep,
) -> int:
    """Gate a release: deploy it, take it back, and judge both.

    STACK is a Compose file with an x-harness block. Exit code: 0 pass, 1 fail, 2 unknown, 3 the harness's own fault,
    4 usage.
    """
    found = load(stack, overrides)
    old, new = releases(found, old, new)
    wanted = Gate(found, old, new, Settings(baseline=baseline, hold=hold, soak=soak or 0.0, recovery=recovery))
    chosen = _cases(found, under, budget)
    plans = tuple(case_plan(wanted, one) for one in chosen) if chosen else wanted.plans(scenarios)
    for one in plans:
        one.check(found)
    if dry_run:
        show_plans(plans)
        return PASS
    from harness.commands.running import report_on
    from harness.engine import Engine
    from harness.plan.gating import run_cases, run_gate
    from harness.plan.run import Options, Run, of_stack

    if chosen:
        minutes = len(chosen) * CASE_SECONDS / 60
        say(f"{len(chosen)} cases, about {minutes:.0f} minutes", err=True)

    unseen = overlooked(found)
    for line in unseen:
        say(f"not looked at: {line}", err=True, fg="yellow")
    facts = RunStart(
        **of_stack(found), from_=old, to=new, command=sys.argv[1:], not_looked_at=unseen,
        files=_files(found, old, new),
    )  # fmt: skip
    options = Options(out=out, keep=keep, redactor=Redactor(found.secrets))
    with Engine.connect() as engine, Run(engine, options, facts) as run:
        if chosen:
            return report_on(run, found, lambda: run_cases(run, wanted, chosen))
        return report_on(run, found, lambda: run_gate(run, wanted, scenarios))


def _files(stack: Stack, old: str, new: str) -> tuple[str, ...]:
    """What the gate is about to run on; nothing where it cannot be read: whoever builds it says so."""
    from harness.checklist.inputs import inputs

    try:
        return inputs(stack, (old, new))
    except HarnessError:
        return ()


def _cases(stack: Stack, under: str | None, budget: str | None) -> list[Case]:
    """The cases of the gate under faults; none where it is not asked for."""
    if under is None:
        if budget is not None:
            raise click.UsageError("--budget is for --faults")
        return []
    names = [] if under == "declared" else [name for name in under.split(",") if name]
    return cases(stack, names, None if budget is None else _duration(budget))


def _duration(written: str) -> float:
    try:
        return seconds(written)
    except ValueError as error:
        raise click.BadParameter(f"{written!r} is not {error}") from None
