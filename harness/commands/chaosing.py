"""A campaign as the command runs it: with live progress, and its report at the end whatever ended it."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path

from harness import files
from harness.chaos import stopping
from harness.chaos.campaign import Campaign
from harness.chaos.ledger import Ledger
from harness.chaos.live import Live
from harness.chaos.records import Kept
from harness.chaos.running import StackPlans
from harness.chaos.seeds import Shard
from harness.chaos.summary import exit_code, show
from harness.chaos.tasks import Limits
from harness.commands.say import say
from harness.engine import Engine
from harness.errors import UsageError, unwritable
from harness.plan.random import Bounds
from harness.report.terminal import Steady
from harness.signals import uninterrupted
from harness.stack import Stack

GIGABYTE = 1e9


@dataclass(frozen=True, slots=True)
class Call:
    """What `harness chaos run` was called with."""

    stack: Stack
    old: str
    new: str
    seed: int
    shard: Shard
    minutes: float | None
    plans: int | None
    until_failure: bool
    jobs: int
    steps: int | None
    plan_seconds: float | None
    shrink: bool
    ledger: Path
    out: Path
    keep_free: float

    @property
    def bounds(self) -> Bounds:
        """Of each plan."""
        default = Bounds()
        return Bounds(self.steps or default.steps, self.plan_seconds or default.seconds)

    @property
    def limits(self) -> Limits:
        """Of the campaign."""
        seconds = None if self.minutes is None else self.minutes * 60.0
        return Limits(seconds, self.plans, self.until_failure, self.jobs, int(self.keep_free * GIGABYTE))


def campaign(call: Call) -> int:
    """Run it. Returns the exit code.

    Raises:
        UsageError: the stack has no random plans, or the lever is pulled. KeyboardInterrupt, Terminated: somebody ended
            it; what ran until then is kept, and was reported.
    """
    lever = stopping.lever()
    if (said := stopping.pulled(lever)) is not None:
        raise UsageError(
            "Chaos runs are stopped on this machine", where=str(lever), got=said,
            hint="`harness chaos allow` lets them begin again",
        )  # fmt: skip
    plans = StackPlans(call.stack, call.old, call.new, call.bounds, call.out, call.jobs)
    about = plans.about(call.seed)
    runs = call.out / about.id
    try:
        files.directory(runs)
    except OSError as error:
        raise unwritable("The directory of the runs cannot be made", runs, error) from error
    plans = StackPlans(call.stack, call.old, call.new, call.bounds, runs, call.jobs)
    with Engine.connect():  # one error now, rather than one for each plan
        pass
    with Ledger(call.ledger) as ledger:
        ledger.begin(about)
        with Live(about, call.limits, ledger.campaign(about.id)) as live:
            going = Campaign(
                ledger, about, plans.make, plans.run, call.limits, live, runs, lever, call.shard,
                plans.shrink if call.shrink else None, plans.pace(ledger, about),
            )  # fmt: skip
            kept = going.work()
        with uninterrupted():
            _report(call, kept, going.over)
    if going.interrupted is not None:
        raise going.interrupted
    return exit_code([kept])


def _report(call: Call, kept: Kept, over: str) -> None:
    show(Steady(), [kept])
    again = [
        "harness",
        "chaos",
        str(call.stack.file),
        *(word for one in call.stack.overrides for word in ("-f", str(one))),
    ]
    again += ["--from", call.old, "--to", call.new, "--seed", str(call.seed), "--ledger", str(call.ledger)]
    if call.shard.of > 1:
        again += ["--shard", str(call.shard)]
    say(f"\nended:   {over}")
    say(f"ledger:  {call.ledger}")
    say(f"goes on: {shlex.join(again)} --minutes 30")
    say(f"page:    harness chaos report {shlex.quote(str(call.ledger))} --html chaos.html")
