"""The gate's own judgement, on histories that are made."""

from __future__ import annotations

from typing import Any, cast

import pytest

from fixtures import rolling
from harness.clock import ManualClock
from harness.errors import UsageError
from harness.plan.gate import SCENARIOS, Gate, _baseline, _settle
from harness.plan.runner import run
from harness.plan.steps import PlanEnded, Progress
from harness.plan.trial import Trial
from harness.stack import Deployer, load
from harness.verdict import Outcome, Verdict
from suites.raw import raw, select
from suites.selftest.plan.made import NEW, OLD, deployed_by, gate, judged, tiny_stack, trial
from suites.selftest.plan.phases import CHECKS, fill


def outcomes(verdicts: list[Verdict]) -> dict[str, str]:
    return {verdict.check: str(verdict.outcome) for verdict in verdicts}


def test_where_all_is_well_every_check_of_what_is_declared_passes() -> None:
    made = trial()
    fill(made, "deployed", NEW)
    assert outcomes(judged(made, "deployed", NEW)) == dict.fromkeys(CHECKS, "pass")


def test_where_nothing_was_recorded_nothing_passes() -> None:
    assert set(outcomes(judged(trial(), "deployed", NEW)).values()) == {"unknown"}


def test_one_replica_on_another_release_is_named() -> None:
    made = trial()
    fill(made, "rolled-back", OLD, web_2=NEW)
    failed = {v.check: v.reason for v in judged(made, "rolled-back", OLD) if v.outcome is Outcome.FAIL}
    assert "web-2 runs 1.1.0" in failed["release"]
    assert failed.keys() == {"release", "registry", "convergence"}


def test_only_what_the_stack_declares_is_asked_for() -> None:
    stack = tiny_stack()
    probes = stack.harness.probes.model_copy(update={"registry": None})
    harness = stack.harness.model_copy(update={"logs": {}, "probes": probes})
    web = stack.services["web"].model_copy(update={"healthcheck": None})
    bare = stack.model_copy(update={"harness": harness, "services": {**stack.services, "web": web}})
    assert {v.check for v in judged(trial(bare), "p", OLD)} == {
        "release", "restarts", "errors", "containers", "convergence",
    }  # fmt: skip


def test_a_stack_whose_release_cannot_be_asked_is_never_a_pass() -> None:
    stack = tiny_stack()
    probes = stack.harness.probes.model_copy(update={"release": {}})
    mute = stack.model_copy(update={"harness": stack.harness.model_copy(update={"probes": probes})})
    made = trial(mute)
    fill(made, "p")
    assert outcomes(judged(made, "p", OLD))["release"] == "unknown"


def test_a_stack_whose_releases_are_images_needs_neither_deployer_nor_probe() -> None:
    Gate(load(rolling.STACK, environ={}), OLD, NEW).plans()


def test_a_stack_of_one_image_without_a_deployer_is_refused_with_both_ways_out() -> None:
    stack = tiny_stack()
    bare = stack.model_copy(update={"harness": stack.harness.model_copy(update={"deployer": None})})
    with pytest.raises(UsageError, match="declares no deployer") as caught:
        gate(bare).plans()
    assert "or releases that differ by image or build" in str(caught.value.expected)


def test_a_strategy_that_does_not_exist_is_refused_before_anything_is_brought_up() -> None:
    stack = load(rolling.STACK, environ={})
    named = stack.harness.model_copy(update={"deployer": Deployer(strategy="blue-green")})
    with pytest.raises(UsageError, match="no such deployer"):
        Gate(stack.model_copy(update={"harness": named}), OLD, NEW).plans()


# -- the baseline ------------------------------------------------------------------------------------------------------


def measured(monkeypatch: pytest.MonkeyPatch, **other: Any) -> Trial:
    made = trial()
    monkeypatch.setattr(made.workload, "start", lambda: None)
    monkeypatch.setattr(made, "watch", lambda phase, _seconds: fill(made, phase, OLD, **other))
    return made


