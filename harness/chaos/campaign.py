"""The coordinator of a campaign: which plan begins next, what is written down, and when it ends.

How a plan is made, run and cut down is given to it, so it knows nothing of environments. Plans run in processes of
their own, outside of it; here there is a thread that waits for each. Whatever ends the coordinator, the ledger says
which plans were under way.
"""

from __future__ import annotations

import shutil
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from harness.chaos.ledger import Ledger
from harness.chaos.records import UNNAMED, About, Finding, Kept, Shrunk, Tried
from harness.chaos.seeds import Shard, plan_seed
from harness.chaos.stopping import pulled
from harness.chaos.tasks import Came, Limits, Make, Observer, RunPlan, Shrink, Task
from harness.chaos.thinning import Evidence
from harness.plan.pace import Pace
from harness.plan.signature import Signature
from harness.signals import Terminated, uninterrupted
from harness.verdict import Outcome

POLL_EVERY = 0.5  # s between two looks at the lever, the clock and the disk
SHRINK_SECONDS = 600.0  # that cutting one finding down may take
BLIND = 8  # plans in a row without a verdict, after which the campaign ends: the next would have none either


@dataclass(slots=True)
class Campaign:
    """A campaign under way. Use it once.

    Attributes:
        runs: the directory of the runs.
        lever: the file that stops it.
        shrink: cuts a finding down; None leaves findings as they are.
        pace: how long plans took on this stack before; it corrects what is told, and which plan still ends in time.
    """

    ledger: Ledger
    about: About
    make: Make
    run: RunPlan
    limits: Limits
    observer: Observer
    runs: Path
    lever: Path
    shard: Shard = field(default_factory=Shard)
    shrink: Shrink | None = None
    pace: Pace = field(default_factory=Pace)
    clock: Callable[[], float] = time.monotonic
    over: str = ""  # why no further plan begins; empty while some do
    interrupted: BaseException | None = None
    _stop: threading.Event = field(default_factory=threading.Event)  # everything ends now, in good order
    _stop_shrinking: threading.Event = field(default_factory=threading.Event)
    _plans: dict[Future[Came], tuple[Task, Tried]] = field(default_factory=dict)
    _shrinks: dict[Future[Shrunk | None], Signature] = field(default_factory=dict)
    _waiting: deque[Finding] = field(default_factory=deque)
    _evidence: Evidence = field(default_factory=Evidence)
    _begun: int = 0
    _blind: int = 0

    def work(self) -> Kept:
        """Run plans until a limit is reached, somebody interrupts, or the lever is pulled. Returns the campaign as the
        ledger has it then.

        The first Ctrl-C lets no further plan begin; the second, or SIGTERM, ends those that run, with everything
        healed and taken down. `interrupted` holds it then.

        Raises:
            HarnessError: the ledger cannot be written, or plans cannot be made or run at all; what ran was ended.
        """
        for lost in self.ledger.begin(self.about):
            self.observer.note(f"plan {lost.number} (seed {lost.seed}) was lost before: {lost.reason}")
        kept = self.ledger.campaign(self.about.id)
        self._evidence.know(kept.plans, self.runs)
        taken = {plan.number for plan in kept.plans}
        numbers = (one for one in self.shard.numbers() if one not in taken)
        self._waiting.extend(one for one in kept.findings if one.shrunk is None or not one.shrunk.complete)
        began = self.clock()
        with ThreadPoolExecutor(self.limits.jobs + 1, thread_name_prefix="chaos") as pool:
            try:
                while not self._turn(pool, numbers, began):
                    pass
            except BaseException:
                with uninterrupted():
                    self._end_now()
                raise
        return self.ledger.campaign(self.about.id)

    def _turn(self, pool: ThreadPoolExecutor, numbers: Iterator[int], began: float) -> bool:
        """Begin what can begin, and take in what has ended. Whether nothing is left to do."""
        try:
            with uninterrupted():  # between two writes nobody is to come in
                self._look(began)
                self._begin(pool, numbers, began)
                running: list[Future[Any]] = [*self._plans, *self._shrinks]
                self.observer.look()
            if not running:
                return bool(self.over)
            wait(running, timeout=POLL_EVERY, return_when=FIRST_COMPLETED)
            with uninterrupted():
                self._take_in()
        except (KeyboardInterrupt, Terminated) as error:
            self._interrupt(error)
        return False

    def _interrupt(self, error: BaseException) -> None:
        again, self.interrupted = self.interrupted is not None, error
        self._stop_shrinking.set()
        self._waiting.clear()
        if again or isinstance(error, Terminated):
            self.over = "interrupted"
            self._stop.set()
            self.observer.note("ending what runs: faults are healed and environments taken down")
        else:
            self.over = "interrupted"
            self.observer.note(
                f"no further plan begins; {len(self._plans)} under way run to their end (Ctrl-C again ends them now)"
            )

    def _look(self, began: float) -> None:
        """See whether something ends the campaign."""
        if (said := pulled(self.lever)) is not None and not self._stop.is_set():
            self.over = f"stopped by {self.lever}: {said}"
            self.observer.note(self.over)
            self._stop.set()
            self._stop_shrinking.set()
            self._waiting.clear()
        if self.over:
            return
        limits = self.limits
        if limits.plans is not None and self._begun >= limits.plans:
            self.over = f"{limits.plans} plans were run"
        elif limits.seconds is not None and self.clock() - began >= limits.seconds:
            self.over = "its time is up"
        elif self._blind >= BLIND:
            self.over = f"{BLIND} plans in a row had no verdict"
        elif self._is_full():
            self.over = f"less than {limits.free / 1e9:.1f} GB are free where the runs are kept ({self.runs})"
        if self.over:
            self._stop_shrinking_late(began)

    def _stop_shrinking_late(self, began: float) -> None:
        """Once time is up, what was found is cut down another time: the ledger keeps it."""
        if self.limits.seconds is not None and self.clock() - began >= self.limits.seconds:
            self._stop_shrinking.set()
            self._waiting.clear()

    def _is_full(self) -> bool:
        if not self.limits.free:
            return False
        with suppress(OSError):
            if shutil.disk_usage(self.runs).free < self.limits.free:
                self._evidence.make_room()
                return shutil.disk_usage(self.runs).free < self.limits.free
        return False

    def _begin(self, pool: ThreadPoolExecutor, numbers: Iterator[int], began: float) -> None:
        """Fill the slots: findings are cut down first, one at a time."""
        if self.shrink is not None and self._waiting and not self._shrinks and self._slots() > 0:
            finding = self._waiting.popleft()
            left = SHRINK_SECONDS
            if self.limits.seconds is not None:
                left = max(1.0, min(left, self.limits.seconds - (self.clock() - began)))
            self._shrinks[pool.submit(self.shrink, finding, self._stop_shrinking, left)] = finding.signature
            self.observer.shrinking(finding.signature)
        while not self.over and self._slots() > 0:
            number = next(numbers)
            task = self.make(number, plan_seed(self.about.seed, number))
            expected = self.pace.expected(task.seconds)
            late = self.limits.seconds is not None and (
                self.clock() - began + expected > self.limits.seconds and self._begun > 0
            )
            if late:
                self.over = "no further plan ends in its time"
                return
            tried = Tried(number, task.seed, task.elements, task.steps, began=time.time())
            if not self.ledger.claim(self.about.id, tried):
                continue  # another process of the same campaign was faster
            self._begun += 1
            self._plans[pool.submit(self.run, task, self._stop)] = task, tried
            self.observer.begun(replace(task, seconds=expected))
            self._look(began)

    def _slots(self) -> int:
        return self.limits.jobs - len(self._plans) - len(self._shrinks)

    def _take_in(self) -> None:
        for done in [one for one in self._plans if one.done()]:
            task, tried = self._plans.pop(done)
            self._ended(task, tried, done.result())
        for cut in [one for one in self._shrinks if one.done()]:
            signature = self._shrinks.pop(cut)
            if (shrunk := cut.result()) is not None:
                self.ledger.keep_shrunk(self.about.id, signature, shrunk)
            self.observer.shrunk(signature, shrunk)

    def _ended(self, task: Task, tried: Tried, came: Came) -> None:
        failed = came.outcome is Outcome.FAIL
        if came.outcome is not Outcome.UNKNOWN:  # such a plan may have ended at any moment
            self.pace.took(task.seconds, came.seconds)
        tried = replace(
            tried, state="done", outcome=came.outcome, reason=came.reason, seconds=came.seconds,
            signature=(came.signature or UNNAMED) if failed else None,
            run=str(came.run.absolute()) if came.run is not None else "",
            plan=None if came.outcome is Outcome.PASS else task.plan,
        )  # fmt: skip
        if not self._evidence.ended(tried, came.directory):
            tried = replace(tried, run="")
        self.ledger.finish(self.about.id, tried)
        self._blind = 0 if tried.judged else self._blind + (not self._stop.is_set())
        if failed:
            self._found(tried)
        self.observer.ended(task, tried)

    def _found(self, tried: Tried) -> None:
        if self.limits.until_failure and not self.over:
            self.over = f"plan {tried.number} failed"
        kept = self.ledger.campaign(self.about.id)
        finding = next((one for one in kept.findings if one.signature == tried.signature), None)
        if finding is not None and len(finding.plans) == 1 and not self._stop_shrinking.is_set():
            self._waiting.append(finding)
        self.observer.look(kept)

    def _end_now(self) -> None:
        """End what runs, and write down what came of it, whatever went wrong before."""
        self._stop.set()
        self._stop_shrinking.set()
        running: list[Future[Any]] = [*self._plans, *self._shrinks]
        wait(running)
        for done, (task, tried) in list(self._plans.items()):
            with suppress(Exception):  # the first error is told; a plan that is not written down is lost, not passed
                self._ended(task, tried, done.result())
        self._plans.clear()
