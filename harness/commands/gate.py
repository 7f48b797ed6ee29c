"""`harness gate`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.checks import counted
from harness.commands.options import (
    from_option,
    keep_option,
    out_option,
    override_option,
    releases,
    since_option,
    stack_argument,
    to_option,
)
from harness.commands.say import say, show_plans
from harness.errors import PASS
from harness.events import RunStart
from harness.plan.budget import about, estimate, fitting, named
from harness.plan.cases import cases
from harness.plan.gate import SCENARIOS, Gate, Settings
from harness.plan.overlooked import overlooked
from harness.plan.plan import Plan
from harness.plan.under_faults import plan as case_plan
from harness.redaction import Redactor
from harness.stack import load
from harness.stack.quantities import seconds

if TYPE_CHECKING:
    from harness.environment import Keep
    from harness.report.since import Earlier


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
@from_option
@to_option
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
@click.option(
    "--budget",
    metavar="DURATION",
    callback=lambda _context, _option, value: None if value is None else _budget(value),
    help="Take about so long at most, e.g. 5m: what finds most first. What is left out is named.",
)
@since_option
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
    budget: float | None,
    since: Earlier | None,
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
    plans = _plans(wanted, scenarios, under, alone=budget is None)
    for one in plans:
        one.check(found)
    _foretell(plans, budget)
    if dry_run:
        show_plans(fitting(plans, budget)[0])
        return PASS
    from harness.commands.running import report_on
    from harness.engine import Engine
    from harness.plan.gating import run_plans
    from harness.plan.run import Options, Run, of_stack

    unseen = overlooked(found)
    for line in unseen:
        say(f"not looked at: {line}", err=True, fg="yellow")
    facts = RunStart(
        **of_stack(found, (old, new)), from_=old, to=new, command=sys.argv[1:], not_looked_at=unseen,
    )  # fmt: skip
    options = Options(out=out, keep=keep, redactor=Redactor(found.secrets))
    with Engine.connect() as engine, Run(engine, options, facts) as run:
        return report_on(run, found, lambda: run_plans(run, found, plans, budget), since)


def _plans(gate: Gate, scenarios: tuple[str, ...], under: str | None, *, alone: bool) -> tuple[Plan, ...]:
    """What is run, what finds most first: the scenarios, then the cases under faults.

    Args:
        alone: where cases are asked for, nothing else is run.
    """
    if under is None:
        return gate.plans(scenarios)
    names = [] if under == "declared" else [name for name in under.split(",") if name]
    under_faults = tuple(case_plan(gate, one) for one in cases(gate.stack, names))
    return under_faults if alone and not scenarios else (*gate.plans(scenarios), *under_faults)


def _foretell(plans: Sequence[Plan], budget: float | None) -> None:
    """Say beforehand about how long it takes, and what there is no time for."""
    kept, left = fitting(plans, budget)
    seconds = sum(map(estimate, kept))
    say(f"{counted(len(kept), 'plan')}, {about(seconds)}: {named(one.name for one in kept)}", err=True)
    if left:
        said = f"no time for {counted(len(left), 'plan')}, unless the others take less"
        say(f"{said}: {named(one.name for one in left)}", err=True, fg="yellow")


def _budget(written: str) -> float:
    """How long the whole may take, in seconds.

    Raises:
        BadParameter: that is no duration, or no time at all.
    """
    try:
        found = seconds(written)
    except ValueError as error:
        raise click.BadParameter(f"{written!r} is not {error}") from None
    if found <= 0.0:
        raise click.BadParameter(f"{written} is no time at all: e.g. 5m")
    return found
