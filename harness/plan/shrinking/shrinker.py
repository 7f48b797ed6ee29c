"""Cutting a failing plan down, until nothing more can go or the time is over.

The failure's signature decides, not that a run failed. First is measured how often the plan fails; then each candidate
is run as often as Wald's test demands, against that rate. A candidate that makes no sense on the stack costs nothing.
At the end the plan that is left is run afresh: those runs alone say how often it fails, because it was chosen by the
others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from harness.clock import Clock, SystemClock
from harness.errors import UsageError
from harness.plan.plan import Plan
from harness.plan.shrinking.cut import Cut, cost, identity, sensible
from harness.plan.shrinking.outcomes import Outcomes, Tried, digest
from harness.plan.shrinking.rate import FailureRate
from harness.plan.shrinking.slots import Counted, Slots, Try
from harness.plan.shrinking.structure import structures
from harness.plan.shrinking.values import values
from harness.plan.shrinking.wald import Wald
from harness.plan.signature import Signature
from harness.stack import Stack
from harness.verdict import Outcome

SURE = 3  # failures after which the rate is measured
MEASURE_MOST = 20  # runs after which it is, too
MAX_UNKNOWN = 5  # runs without a single verdict after which it cannot be
SEARCH = 0.85  # share of the time that the search may take; the rest is for the runs that confirm


@dataclass(frozen=True, slots=True)
class ShrinkSettings:
    """How a plan is shrunk.

    Attributes:
        jobs: runs at once.
        seconds: that it may take; what is under way then is stopped.
        confirm: fresh runs of what is left.
    """

    jobs: int = 2
    seconds: float = 720.0
    confirm: int = 10


@dataclass(frozen=True, slots=True)
class Shrunk:
    """What came of it.

    Attributes:
        before, after: the plan, and what is left of it; the same where nothing could go.
        signature: what the failure is recognised by; None where the plan did not fail.
        measured: how often the plan failed before anything was cut but what comes after the step that failed.
        confirmed: how often what is left failed, in fresh runs.
        runs: in all, this time. unknown: runs that came to no verdict.
        finished: nothing more could go; else that is not known, because the time was over, or because a candidate came
            to no verdict.
    """

    before: Plan
    after: Plan
    signature: Signature | None
    measured: FailureRate
    confirmed: FailureRate
    runs: int
    unknown: int
    seconds: float
    finished: bool


@dataclass
class Shrinker:
    """Shrinks plans on a stack.

    Attributes:
        stack: what decides whether a plan makes sense.
        attempt: runs a plan once.
        outcomes: what is known already, and what is added.
        say: told about progress, a sentence at a time.
        ended: whether somebody asks for the end: then it ends as if its time were over.
    """

    stack: Stack
    attempt: Try
    outcomes: Outcomes
    settings: ShrinkSettings = field(default_factory=ShrinkSettings)
    clock: Clock = field(default_factory=SystemClock)
    say: Callable[[str], None] = lambda _words: None
    ended: Callable[[], bool] = lambda: False

    def shrink(self, plan: Plan, target: Signature | None = None, failing: int | None = None) -> Shrunk:
        """Shrink a plan.

        Args:
            target: the failure that is looked for; None for the one that its first failed run has.
            failing: the number of the step that failed first, from 1; None where that is not known.

        Raises:
            UsageError: the plan makes no sense on the stack.
        """
        plan.check(self.stack)
        began = self.clock.monotonic()
        slots = self._slots(began + self.settings.seconds * SEARCH)
        base = self._first(plan, failing)
        target, measured, tried = self._measure(slots, base, target)
        if target is None or not measured.failed:
            return self._result(plan, plan, None, measured, FailureRate(0, 0), slots, began, finished=False)
        test = Wald.of_rate(measured.failed / measured.of)
        self.say(f"the plan {measured} ({target})")
        search = _Search(self, slots, plan, target, test)
        base = search.run(base, _step(tried, target) or failing)
        late = self._slots(began + self.settings.seconds)
        confirmed = self._confirm(late, base, target)
        late.runs += slots.runs
        return self._result(plan, base, target, measured, confirmed, late, began, finished=search.finished)

    def _slots(self, until: float) -> Slots:
        return Slots(
            self.attempt,
            self.outcomes,
            self.settings.jobs,
            lambda: self.ended() or self.clock.monotonic() >= until,
            lambda plan, tried: self.say(f"  {len(plan.steps)} steps: {tried.outcome}, {tried.seconds:.0f} s"),
        )

    def _first(self, plan: Plan, failing: int | None) -> Plan:
        """Without what comes after the step that failed first: it cannot matter to it."""
        cut = next(iter(structures(plan, failing, "")), None) if failing is not None else None
        return cut.plan if cut and failing and failing < len(plan.steps) and self.legal(cut.plan, plan) else plan

    def legal(self, plan: Plan, of: Plan) -> bool:
        """Whether a plan that was cut out of another one makes sense."""
        if not plan.steps or not sensible(plan, of):
            return False
        try:
            plan.check(self.stack)
        except UsageError:
            return False
        return True

    def _measure(
        self, slots: Slots, plan: Plan, target: Signature | None
    ) -> tuple[Signature | None, FailureRate, tuple[Tried, ...]]:
        def enough(tried: tuple[Tried, ...]) -> int:
            wanted = target or _signature(tried)
            known = [one for one in tried if one.outcome is not Outcome.UNKNOWN]
            failed = sum(wanted is not None and wanted.same(one.signature) for one in known)
            unknown = len(tried) - len(known)
            return 0 if unknown >= MAX_UNKNOWN + len(known) else min(SURE - failed, MEASURE_MOST - len(known))

        tried = slots.repeat(plan, enough)
        wanted = target or _signature(tried)
        if wanted is None:
            known = [one for one in tried if one.outcome is not Outcome.UNKNOWN]
            return None, FailureRate(0, len(known)), tried
        return wanted, _rate(tried, wanted), tried

    def _confirm(self, slots: Slots, plan: Plan, target: Signature) -> FailureRate:
        before = len(self.outcomes.of(plan))
        tried = slots.repeat(plan, lambda every: self.settings.confirm - len(every[before:]))
        return _rate(tried[before:], target)

    def _result(
        self,
        before: Plan,
        after: Plan,
        target: Signature | None,
        measured: FailureRate,
        confirmed: FailureRate,
        slots: Slots,
        began: float,
        *,
        finished: bool,
    ) -> Shrunk:
        seconds = round(self.clock.monotonic() - began, 1)
        return Shrunk(
            before, after, target, measured, confirmed, slots.runs, self.outcomes.unknown(), seconds, finished
        )


class _Search:
    """The search for a smaller plan that fails in the same way."""

    def __init__(self, shrinker: Shrinker, slots: Slots, original: Plan, target: Signature, test: Wald) -> None:
        self._shrinker, self._slots, self._original = shrinker, slots, original
        self._target, self._test = target, test
        self.finished = False

    def run(self, base: Plan, failing: int | None) -> Plan:
        """What is left: structure first, then values; and structure again where a value changed."""
        while True:
            check, undecided = self._target.check, False
            cut = self._kept(base, failing, structures(base, failing, check))
            if cut is None:
                undecided = self._slots.undecided
                cut = self._kept(base, failing, values(base, failing, check, self._shrinker.stack))
            if cut is None:
                self.finished = not (self._slots.over() or undecided or self._slots.undecided)
                return base
            base = cut.plan
            failing = _step(self._slots.outcomes.of(base), self._target)
            self._shrinker.say(f"{len(base.steps)} steps: {cut.words}")

    def _kept(self, base: Plan, failing: int | None, cuts: Iterable[Cut]) -> Cut | None:
        """The first simpler plan that fails as the original does. Without the step that failed none can."""
        place = None if failing is None else identity(base.steps[failing - 1])
        legal: dict[str, Cut] = {}
        most = cost(base)
        for cut in cuts:
            key = digest(cut.plan)
            judged = place is None or place in map(identity, cut.plan.steps)
            if judged and key not in legal and cost(cut.plan) < most and self._shrinker.legal(cut.plan, self._original):
                legal[key] = cut
        return self._slots.first(list(legal.values()), self._test, self._target)


def _signature(tried: Iterable[Tried]) -> Signature | None:
    """That of the first run that failed."""
    return next((one.signature for one in tried if one.signature is not None), None)


def _step(tried: Iterable[Tried], target: Signature) -> int | None:
    """The step in which the failure was seen last."""
    found = [one.step for one in tried if target.same(one.signature)]
    return found[-1] if found else None


def _rate(tried: Iterable[Tried], target: Signature) -> FailureRate:
    counted = Counted.of(tried, target)
    return FailureRate(counted.failed, counted.failed + counted.passed)
