"""`harness incident`."""

from __future__ import annotations

import sys
from pathlib import Path

import click
from rich.console import Console

from harness.commands.options import keep_option, out_option
from harness.commands.running import report_on
from harness.commands.say import say
from harness.engine import Engine
from harness.environment import Keep
from harness.events import RunStart
from harness.files import write
from harness.plan.gate import Gate
from harness.plan.gating import in_environment, run_gate
from harness.plan.incident import Incident, replay, timeline
from harness.plan.run import Options, Run
from harness.redaction import Redactor
from harness.report.timeline import TimelineEntry, lines, pair, table
from harness.stack import load
from harness.verdict import Verdict, combine

OURS, THEIRS = "this replay (min:s)", "4 April 2012 (Pacific time)"
SCRIPT = Path("fixtures/reference/incident.yaml")


@click.command()
@click.argument("script", type=click.Path(path_type=Path), default=SCRIPT, metavar="[SCRIPT]")
@out_option
@keep_option
def incident(script: Path, out: Path, keep: Keep) -> int:
    """Replay the outage of April 2012 on the reference stack, in minutes instead of hours; then the same hot-fix with
    the deployer fixed, where the gate passes.

    Prints the timeline beside the original's. Exit code 0 when every link of the causal chain happened again, and the
    gate passes on the fixed stack.
    """
    found = Incident.load(script)
    broken, fixed = load(found.stack, found.override), load(found.stack)
    plan = replay(found, broken)
    plan.check(broken)
    original = [{"minute": one.minute, "time": one.time, "text": one.text} for one in found.original]
    facts = RunStart(stack=broken.name, from_=found.old, to=found.new, original=original, command=sys.argv[1:])
    options = Options(out=out, keep=keep, redactor=Redactor({*broken.secrets, *fixed.secrets}))
    with Engine.connect() as engine, Run(engine, options, facts) as run:

        def work() -> Verdict:
            verdicts = in_environment(run, broken, plan)
            return combine([combine(verdicts), run_gate(run, Gate(fixed, found.old, found.new))])

        code = report_on(run, broken, work)
        _show(run, found)
        return code


def _show(run: Run, found: Incident) -> None:
    """Both timelines beside each other."""
    ours = [TimelineEntry(at, text, key) for at, key, text in timeline(run.history.events)]
    theirs = [TimelineEntry(row.minute * 60.0, row.text, row.event, label=row.time) for row in found.original]
    rows = pair(ours, theirs)
    console = Console()
    plain = "\n".join(lines(rows, ours=OURS, theirs=THEIRS)) + "\n"
    write(run.directory / "timeline.txt", plain)
    if console.is_terminal:
        console.print(table(rows, ours=OURS, theirs=THEIRS))
    else:
        say(plain, nl=False)
