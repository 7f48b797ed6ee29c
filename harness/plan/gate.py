"""The gate: a release is deployed and taken back, and both are judged.

Two scenarios, each in an environment of its own:

- `round-trip`: baseline, deploy, deployed, rollback, rolled-back, a second rollback, which must do no harm, and a
  second deployment, which must come to what the first one came to. Where the release is declared one-way, its rollback
  must be refused instead;
- `half-deployment`: the deployer is killed when the first replica runs the new release, and what it left is rolled
  back.

Rolling back is never skipped because deploying failed: a failed deployment is when a rollback is needed.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from harness.deploy import built_in, chosen, releases_needed
from harness.errors import UsageError
from harness.plan.run import Run
from harness.plan.trial import Trial
from harness.probes.waiting import wait_until
from harness.signals import cleaning_up_after
from harness.stack import Stack
from harness.verdict import Verdict, combine

MEASURED = (
    "recovery-baseline"  # the phase that recovery is measured against: nothing else is done in it, as in `recovered`
)
QUEUE_SLACK = 5.0  # jobs in flight at any moment, beside the baseline's
LOOK_EVERY = 0.05  # s between two looks at the fleet while a deployment is to be stopped half-way


@dataclass(frozen=True, slots=True)
class Settings:
    """How long the gate looks. Seconds.

    Attributes:
        baseline: of load before the deployment.
        hold: of load after each deployment and rollback; of each further window while performance is given time to
            recover.
        drain: that the queue may take to come back to its level.
        recovery: measure recovery with a stated confidence, against a control, for as long as `x-harness: recovery`
            says; else performance is compared coarsely alone.
    """

    baseline: float = 5.0
    hold: float = 3.0
    drain: float = 30.0
    recovery: bool = False


@dataclass(frozen=True, slots=True)
class Gate:
    """What is to be gated.

    Attributes:
        stack: what to bring up.
        old, new: the release that runs, and the one that is deployed and taken back.
        settings: how long to look.
    """

    stack: Stack
    old: str
    new: str
    settings: Settings = Settings()

    @property
    def one_way(self) -> str | None:
        """Why the new release cannot be taken back, as declared; None where it can."""
        declared = self.stack.harness.deployer
        return declared.one_way.get(self.new) if declared is not None else None

    @property
    def baseline_seconds(self) -> float:
        """How long the baseline that recovery is measured against takes."""
        return max(self.settings.baseline, self.stack.harness.recovery.baseline)

    def check(self) -> None:
        """Make sure that the stack declares what a gate needs, before anything is brought up.

        Raises:
            UsageError: what is missing.
        """
        declared = self.stack.harness
        needed = {
            "entrypoint": (declared.entrypoint, "entrypoint: lb:80", "the load has to know where to go"),
            "deployer": (
                chosen(self.stack),
                "deployer: {deploy: [...], rollback: [...]}, or releases that differ by image or build",
                "nothing else can deploy",
            ),
            "workload": (
                declared.workload,
                'workload: {rate: 50/s, request: {method: GET, path: "/"}}',
                "without load nothing can be said about a deployment",
            ),
            "probes.release": (
                declared.probes.release or built_in(self.stack),
                "probes: {release: {backend: {command: [cat, /srv/release]}}}",
                "each replica has to be asked which release it runs",
            ),
        }
        for key, (found, example, why) in needed.items():
            if not found:
                raise UsageError(
                    f"The stack declares no {key}, and cannot be gated without",
                    where=f"{self.stack.file}: x-harness",
                    expected=example,
                    hint=f"declare it: {why}; see docs/stack.md",
                )
        releases_needed(self.stack, self.old, self.new)


def run_gate(run: Run, gate: Gate, scenarios: Sequence[str] = ()) -> Verdict:
    """Run the scenarios, each in an environment of its own, and combine their verdicts.

    Args:
        scenarios: names from `SCENARIOS`; all of them if empty.

    Raises:
        NotReady, EngineError: an environment could not be had; nothing was judged then beyond what the history has.
    """
    verdicts: list[Verdict] = []
    for name in scenarios or SCENARIOS:
        verdicts += run_scenario(run, gate, name)
    return combine(verdicts)


def run_scenario(run: Run, gate: Gate, name: str) -> list[Verdict]:
    """Run one scenario in an environment of its own; returns its verdicts."""
    releases = releases_needed(gate.stack, gate.old, gate.new)
    environment = run.environment(gate.stack, gate.old, test=name, releases=releases)
    title = f"{name}: {gate.old} -> {gate.new} -> {gate.old}"
    with run.history.scope(environment=environment.id, scenario=name), run.history.step("scenario", title):
        beside = partial(run.control, gate.stack, gate.old)
        with environment, Trial(environment, run.samples(environment), beside) as trial:
            SCENARIOS[name](trial, gate)
        return trial.verdicts


def round_trip(trial: Trial, gate: Gate) -> None:
    """Deploy, look, roll back, look, roll back again, look; deploy again, and find the same."""
    if gate.settings.recovery:
        trial.workload.compare()
    before = baseline(trial, gate)
    if before is None:
        return
    if gate.settings.recovery:
        with trial.phase(MEASURED):
            trial.workload.baseline(gate.baseline_seconds, MEASURED)
    trial.fingerprint("baseline")
    deploy(trial, gate, "deploy", before)
    deployed = settle(trial, gate, "deployed", gate.new, before)
    trial.check("deployer", phase=deployed, verb="deploy", release=gate.new)
    trial.fingerprint("deployed")
    if gate.one_way is not None:
        refused(trial, gate, gate.one_way, before, deployed)
        return
    rollback(trial, "rollback", before)
    if gate.settings.recovery:
        with trial.phase("recovered"):
            trial.workload.recovered(MEASURED)
    began = trial.history.clock.monotonic()
    back = settle(trial, gate, "rolled-back", gate.old, before)
    trial.check("deployer", phase=back, verb="rollback", release=gate.old)
    came_back = recovered(
        trial, back, baseline=before, began=began, hold=gate.settings.hold,
        also=lambda phase: stand(trial, phase, gate.old),
    )  # fmt: skip
    trial.judge(came_back, back)
    no_trace(trial, "rolled-back", "baseline")
    rollback(trial, "second-rollback", before)
    twice = settle(trial, gate, "rolled-back-twice", gate.old, before)
    trial.check("no-change", before=back, phase=twice)
    no_trace(trial, "rolled-back-twice", "baseline")
    deploy(trial, gate, "second-deploy", before)
    settle(trial, gate, "deployed-again", gate.new, before)
    trial.fingerprint("deployed-again")
    trial.check("second-deployment", phase="deployed-again", before="deployed")


def half_deployment(trial: Trial, gate: Gate) -> None:
    """Kill the deployer when the first replica runs the new release; roll back what it left; look."""
    before = baseline(trial, gate, "half-baseline")
    if before is None:
        return
    trial.fingerprint("half-baseline")
    with trial.phase("half-deploy"):
        running = trial.deployer.start("deploy", gate.new)
        try:
            wait_until(
                lambda: (running.ended, trial.environment.anywhere(gate.new)),
                any,
                trial.deployer.timeout,
                trial.history.clock,
                every=LOOK_EVERY,
            )
        except BaseException as error:
            with cleaning_up_after(error):
                running.stop()
            raise
        running.stop()
        trial.environment.releases()  # what it left
    trial.check("half-way", phase="half-deploy", release=gate.new)
    rollback(trial, "half-rollback", before)
    back = settle(trial, gate, "half-rolled-back", gate.old, before)
    trial.check("deployer", phase=back, verb="rollback", release=gate.old)
    no_trace(trial, "half-rolled-back", "half-baseline")


def refused(trial: Trial, gate: Gate, because: str, before: str, deployed: str) -> None:
    """Try to take back a release that cannot be, which must be refused before anything is changed."""
    rollback(trial, "refused-rollback", before)
    settle(trial, gate, "refused", gate.new, before)
    trial.fingerprint("refused")
    trial.check("one-way", phase="refused", before=deployed, release=gate.new, because=because)


def no_trace(trial: Trial, phase: str, before: str) -> None:
    """Whether a rollback left nothing of what was deployed."""
    trial.fingerprint(phase)
    trial.check("trace", phase=phase, before=before)


SCENARIOS: dict[str, Callable[[Trial, Gate], None]] = {
    "round-trip": round_trip,
    "half-deployment": half_deployment,
}


def baseline(trial: Trial, gate: Gate, phase: str = "baseline") -> str | None:
    """Measure the old release under load. Returns the phase in which it was sound; None where it never was: on any
    other nothing can be gated.

    What fails here fails before anything was deployed: it says nothing about the deployment, so it is unknown.
    """
    trial.workload.start()

    def measure(name: str) -> list[Verdict]:
        with trial.phase(name):
            trial.watch(name, gate.settings.baseline)
        return standing(trial, name, gate.old)

    name, found = measured(trial, phase, measure, groundwork=True)
    return name if all(found) else None


def deploy(trial: Trial, gate: Gate, phase: str = "deploy", baseline: str = "baseline") -> None:
    """Deploy the new release under load."""
    with trial.phase(phase), trial.measured(phase):
        trial.deployer.deploy(gate.new)
    trial.check("availability", phase=phase, baseline=baseline)


def rollback(trial: Trial, phase: str, baseline: str = "baseline") -> None:
    """Roll back under load."""
    with trial.phase(phase), trial.measured(phase):
        trial.deployer.rollback()
    trial.check("availability", phase=phase, baseline=baseline)


def settle(trial: Trial, gate: Gate, phase: str, release: str, baseline: str = "baseline") -> str:
    """Hold a phase after a deployment or a rollback, and judge where everything stands.

    Returns the name of the phase that was judged last: of another one, where the machine stood still in the first.
    """

    def measure(name: str) -> list[Verdict]:
        with trial.phase(name):
            trial.watch(name, gate.settings.hold)
            trial.drain(trial.queue_level(baseline) + QUEUE_SLACK, gate.settings.drain)
        found = standing(trial, name, release)
        if trial.stack.harness.probes.queue is not None:
            queue = {"baseline": baseline, "within": gate.settings.drain, "slack": QUEUE_SLACK}
            found.append(trial.verdict("queue", phase=name, **queue))
        return found

    name, _ = measured(trial, phase, measure)
    trial.read_back(name, gate.settings.drain)
    return name


def measured(
    trial: Trial, phase: str, measure: Callable[[str], list[Verdict]], *, groundwork: bool = False
) -> tuple[str, list[Verdict]]:
    """Measure a phase and record its verdicts. What proves nothing because the machine stood still is measured again,
    in a phase of its own, while there is time for it; everything else counts as it was.

    Returns the name of the last phase, and all verdicts that were recorded.
    """
    name, recorded = phase, list[Verdict]()
    for number in itertools.count(2):
        began = trial.history.clock.monotonic()
        found = measure(name)
        stalled = next((verdict for verdict in found if verdict.stalled), None) if trial.patience > 0.0 else None
        recorded += [
            trial.judge(verdict, name, groundwork=groundwork)
            for verdict in found
            if stalled is None or not verdict.stalled
        ]
        if stalled is None:
            return name, recorded
        trial.patience -= trial.history.clock.monotonic() - began
        trial.history.record("note", text=f"measuring {phase} again: {stalled.check}: {stalled.reason}")
        name = f"{phase}-remeasured-{number}"
    raise AssertionError("unreachable")


def stand(trial: Trial, phase: str, release: str) -> None:
    """Judge where everything stands in a phase that is over."""
    for verdict in standing(trial, phase, release):
        trial.judge(verdict, phase)


def recovered(
    trial: Trial,
    phase: str,
    *,
    began: float,
    hold: float,
    baseline: str = "baseline",
    also: Callable[[str], None] = lambda _phase: None,
) -> Verdict:
    """Whether performance is as in the baseline, or comes to be so within `x-harness: recovery: within`.

    The phase, which is over, is the first window. While none was as the baseline was, `hold` seconds are measured once
    more, in a phase of their own; a window that began within the bound counts.

    Args:
        trial: with its load running.
        phase, baseline: the phase to judge, and the one to compare it with.
        began: when the phase began, by the history's clock.
        hold: seconds of each further window.
        also: called with the name of each further window when it is over, to judge what else should hold in it: what
            goes wrong meanwhile must not be forgotten because performance comes back.
    """
    within, clock, again = trial.stack.harness.recovery.within, trial.history.clock, list[str]()
    found = trial.verdict("performance", phase=phase, baseline=baseline)
    comparable = trial.verdict("performance", phase=baseline, baseline=baseline)  # else no window would tell anything
    while comparable and not found and (clock.monotonic() - began < within or (found.stalled and trial.patience > 0.0)):
        if clock.monotonic() - began >= within:
            trial.patience -= hold
        trial.history.record("note", text=f"measuring again, until performance is as before: {found.reason}")
        again.append(f"{phase}-window-{len(again) + 2}")
        with trial.phase(again[-1]):
            trial.watch(again[-1], hold)
        also(again[-1])
        found = trial.verdict("performance", phase=phase, baseline=baseline, again=again, within=within)
    return found


def standing(trial: Trial, phase: str, release: str) -> list[Verdict]:
    """What holds wherever an environment stands on one release; only what the stack declares is asked for, but for
    the release, without which nothing can be gated.
    """
    found = [
        trial.verdict("release", phase=phase, release=release),
        trial.verdict("errors", phase=phase),
        trial.verdict("containers", phase=phase),
    ]
    if trial.logs:
        found.append(trial.verdict("logs", phase=phase, release=release))
    if trial.watched_for_health:
        found.append(trial.verdict("health", phase=phase))
    if trial.stack.harness.probes.registry is not None:
        found.append(trial.verdict("registry", phase=phase))
    found.append(trial.verdict("convergence", phase=phase, release=release))
    return found
