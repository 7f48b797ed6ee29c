"""`harness plan shrink`: in a file of its own, because it has much to say."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.commands.options import out_option, override_option
from harness.commands.replay import plan_of
from harness.commands.say import say
from harness.errors import PASS, UNKNOWN, UsageError, unwritable
from harness.files import write
from harness.plan.plan import load
from harness.printable import clean
from harness.stack import Stack
from harness.stack import load as load_stack

if TYPE_CHECKING:
    from harness.plan.saved import SavedPlan
    from harness.plan.shrinking.outcomes import Outcomes
    from harness.plan.shrinking.shrinker import Shrunk

MINIMAL, KEPT = "minimal.yaml", "outcomes.jsonl"


@click.command()
@click.argument("what", metavar="RUN|FILE", type=click.Path(path_type=Path, exists=True))
@click.argument("stack", type=click.Path(path_type=Path), required=False)
@override_option
@click.option("--jobs", type=click.IntRange(1, 64), default=2, show_default=True, help="How many runs at once.")
@click.option("--minutes", type=click.FloatRange(0.1, 1440), default=12.0, show_default=True, help="How long at most.")
@click.option("--confirm", type=click.IntRange(1, 100), default=10, show_default=True, help="Fresh runs of the result.")
@click.option("--scenario", help="The plan of RUN, where it has several; by default the one that failed.")
@click.option("--although-changed", is_flag=True, help="Of RUN: although the stack has changed since.")
@out_option
def shrink(
    what: Path,
    stack: Path | None,
    overrides: tuple[Path, ...],
    jobs: int,
    minutes: float,
    confirm: int,
    scenario: str | None,
    although_changed: bool,
    out: Path,
) -> int:
    """Cut a plan that fails down to the few steps that matter.

    RUN is the directory of a run that failed; or FILE is a plan, and STACK what it runs on. Every outcome is kept:
    the same command goes on where it was ended. Exit code: 0 when the plan that is left failed again, 2 otherwise.
    """
    saved, on = _meant(what, stack, overrides, scenario, although_changed)
    saved.plan.check(on)
    from harness.plan.shrinking.outcomes import Outcomes, digest
    from harness.plan.shrinking.running import InProcesses
    from harness.plan.shrinking.shrinker import Shrinker, ShrinkSettings
    from harness.stack.digest import digests

    directory = out / f"shrink-{digest(saved.plan)[:12]}"
    about = {"plan": digest(saved.plan), **digests(on)}
    outcomes = Outcomes(directory / KEPT, about)
    try:
        _begin(saved, outcomes, directory)
        settings = ShrinkSettings(jobs, minutes * 60.0, confirm)
        attempt = InProcesses(on, saved.seed, directory / "tries")
        shrinker = Shrinker(on, attempt, outcomes, settings, say=lambda words: say(clean(words)))
        return _tell(shrinker.shrink(saved.plan, saved.signature, saved.step), directory)
    finally:
        outcomes.close()


def _meant(
    what: Path, stack: Path | None, overrides: tuple[Path, ...], scenario: str | None, although_changed: bool
) -> tuple[SavedPlan, Stack]:
    """The plan, and what it runs on.

    Raises:
        UsageError: a run that did not fail; a file without a stack, or a run with one.
    """
    from harness.plan.saved import SavedPlan

    if not what.is_dir():
        if stack is None:
            raise UsageError(
                "A plan's file needs a stack to run on",
                where=str(what),
                hint=f"harness plan shrink {what} compose.yaml",
            )
        return SavedPlan(load(what), None), load_stack(stack, overrides)
    if stack is not None or overrides:
        raise UsageError("A run knows its stack", where=str(what), got=str(stack or overrides[0]), hint="leave it out")
    saved = plan_of(what, scenario)
    if saved.signature is None:
        raise UsageError(
            "The plan did not fail in this run", where=str(what), got=saved.plan.name, expected="a run that failed",
            hint="`harness replay` runs it again, as often as you like",
        )  # fmt: skip
    return saved, saved.stack(although_changed=although_changed)


def _begin(saved: SavedPlan, outcomes: Outcomes, directory: Path) -> None:
    say(f"{clean(saved.plan.name)}: {len(saved.plan.steps)} steps; outcomes are kept in {directory}")
    if outcomes.lost:
        say(f"{outcomes.lost} runs were started before and lost: they are unknown", err=True, fg="yellow")


def _tell(found: Shrunk, directory: Path) -> int:
    if found.signature is None:
        say(f"there is nothing to shrink: the plan {found.measured}")
        return UNKNOWN
    before, after = len(found.before.steps), len(found.after.steps)
    say(f"{before} steps before, {after} after; {found.runs} runs in {found.seconds / 60:.1f} minutes")
    say(f"{clean(str(found.signature))}: it {found.confirmed} (before it was cut: {found.measured})")
    if found.unknown:
        say(f"runs that came to no verdict, and count for nothing: {found.unknown}")
    if not found.finished:
        say("more may go: the time was over, or a smaller plan came to no verdict", fg="yellow")
    file = directory / MINIMAL
    try:
        write(file, f"# {clean(str(found.signature))}: {found.confirmed}\n{found.after.to_yaml()}")
    except OSError as error:
        raise unwritable("The plan cannot be written", file, error) from error
    say("\n".join(found.after.lines()))
    say(f"plan: {file}")
    return PASS if found.confirmed.failed else UNKNOWN
