"""What a plan of the gate does beside, where the stack declares how what was acknowledged is read and counted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from harness.checks import reads
from harness.plan.steps import Step
from harness.plan.steps._base import fault
from harness.plan.steps._check_call import CheckCall
from harness.plan.steps.deploy import Deploy
from harness.plan.steps.effects import Effects, has_effects
from harness.plan.steps.hold import Hold
from harness.plan.steps.interrupt import Interrupt
from harness.plan.steps.read_everything import ReadEverything
from harness.plan.steps.read_everything import reads as reads_declared
from harness.plan.steps.recover import Recover
from harness.plan.steps.recovered import Recovered
from harness.plan.steps.rollback import Rollback
from harness.stack import Stack

FAULT = fault("")
LATER = 500  # records that are read after the second rollback and later ones


def with_reads(stack: Stack, steps: Sequence[Step], drain: float) -> Iterator[Step]:
    """The steps, with what reads and counts what was acknowledged: every phase that is held, and every window of
    recovery, is judged by `reads`, for the change before it too; after each phase that follows a change side effects
    are counted, and after each that follows a rollback everything that was acknowledged is read.

    Args:
        drain: seconds that side effects may take to be there.
    """
    # The first pass reads all that two changes could have spoilt. Those after it read enough to see what a further
    # change does to everything, and cost the gate less.
    changing: tuple[str, ...] = ()
    disturbed: tuple[str, ...] = ()
    on: set[str] = set()  # what faults give that are on
    back = read = False
    for step in steps:
        on = (on | {one for one in step.provides() if one.startswith(FAULT)}) - set(step.removes())
        if isinstance(step, Deploy | Rollback | Interrupt | Recovered):
            changing = (*changing, step.phase)
            disturbed = (*disturbed, step.phase) if on else disturbed
            back = isinstance(step, Rollback) or (back and isinstance(step, Recovered))
        if isinstance(step, Hold | Recover) and reads_declared(stack) and reads_beside(stack):
            yield step.model_copy(update={"checks": (*step.checks, reads_of(changing, disturbed))})
        else:
            yield step
        if isinstance(step, Hold):
            if back and reads_declared(stack):
                yield ReadEverything(phase=step.phase, **({"most": LATER} if read else {}))
                read = True
            if changing and has_effects(stack):
                yield Effects(phase=step.phase, within=drain)
            changing, disturbed, back = (), (), False


def reads_of(changing: Sequence[str], disturbed: Sequence[str]) -> CheckCall:
    """The check `reads` for what was written while a release changed; `disturbed` are those phases with a fault on.

    What a fault held up is still being done in the phases after it, until something waits for it: they are disturbed
    too.
    """
    first = next((number for number, phase in enumerate(changing) if phase in disturbed), len(changing))
    disturbed = changing[first:]
    asked = partial(reads.check, changing=list(changing)) if changing else reads.check
    return CheckCall.of(partial(asked, disturbed=list(disturbed)) if disturbed else asked)


def reads_beside(stack: Stack) -> bool:
    """Whether anything is read while a phase lasts."""
    workload = stack.harness.workload
    return workload is not None and workload.reads > 0
