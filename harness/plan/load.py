"""The workload as a trial uses it: it also says whether performance came back."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from harness.checks import recovery
from harness.errors import HarnessError, NotMeasured, UsageError
from harness.events import Note
from harness.history import History
from harness.plan.control import SharedControl
from harness.stack import Recovery
from harness.verdict import Outcome, Verdict
from harness.waiting import pause
from harness.workload import Spec, Window, Workload
from harness.workload.spec import at_rate

LOOK_1, LOOK_2 = 1, 2

Judge = Callable[..., Verdict]  # takes a check with its parameters, and the `phase`
Beside = Callable[[float | None], SharedControl]  # brings the control up, at this rate or the declared one


class ComparedWorkload(Workload):
    """A workload that can be compared with its own baseline.

    Args:
        declared: what recovery means.
        judge: gives the verdict of the check `recovery`, and `record` keeps one.
        beside: brings the control up; None where there can be none.
    """

    def __init__(
        self,
        spec: Spec,
        history: History,
        *,
        declared: Recovery,
        judge: Judge,
        record: Callable[[Verdict, str], Verdict],
        beside: Beside | None,
        rate: float | None = None,
        samples: Path | None = None,
    ) -> None:
        super().__init__(spec, history, samples=samples)
        self.declared, self._judge, self._record, self._beside, self._rate = declared, judge, record, beside, rate
        self.control: SharedControl | None = None

    def baseline(self, seconds: float | None = None, phase: str = "baseline") -> Window:
        """Measure for so many seconds; starts the workload if it is not running.

        Args:
            seconds: None for as long as `x-harness: recovery: baseline` says, beside the control, as `recovered` needs.
        """
        if seconds is None:
            self.compare()
            seconds = self.declared.baseline
        return super().baseline(seconds, phase)

    def compare(self) -> None:
        """From here on the control runs beside. Where there can be none, the history says why."""
        if self.control is not None or not self.declared.control or self._beside is None:
            return
        try:
            self.control = self._beside(self._rate)
            self.control.follow(self._history)
        except HarnessError as error:
            self._without(error)

    def recovered(self, baseline: Window | str = "baseline", phase: str = "recovered") -> Verdict:
        """Measure whether performance is as in the baseline, or comes to be so within `x-harness: recovery: within`.

        Call it when what has to be recovered from is over: the time counts from here. It looks after `hold` seconds and
        then, where that is no pass, once more `within` and twice `hold` seconds after the beginning.

        Args:
            baseline: what `baseline` returned, or the name of its phase.
            phase: the name of what is measured now.

        Raises:
            UsageError: the workload is not running.
        """
        if not self.running():
            raise UsageError("The workload is not running", hint="workload.baseline() starts it; recovery needs one")
        before = baseline if isinstance(baseline, str) else baseline.phase
        found = self._look(phase, before, self.declared.hold, since=0.0, look=LOOK_1)
        hopeless = found.outcome is Outcome.FAIL and self.declared.within <= 0.0
        if not found and not hopeless:
            self._history.record(Note(f"looking a second and last time: {found.reason}"))
            more = self.declared.within + self.declared.hold
            found = self._look(phase, before, more, since=self.declared.within, look=LOOK_2)
        return self._record(found, phase)

    def push(self, share: float = 0.2, seconds: float = 2.0, phase: str = "push") -> Window:
        """Send so much more for a while, beside the load that runs: what recovered has to absorb it. The check
        `metastable` takes the phase as its `push`.

        Args:
            share: of the load's rate.
            seconds: for how long.

        Raises:
            UsageError: the workload is not running. NotMeasured: the generator broke.
        """
        if not self.running():
            raise UsageError("The workload is not running", hint="workload.start() first: a push is more than a load")
        path = None if self._given is None else self._given.with_stem(f"{self._given.stem}-push")
        spec = at_rate(self.spec, self.spec.rate * share)
        with Workload(spec, self._history, samples=path) as more:
            return more.baseline(seconds, phase)

    def _look(self, phase: str, before: str, seconds: float, *, since: float, look: int) -> Verdict:
        with self.window(phase):
            pause(seconds, self._clock)
        declared = self.declared
        asked = partial(
            recovery.check,
            baseline=before,
            tolerances=dict(declared.tolerance),
            errors=declared.errors,
            confidence=declared.confidence,
            within=declared.within,
            since=since,
            look=look,
        )
        return self._judge(asked, phase=phase)

    def bring(self) -> None:
        """Have in the history how much is saved up to now, and what the control measured."""
        self.count()
        if self.control is None:
            return
        try:
            self.control.bring(self._history.at(self._clock.monotonic()))
        except (NotMeasured, OSError) as error:
            self._without(error)

    def _without(self, error: Exception) -> None:
        self.control = None
        said = error.what + (f" ({error.got})" if error.got else "") if isinstance(error, HarnessError) else str(error)
        self._history.record(Note(f"recovery is judged without a control: {said}"))
