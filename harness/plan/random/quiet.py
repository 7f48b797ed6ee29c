"""What must hold at a quiet point: nothing is on, nothing runs but the load, and everything is judged."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Literal

from harness.checks import queue, trace
from harness.plan.gate import QUEUE_SLACK, Gate, standing
from harness.plan.reading import LATER, reads_beside, reads_of
from harness.plan.steps import Step
from harness.plan.steps._check_call import CheckCall
from harness.plan.steps.against import Against
from harness.plan.steps.check import Check
from harness.plan.steps.drain import Level
from harness.plan.steps.effects import Effects, has_effects
from harness.plan.steps.fingerprint import Fingerprint
from harness.plan.steps.hold import Hold
from harness.plan.steps.read_back import ReadBack, reads_back
from harness.plan.steps.read_everything import ReadEverything
from harness.plan.steps.read_everything import reads as reads_declared
from harness.plan.steps.recover import Recover
from harness.servers import queue_of


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
        yield Hold(phase=phase, seconds=self._gate.settings.hold, drain=self.level(), checks=asked)
        yield self._judge(phase, self._standing(release))
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

    def level(self) -> Level | None:
        """When the queue is down; None where the stack declares none."""
        if queue_of(self._stack.harness) is None:
            return None
        return Level(within=self._gate.settings.drain, baseline="baseline", slack=QUEUE_SLACK)

    def _standing(self, release: str) -> tuple[CheckCall, ...]:
        asked = standing(self._stack, release)
        if queue_of(self._stack.harness) is None:
            return asked
        within = self._gate.settings.drain
        return (*asked, CheckCall.of(partial(queue.check, baseline="baseline", within=within, slack=QUEUE_SLACK)))

    def _judge(self, phase: str, checks: tuple[CheckCall, ...]) -> Step:
        if self._control is None:
            return Check(phase=phase, checks=checks)
        return Against(phase=phase, control=self._control, checks=checks)

    def _reads(self) -> bool:
        return reads_declared(self._stack) and reads_beside(self._stack)
