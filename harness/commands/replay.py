"""`harness replay`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.commands.options import out_option
from harness.commands.say import say
from harness.history import EVENTS, read
from harness.printable import clean

if TYPE_CHECKING:
    from harness.plan.plan_process import PlanResult
    from harness.plan.saved import SavedPlan


@click.command()
@click.argument("run", type=click.Path(path_type=Path, exists=True))
@click.option("--times", type=click.IntRange(1, 1000), default=1, show_default=True, help="How often it is run.")
@click.option("--jobs", type=click.IntRange(1, 64), default=1, show_default=True, help="How many runs at once.")
@click.option("--scenario", help="The plan, where the run has several; by default the one that failed.")
@click.option("--although-changed", is_flag=True, help="Run it although the stack has changed since.")
@out_option
def replay(run: Path, times: int, jobs: int, scenario: str | None, although_changed: bool, out: Path) -> int:
    """Run the very plan of a saved run again: the same steps, releases, faults and seed.

    RUN is a run's directory, e.g. runs/latest. Prints what came of each run, how often it failed with the 95 %
    interval, and whether it was the same failure. Exit code: 1 if any run failed, 2 if any is unknown, else 0.
    """
    saved = plan_of(run, scenario)
    stack = saved.stack(although_changed=although_changed)
    saved.plan.check(stack)
    from harness.plan.plan_process import PlanOrder
    from harness.plan.repeating import repeat
    from harness.plan.run_id import new_run_id

    _begin(saved)
    order = PlanOrder(saved.plan, stack.file, stack.overrides, saved.seed)
    directory = out / f"replay-{new_run_id()}"
    results = repeat(order, times, jobs, directory, lambda number, found: _tell(number, times, found, saved))
    return _sum_up(results, saved, directory)


def plan_of(run: Path, scenario: str | None) -> SavedPlan:
    """The plan of a run's directory, or of its history.

    Raises:
        UsageError: it has none, or it cannot be told which. HistoryError: its history cannot be read.
    """
    from harness.plan.saved import saved_plan

    file = run / EVENTS if run.is_dir() else run
    return saved_plan(read(file), scenario, str(file))


def _begin(saved: SavedPlan) -> None:
    plan = saved.plan
    seed = "a seed that is not known: faults may pick others" if saved.seed is None else f"seed {saved.seed}"
    say(f"{clean(plan.name)}: {len(plan.steps)} steps, from {plan.old} to {plan.new}, {seed}")
    say(f"then: {clean(str(saved.signature)) if saved.signature else 'no check failed'}")


def _tell(number: int, times: int, found: PlanResult, saved: SavedPlan) -> None:
    same = ""
    if found.signature is not None:
        same = "  the same failure" if found.signature.same(saved.signature) else f"  {clean(str(found.signature))}"
    reason = f"  {clean(found.reason)}" if found.outcome == "unknown" else ""
    where = f"  {found.directory}" if found.directory else ""
    say(f"{number:>{len(str(times))}} of {times}  {found.outcome:<7}  {found.seconds:5.1f} s{same}{reason}{where}")


def _sum_up(results: list[PlanResult], saved: SavedPlan, directory: Path) -> int:
    from harness.plan.shrinking.rate import FailureRate
    from harness.verdict import Outcome

    outcomes = [one.outcome for one in results]
    failed, unknown = outcomes.count(Outcome.FAIL), outcomes.count(Outcome.UNKNOWN)
    say(str(FailureRate(failed, len(results) - unknown)))
    if failed and saved.signature is not None:
        same = sum(saved.signature.same(one.signature) for one in results)
        say(f"the same failure as then: {same} of {failed}" if same < failed else "each time the same failure as then")
    if unknown:
        say(f"unknown, neither pass nor fail: {unknown}")
    say(f"evidence: {directory}")
    return (Outcome.FAIL if failed else Outcome.UNKNOWN if unknown else Outcome.PASS).exit_code
