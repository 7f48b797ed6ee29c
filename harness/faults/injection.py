"""Running a fault: it is injected, has to bite, is healed whatever happens, and has to be gone.

    with inject(environment, fault) as running:
        ...

Everything ends in the history (`fault.inject`, `fault.heal`). A block that ends well under a fault that touched
nothing, or that cannot be shown to be gone, raises FaultUnproven: what was measured under it proves nothing. An error
of the block is never hidden.
"""

from __future__ import annotations

import itertools
import random
import threading
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self
from weakref import WeakKeyDictionary

from harness import faults
from harness.errors import FaultUnproven, HarnessError
from harness.events import FaultHeal, FaultInject
from harness.faults._base import Active, Evidence, Fault, FaultContext
from harness.faults.cache import take_marks
from harness.signals import uninterrupted
from harness.waiting import poll

if TYPE_CHECKING:
    from harness.environment import Environment

POLL_EVERY = 0.05  # s between two looks at the evidence while it is waited for
_COUNTS: WeakKeyDictionary[Environment, itertools.count[int]] = WeakKeyDictionary()
_COUNTING = threading.Lock()


class Faults:
    """The faults of one environment, by name: `faults.latency("backend-2", "cache", ms=300)` is a context manager, and
    so is `faults.cache.cold()`.

    Args:
        environment: up.
        family: `cache.`, for those of one family.
    """

    def __init__(self, environment: Environment, family: str = "") -> None:
        self._environment, self._family = environment, family

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        if not self._family and any(one.startswith(f"{name}.") for one in faults.names()):
            return Faults(self._environment, f"{name}.")
        fault = faults.find(self._family + name)
        return lambda *words, **parameters: inject(self._environment, fault.make(*words, **parameters))

    def __dir__(self) -> list[str]:
        own = (name.removeprefix(self._family) for name in faults.names() if name.startswith(self._family))
        return sorted({name.partition(".")[0].replace("-", "_") for name in own})

    def mark(self, name: str) -> dict[str, int]:
        """Keep what every declared Redis holds now, for `cache.stale` and `cache.other-version`. Returns how many keys,
        by replica.
        """
        return take_marks(self._environment, name)

    def step(self, data: dict[str, Any]) -> Injection:
        """A fault as a plan's step has it: `{"fault": "latency", "from": "backend-2", "to": "cache", "ms": 300}`."""
        return inject(self._environment, faults.from_data(data))


def inject(environment: Environment, fault: Fault) -> Injection:
    """A fault for the length of a `with` block.

    The selectors of the n-th fault of an environment pick by the environment's seed and n, so that the same test or
    plan with the same seed picks the same.
    """
    with _COUNTING:
        number = next(_COUNTS.setdefault(environment, itertools.count(1)))
    return Injection(environment, fault, random.Random(f"{environment.seed}/{number}"))  # noqa: S311 - to be repeated


class Injection:
    """A fault that is on within the block.

    Attributes:
        fault: which.
        proven: it bit and is gone; None while it is not over.
    """

    def __init__(self, environment: Environment, fault: Fault, chance: random.Random) -> None:
        self.fault = fault
        self.proven: bool | None = None
        self._environment, self._history, self._chance = environment, environment.history, chance
        self._active: Active | None = None
        self._start = -1

    def __enter__(self) -> Self:
        try:
            with uninterrupted():  # what is being injected while Ctrl-C comes has to be known, to be healed
                self._active = self.fault.inject(FaultContext(self._environment, self._chance))
                name, title, step = self.fault.fault_name(), self.fault.title(), self.fault.to_data()
                event = self._history.record(
                    FaultInject(name, title, step, list(self._active.places), self._environment.seed)
                )
                self._start = event.id
        except BaseException as error:  # Ctrl-C among them: `__exit__` is not called where this raises
            if self._active is not None:
                self.__exit__(type(error), error, error.__traceback__)
            raise
        return self

    def evidence(self) -> Evidence:
        """What it touched so far. HarnessError where nothing answers."""
        assert self._active is not None, "within the block only"
        return self._active.evidence()

    def bites(self, within: float = 5.0) -> Evidence:
        """Wait until it has touched something, for at most `within` seconds.

        Raises:
            FaultUnproven: it has not by then; the message says what traffic there was.
        """
        clock = self._history.clock
        found = poll(self.evidence, lambda seen: seen.bit is True, within=within, every=POLL_EVERY, clock=clock)
        if found.bit is not True:
            raise self._unproven(f"did not bite within {within:g} s", found.said)
        return found

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with uninterrupted():
            problem = self._end()
        if problem is None:
            return
        if error is None:
            raise problem
        error.add_note(str(problem))  # the block's own error is what ended it

    def _end(self) -> HarnessError | None:
        """Heal it and record what it was; what speaks against it, if anything does."""
        assert self._active is not None
        began = self._history.clock.monotonic()
        cause: Exception | None = None
        try:
            found = self._active.evidence()
        except Exception as problem:  # whatever it was, the fault has to be healed
            found, cause = Evidence(None, f"that could not be determined: {_what(problem)}"), problem
        gone: bool | None = None
        try:
            self._active.heal()
            left = self._active.remains()
            gone, said = left is None, "; ".join(filter(None, (left, self._active.note)))
        except Exception as problem:  # it is told as what it means: it is not known to be gone
            said, cause = f"it may still be there: {_what(problem)}", problem
        self.proven = found.bit is True and gone is True
        self._history.record(
            FaultHeal(
                start=self._start,
                fault=self.fault.fault_name(),
                bit=found.bit,
                gone=gone,
                reason="; ".join(filter(None, (found.said, said))),
                figures={place: dict(counts) for place, counts in found.figures.items()},
                seconds=round(self._history.clock.monotonic() - began, 3),
            )
        )
        if self.proven:
            return None
        if gone:
            unproven = self._unproven("cannot be seen to bite" if found.bit is None else "did not bite", found.said)
        else:
            unproven = self._unproven("is not gone", said)
        unproven.__cause__ = cause
        return unproven

    def _unproven(self, what: str, said: str) -> FaultUnproven:
        return FaultUnproven(
            f"The fault {what}: {self.fault.title()}",
            where=f"environment {self._environment.id}",
            got=said,
            expected="traffic that it touches while it is on, and none of it left afterwards",
            hint="run the workload at the same time, keep the fault on for longer (`bites(within=...)` waits for "
            "it), or choose a link that is used; see docs/faults.md",
        )


def _what(error: Exception) -> str:
    return error.what if isinstance(error, HarnessError) else f"{type(error).__name__}: {error}"
