"""What must hold at a quiet point: nothing is on, nothing runs but the load, and everything is judged."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Literal

from harness.checks import trace
from harness.plan.gate import Gate
from harness.plan.reading import LATER, reads_beside, reads_of
from harness.plan.standing import drained, level, standing
from harness.plan.steps import Step
from harness.plan.steps._check_call import CheckCall
from harness.plan.steps.against import Against
from harness.plan.steps.check import Check
from harness.plan.steps.effects import Effects, has_effects
from harness.plan.steps.fingerprint import Fingerprint
from harness.plan.steps.hold import Hold
from harness.plan.steps.read_back import ReadBack, reads_back
from harness.plan.steps.read_everything import ReadEverything
from harness.plan.steps.read_everything import reads as reads_declared
from harness.plan.steps.recover import Recover


class Quiet:
    """Writes quiet points.

    Args:
        gate: the stack, the releases and how long is looked.
        control: the phase in which the plan's faults were healed where nothing was deployed; None without faults. What
            fails there as well is the stack's own weakness.
    """

    def __init__(self, gate: Gate, control: str | None) -> None:
        self._gate, self._stack, self._control = gate, gate.stack, control

    def steps(
        self, phase: str, verb: Literal["deploy", "rollback"], changing: Sequence[str], disturbed: Sequence[str]
    ) -> Iterator[Step]:
        """Hold a phase; then convergence and what else stands, acknowledged work, recovery; on the old release that
        nothing is left of the new one.

        Args:
            changing: the phases of the commands before it, what was written in which is read now.
            disturbed: those of them in which a fault was on.
        """
        back, drain = verb == "rollback", self._gate.settings.drain
        release = self._gate.old if back else self._gate.new
        # Reads are judged by what was written in this plan: the control has nothing to compare them with.
        asked = (reads_of(changing, disturbed),) if self._reads() else ()
        yield Hold(phase=phase, seconds=self._gate.settings.hold, drain=level(self._stack, drain), checks=asked)
        yield self._judge(phase, (*standing(self._stack, release), *drained(self._stack, drain)))
        if reads_back(self._stack):
            yield ReadBack(phase=phase, within=drain)
        if back and reads_declared(self._stack):
            yield ReadEverything(phase=phase, most=LATER)
        if has_effects(self._stack):
            yield Effects(phase=phase, within=drain)
        yield Recover(phase=phase, within=self._stack.harness.recovery.within, hold=self._gate.settings.hold)
        if back:
            yield Fingerprint(phase=phase)
            yield self._judge(phase, (CheckCall.of(partial(trace.check, before="baseline")),))

    def _judge(self, phase: str, checks: tuple[CheckCall, ...]) -> Step:
        if self._control is None:
            return Check(phase=phase, checks=checks)
        return Against(phase=phase, control=self._control, checks=checks)

    def _reads(self) -> bool:
        return reads_declared(self._stack) and reads_beside(self._stack)
