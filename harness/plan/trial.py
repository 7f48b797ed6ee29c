"""An environment under trial: it is deployed to, loaded, looked at and judged, phase by phase.

Whatever a plan does to an environment it does through a trial, so that everything ends in the history and every check
finds there what it needs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from harness import checks, deploy
from harness.checks import acknowledged, effects, faults
from harness.checks.logs import ExpectedLog
from harness.deploy import Deployer
from harness.environment import Replica
from harness.errors import FaultUnproven
from harness.events import ProbeQueue
from harness.faults import Fault, from_data
from harness.faults.injection import Injection, inject
from harness.fingerprint import Fingerprint
from harness.history import History
from harness.plan.asserting import Checks, completed
from harness.plan.expected_logs import expected_logs
from harness.plan.judging import judge
from harness.plan.load import Beside, ComparedWorkload
from harness.plan.loading import workload_spec
from harness.plan.subject import Subject
from harness.probes import collect
from harness.probes import health as health_probe
from harness.probes import queue as queue_probe
from harness.probes import readback as readback_probe
from harness.probes.sampler import Sampler
from harness.samples import Samples
from harness.samples import read as read_samples
from harness.servers import ServerAdapter, queue_of, readback_of
from harness.signals import cleaning_up_after
from harness.stack import Readback, Stack
from harness.verdict import Outcome, Verdict
from harness.waiting import pause, poll
from harness.workload import Spec
from harness.workload.spec import at_rate

POLL_EVERY = 0.25  # s between two looks at the logs while a phase is watched
NETWORKS_EVERY = 2.0  # s between two looks at the environment's networks meanwhile
MIN_REQUESTS = 25  # requests; the checks want 20
LONGEST_WAIT = 30.0  # s to wait for that many
LOOKS = 2  # at every replica in a phase; what ends and begins between two looks is only seen by a second one
LOOKS_WITHIN = 5.0  # s more that a short phase may take for them
PATIENCE = 60.0  # s
READ_EVERY = 1.0  # s between two readbacks while acknowledged work is waited for


class Trial:
    """One environment with its deployer, workload and probes.

    Args:
        environment: up.
        samples: where the workload's samples are saved; None keeps them in memory.
        beside: brings up the control that recovery is measured against; None where there can be none.
        strategy: the built-in strategy by which is deployed; empty for what the stack declares.
    """

    def __init__(
        self,
        environment: Subject,
        samples: Path | None = None,
        beside: Beside | None = None,
        strategy: str = "",
    ) -> None:
        self.environment = environment
        self.history: History = environment.history
        self.stack: Stack = environment.stack
        self.verdicts: list[Verdict] = []
        self.patience = PATIENCE  # s that are left for measuring again, where the machine stood still
        self.unsound = False  # a precondition did not hold: from then on a failure is unknown
        self._faults = 0  # that are on
        self._faulty: list[str] = []  # phases whose faults are to be judged when the last of all is healed
        self._told = set[str]()  # phases with a failure, whose logs were recorded
        self.deployer: Deployer = deploy.build(environment, self.history, strategy)
        self._samples, self._beside = samples, beside
        self._ended: list[ComparedWorkload] = []  # loads that ran before the one that runs
        self.sampler = Sampler(environment, self.history)
        self.workload = self._load(workload_spec(environment), samples)

    # -- who is asked what -------------------------------------------------------------------------------------------

    @property
    def fleet(self) -> tuple[Replica, ...]:
        """The replicas of every service that can be asked which release it runs: what a deployment changes."""
        return tuple(replica for service in self.environment.fleet_services for replica in self.environment[service])

    @property
    def fleet_names(self) -> tuple[str, ...]:
        """Their names."""
        return tuple(replica.name for replica in self.fleet)

    @property
    def logs(self) -> tuple[ExpectedLog, ...]:
        """Every log that every replica should write."""
        return expected_logs(self.environment)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all replicas."""
        return tuple(replica.name for replica in self.environment.replicas)

    @property
    def watched_for_health(self) -> tuple[str, ...]:
        """The names of the replicas that have a health check of any kind."""
        return health_probe.watched(self.stack, self.environment.replicas)

    def collect(self) -> None:
        """Ask everything that the stack declares, once, and record the answers."""
        collect(self.environment, self.history)

    # -- phases ------------------------------------------------------------------------------------------------------

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Everything that is recorded within the block belongs to this phase.

        Raises:
            EngineGone, DoorGone: the engine or the door went away meanwhile. NoSpace: the history's disk is full.
        """
        self.environment.check_alive()
        self.history.check()
        with self.history.phase(name), self.history.step(name, name.replace("-", " ")):
            yield
            self.environment.check_alive()  # before anything that was seen meanwhile is judged

    @contextmanager
    def measured(self, phase: str) -> Iterator[None]:
        """Measure the workload for a phase while the block runs, and on until enough requests were due to say anything:
        a deployer that is done in a tenth of a second leaves too few. What the logs get meanwhile is recorded.
        """
        clock, began = self.history.clock, self.history.clock.monotonic()
        with self.logged(), self.workload.window(phase):
            yield
            enough = min(MIN_REQUESTS / self.workload.spec.rate, LONGEST_WAIT)
            pause(max(0.0, began + enough - clock.monotonic()), clock)

    @contextmanager
    def logged(self) -> Iterator[None]:
        """Record what the declared logs get while the block runs; of one that fails nothing is."""
        self.environment.mark_logs(self.workload.key)
        yield
        self.environment.report_logs()

    def watch(self, phase: str, seconds: float, begin: Callable[[], object] = lambda: None) -> None:
        """Hold a phase for `seconds` under load: logs are followed, then everything is looked at once. A phase that is
        too short for two looks of the sampler lasts until they were made.

        Args:
            begin: called when the logs are marked.
        """
        self.environment.mark_logs(self.workload.key)
        begin()
        enough = self.sampler.ticks + LOOKS if self.sampler.running else 0

        def follow() -> bool:
            self.environment.check_alive(every=NETWORKS_EVERY)
            self.environment.poll_logs()
            return self.sampler.ticks >= enough

        with self.workload.window(phase):
            clock = self.history.clock
            poll(follow, lambda _: False, within=seconds, every=POLL_EVERY, clock=clock)
            if self.sampler.ticks < enough:
                poll(follow, within=LOOKS_WITHIN, every=POLL_EVERY, clock=clock)
            self.collect()
        self.environment.check_alive()
        self.environment.report_logs()

    def wait_for_a_look(self) -> None:
        """Until the sampler has looked at every replica as it is now; a moment without one is not known afterwards."""
        if self.sampler.running:
            whole = self.sampler.ticks + 2  # one may be under way
            clock = self.history.clock
            poll(lambda: self.sampler.ticks >= whole, within=LOOKS_WITHIN, every=POLL_EVERY, clock=clock)

    def drain(self, level: float, within: float) -> None:
        """Watch the queue until it holds at most `level` jobs, for at most `within` seconds; record what it does."""
        probe = queue_of(self.stack.harness)
        if probe is not None:
            place = self.environment[probe.service][0]
            queue_probe.drain(self.history, self.history.clock, place, probe, level=level, within=within)

    def fingerprint(self, phase: str) -> Fingerprint:
        """Take the environment's fingerprint as the state at the end of a phase."""
        with self.history.phase(phase):
            return self.environment.fingerprint(phase)

    def read_back(self, phase: str, within: float) -> list[Verdict]:
        """Whether all work is there that was acknowledged before now, also of loads that have ended: asked until it is,
        or for `within` seconds; judged and recorded for each load. No verdict where the stack declares no readback.
        """
        asked = readback_of(self.stack.harness)
        if asked is None:
            return []
        place = self.environment[asked.service][0]
        return [self._read_back(phase, within, load, place, asked) for load in (*self._ended, self.workload)]

    def _read_back(
        self, phase: str, within: float, load: ComparedWorkload, place: Replica, asked: ServerAdapter | Readback
    ) -> Verdict:
        until = load.caught_up()
        before = None if until is None else self.history.at(until)

        def ask() -> Verdict:
            readback_probe.probe(self.history, place, asked, load.key, before)
            return self.verdict(acknowledged.check, phase=phase)

        with self.history.phase(phase):
            found = poll(ask, within=within, every=READ_EVERY, clock=self.history.clock)
        return self.judge(found, phase)

    def read_everything(self, phase: str, most: int) -> None:
        """Ask for everything that was acknowledged up to now, or so many records of it, through the entry point;
        recorded as of the phase.
        """
        with self.history.phase(phase):
            self.workload.read_everything(phase, most)

    def count_effects(self, phase: str, within: float) -> Verdict | None:
        """Whether every declared side effect is there once for all work that was acknowledged before now: counted until
        it is, or for `within` seconds; judged and recorded. None where the stack declares none.
        """
        workload = self.stack.harness.workload
        declared = workload.effects if workload is not None else {}
        if not declared:
            return None
        until = self.workload.caught_up()
        before = None if until is None else self.history.at(until)

        def ask() -> Verdict:
            for name, one in declared.items():
                place = self.environment[one.service][0]
                readback_probe.effect(self.history, place, name, one, self.workload.key, before)
            return self.verdict(effects.check, phase=phase)

        with self.history.phase(phase):
            found = poll(ask, within=within, every=READ_EVERY, clock=self.history.clock)
        return self.judge(found, phase)

    def use_rate(self, rate: float) -> None:
        """Run the workload at another rate from now on, requests per second; starts it if it does not run, and leaves
        it alone where it runs at this rate.
        """
        if self.workload.running() and at_rate(self.workload.spec, rate).schedule == self.workload.spec.schedule:
            return
        self.workload.stop()
        if self.workload.samples is not None:
            self._ended.append(self.workload)
        samples = None if self._samples is None else self._samples.with_stem(f"{self._samples.stem}-{rate:g}")
        self.workload = self._load(at_rate(self.workload.spec, rate), samples, rate)
        self.workload.start()

    def _load(self, spec: Spec, samples: Path | None, rate: float | None = None) -> ComparedWorkload:
        return ComparedWorkload(
            spec,
            self.history,
            declared=self.stack.harness.recovery,
            judge=self.verdict,
            record=self.judge,
            beside=self._beside,
            rate=rate,
            samples=samples,
        )

    def queue_level(self, phase: str) -> float:
        """The deepest that the queue was seen in a phase; 0 where it was not seen."""
        looks = self.history.of(ProbeQueue, phase=phase, environment=self.environment.id)
        depths = [event.body.depth for event in looks]
        return max((float(depth) for depth in depths if depth is not None), default=0.0)

    @contextmanager
    def fault(self, fault: Fault | Mapping[str, Any], phase: str, *, judged: bool = True) -> Iterator[Injection]:
        """Run the block under a fault, as a step of a plan; whether the faults of the phase were real is judged when
        the last of them is healed, and not raised.

        Args:
            fault: or its step: `{"fault": "latency", "from": "backend-2", "to": "cache", "ms": 300}`.
            judged: False for one that need not be real: what it does not touch it does no harm to.
        """
        made = fault if isinstance(fault, Fault) else from_data(fault)
        if not judged:
            with suppress(FaultUnproven), inject(self.environment, made) as running:
                yield running
            return
        self._faults += 1
        self._faulty.append(phase)
        try:
            with suppress(FaultUnproven), inject(self.environment, made) as running:
                yield running
        finally:
            self._faults -= 1
        if not self._faults:
            phases, self._faulty = dict.fromkeys(self._faulty), []
            for one in phases:
                self.check(faults.check, phase=one)

    # -- verdicts ----------------------------------------------------------------------------------------------------

    def verdict(self, check: checks.Check, *, phase: str) -> Verdict:
        """What a check says of what the history has of this environment so far; what the stack declares (its replicas,
        its logs) is filled in.

        Args:
            check: with its parameters: `partial(queue.check, within=30.0)`.
        """
        name, given = checks.parts_of(check)
        parameters = completed(self, name, phase, given)
        if checks.needs_samples(name):
            self.workload.bring()
        found = self._judged(name, phase, parameters)
        if not found:  # the latest report of the witness may be on its way, and explain it
            self.environment.cover()
            found = self._judged(name, phase, parameters)
        return found

    def _judged(self, name: str, phase: str, parameters: Mapping[str, Any]) -> Verdict:
        events, path = self.history.events, self.history.path
        samples = Samples() if path is None or not checks.needs_samples(name) else read_samples(path.parent, events)
        return judge(name, events, samples, environment=self.environment.id, phase=phase, parameters=parameters)

    def check(self, check: checks.Check, *, phase: str) -> Verdict:
        """Judge the history so far by one check, and record the verdict."""
        return self.judge(self.verdict(check, phase=phase), phase)

    @property
    def checks(self) -> Checks:
        """Every check as an assertion."""
        return Checks(self.check)

    def judge(
        self, verdict: Verdict, phase: str, *, groundwork: bool = False, link: Mapping[str, Any] | None = None
    ) -> Verdict:
        """Record a verdict; returns it.

        Args:
            groundwork: it is about a baseline, before anything was deployed: a failure is unknown.
            link: of a replayed chain, what the verdict was put together from.
        """
        groundwork = groundwork or self.unsound
        verdict = checks.as_groundwork(verdict) if groundwork else verdict
        self.verdicts.append(verdict)
        if verdict.outcome is Outcome.FAIL and phase not in self._told:
            self._told.add(phase)  # once: what a phase's other failures rest on was said at the same time
            for replica in self.environment.replicas:
                replica.record_tails()
        if verdict.outcome is not Outcome.PASS:  # what could not be judged needs its evidence no less
            self.environment.failed = True
        self.history.record(checks.given(verdict, groundwork=groundwork, link=link), phase=phase)
        return verdict

    def __enter__(self) -> Self:
        self.sampler.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            with cleaning_up_after(error):
                self.workload.__exit__(kind, error, trace)
        finally:
            with cleaning_up_after(error):
                self.sampler.stop()