def test_a_sound_baseline_lets_the_gate_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    made = measured(monkeypatch)
    _baseline(gate(), "baseline").run(made, Progress())
    assert outcomes(made.verdicts) == dict.fromkeys(CHECKS, "pass")


def settle(made: Trial) -> str:
    """Hold the phase after a deployment; the name under which it was measured last."""
    progress = Progress()
    _settle(gate(), "deployed", NEW)[0].run(made, progress)
    return progress.of("deployed")


def stalls(made: Trial, share: float, seconds: float = 10.0) -> None:
    """The machine stands still for this share of the next seconds."""
    at = made.history.at(made.history.clock.monotonic())
    made.history.record(
        raw("witness", environment="h1", place="door", begin=at, end=at + seconds, stood=share * seconds, busy=1.0)
    )
    cast(ManualClock, made.history.clock).advance(seconds)


def test_what_a_stall_explains_is_measured_again_and_everything_else_counts_as_it_was(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made, shares, phases = trial(), [0.9, 0.9, 0.0], list[str]()

    def watch(phase: str, _seconds: float) -> None:
        phases.append(phase)
        stalls(made, shares.pop(0))
        fill(made, phase, NEW, silence=3.5 if shares else 0.2)

    monkeypatch.setattr(made, "watch", watch)
    monkeypatch.setattr(made, "drain", lambda *_: None)
    assert settle(made) == "deployed-remeasured-3"
    assert phases == ["deployed", "deployed-remeasured-2", "deployed-remeasured-3"]
    found = [
        (event.data["phase"], event.data["check"], event.data["outcome"])
        for event in select(made.history.events, "verdict")
    ]
    assert ("deployed", "release", "pass") in found
    assert [phase for phase, check, _ in found if check == "logs"] == ["deployed-remeasured-3"]
    assert ("deployed-remeasured-3", "logs", "pass") in found
    assert any(
        "measuring deployed again: logs: " in event.data["text"] for event in select(made.history.events, "note")
    )


def test_a_machine_that_stands_still_for_ever_ends_as_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    made, count = trial(), list[str]()

    def watch(phase: str, _seconds: float) -> None:
        count.append(phase)
        stalls(made, 0.9)
        fill(made, phase, NEW, silence=3.5)

    monkeypatch.setattr(made, "watch", watch)
    monkeypatch.setattr(made, "drain", lambda *_: None)
    settle(made)
    assert 2 < len(count) < 10
    logs = [verdict for verdict in made.verdicts if verdict.check == "logs"]
    assert [verdict.outcome for verdict in logs] == [Outcome.UNKNOWN]
    assert "the machine stood still for" in logs[0].reason


def test_what_fails_on_a_machine_that_ran_is_measured_once(monkeypatch: pytest.MonkeyPatch) -> None:
    made, count = trial(), list[str]()

    def watch(phase: str, _seconds: float) -> None:
        count.append(phase)
        stalls(made, 0.01)
        fill(made, phase, NEW, silence=3.5)

    monkeypatch.setattr(made, "watch", watch)
    monkeypatch.setattr(made, "drain", lambda *_: None)
    settle(made)
    assert count == ["deployed"]
    assert {verdict.check for verdict in made.verdicts if verdict.outcome is Outcome.FAIL} == {"logs"}


def test_a_baseline_that_fails_is_unknown_since_nothing_was_deployed_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    made = measured(monkeypatch, web_1="0.9.0")
    with pytest.raises(PlanEnded):
        _baseline(gate(), "baseline").run(made, Progress())
    assert Outcome.FAIL not in {verdict.outcome for verdict in made.verdicts}
    (release,) = (verdict for verdict in made.verdicts if verdict.check == "release")
    assert release.outcome is Outcome.UNKNOWN
    assert release.reason.startswith("the baseline is not sound, before anything was deployed: ")
    assert "web-1 runs 0.9.0" in release.reason
    assert made.environment.failed  # what could not be judged needs its evidence no less


@pytest.mark.parametrize("name", list(SCENARIOS))
def test_on_a_baseline_that_is_not_sound_nothing_is_deployed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    made = measured(monkeypatch, web_1="0.9.0")
    run(SCENARIOS[name](gate()), made)
    assert select(made.history.events, "deployer.start") == ()


def test_the_rollback_is_run_twice_even_where_the_deployment_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    made, verbs = measured(monkeypatch), list[Any]()
    deployed_by(made, monkeypatch, verbs.append)
    monkeypatch.setattr(made, "drain", lambda *_: None)
    monkeypatch.setattr(made.workload, "window", lambda _phase: made.history.scope())
    run(SCENARIOS["round-trip"](gate()), made)
    assert verbs == ["deploy 1.1.0", "rollback", "rollback", "deploy 1.1.0", "rollback"]
    release = {v.data["phase"]: v.data["outcome"] for v in select(made.history.events, "verdict", check="release")}
    assert release == {
        "baseline": "pass", "deployed": "fail", "rolled-back": "pass", "rolled-back-twice": "pass",
        "deployed-again": "fail", "rolled-back-again": "pass",
    }  # fmt: skip


# -- one-way doors -----------------------------------------------------------------------------------------------------


def test_a_release_that_cannot_be_taken_back_must_be_refused_and_the_round_trip_ends_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stack = tiny_stack()
    declared = stack.harness.deployer
    assert declared is not None
    deployer = declared.model_copy(update={"one_way": {NEW: "its files cannot be read by 1.0.0"}})
    one_way = stack.model_copy(update={"harness": stack.harness.model_copy(update={"deployer": deployer})})
    made, verbs = measured(monkeypatch), list[Any]()
    deployed_by(made, monkeypatch, verbs.append)
    monkeypatch.setattr(made, "drain", lambda *_: None)
    monkeypatch.setattr(made.workload, "window", lambda _phase: made.history.scope())
    run(SCENARIOS["round-trip"](gate(one_way)), made)
    assert verbs == ["deploy 1.1.0", "rollback"]
    assert [v.data["phase"] for v in select(made.history.events, "verdict", check="one-way")] == ["refused"]
    assert not select(made.history.events, "verdict", check="trace")


def claims(stack: Any) -> dict[str, dict[str, Any]]:
    """What the round trip asks the check of the deployer, by phase."""
    steps = [step.to_data() for step in SCENARIOS["round-trip"](gate(stack)).steps]
    asked = [(step["phase"], one) for step in steps if step["step"] == "check" for one in step["checks"]]
    return {phase: one for phase, one in asked if isinstance(one, dict) and one["check"] == "deployer"}


def test_every_attempt_of_the_deployer_is_held_against_the_fleet() -> None:
    found = claims(tiny_stack())
    assert {phase: (one["verb"], one["release"]) for phase, one in found.items()} == {
        "deployed": ("deploy", NEW), "rolled-back": ("rollback", OLD), "rolled-back-twice": ("rollback", OLD),
        "deployed-again": ("deploy", NEW), "rolled-back-again": ("rollback", OLD),
    }  # fmt: skip


def test_only_a_second_rollback_may_be_refused_and_only_as_declared() -> None:
    stack = tiny_stack()
    declared = stack.harness.deployer
    assert declared is not None
    deployer = declared.model_copy(update={"nothing_to_take_back": (3, 4)})
    found = claims(stack.model_copy(update={"harness": stack.harness.model_copy(update={"deployer": deployer})}))
    refused = {phase: one.get("refusals") for phase, one in found.items()}
    assert {phase for phase, codes in refused.items() if codes} == {"rolled-back-twice"}
    assert list(refused["rolled-back-twice"] or ()) == [3, 4]
