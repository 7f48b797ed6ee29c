"""The gate as functions, on the tiny stack, with a deployer that is good and with each that is not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from fixtures import tiny
from harness.engine import Engine
from harness.history import Event, History, read
from harness.plan.gate import MEASURED, Gate, Settings
from harness.plan.gating import in_environment, run_gate
from harness.plan.run import Options, Run
from harness.stack import Stack, load
from harness.verdict import Outcome, Verdict, combine
from suites.raw import select
from suites.selftest.plan.made import NEW, OLD, gate, judged, replayed, trial
from suites.selftest.there_and_back import there_and_back

pytestmark = [pytest.mark.containers, pytest.mark.sampled]

# Mode of the deployer: what the gate must say of it, by (phase, check), as a part of the reason.
WRONG = {
    "fails": {("deployed", "deployer"): "exit code 7", ("deployed", "release"): f"web-1 runs {OLD}, not {NEW}"},
    "hangs": {("deployed", "deployer"): "its timeout", ("deployed", "release"): f"web-2 runs {OLD}, not {NEW}"},
    "lies": {("deployed", "deployer"): "the deployer says that the deploy succeeded"},
    "half": {
        ("rolled-back", "release"): f"web-2 runs {NEW}, not {OLD}",
        ("rolled-back", "deployer"): f"the deployer says that the rollback succeeded, and web-2 runs {NEW}",
        ("rolled-back", "registry"): "web-2",
    },
}


def tiny_stack(mode: str, recovery: str = "30s") -> Stack:
    return load(tiny.STACK, environ={"TINY_DEPLOYER": mode, "TINY_TIMEOUT": "4s", "TINY_RECOVERY": recovery})


def gated(mode: str, engine: Engine, directory: Path) -> tuple[Verdict, History]:
    """By the whole gate."""
    with Run(engine, Options(out=directory)) as run:
        return run_gate(run, gate(tiny_stack(mode))), run.history


def taken_back(wanted: Gate, engine: Engine, directory: Path) -> tuple[Verdict, History]:
    """By its round trip, up to where the first rollback is judged."""
    with Run(engine, Options(out=directory)) as run:
        return combine(in_environment(run, wanted.stack, there_and_back(wanted))), run.history


def reasons(events: tuple[Event, ...], outcome: str) -> dict[tuple[str, str], str]:
    return {
        (event.data["phase"], event.data["check"]): event.data["reason"]
        for event in events
        if event.kind == "verdict" and event.data["outcome"] == outcome
    }


@pytest.mark.paired
def test_a_good_deployer_passes_every_scenario_and_its_history_says_the_same_when_it_is_read_back(
    harness_engine: Engine, tmp_path: Path
) -> None:
    verdict, history = gated("good", harness_engine, tmp_path)
    assert reasons(history.events, "fail") == {}
    # A machine that is too busy to say anything about times says so; nothing else may be unknown.
    late = {where: why for where, why in reasons(history.events, "unknown").items() if "itself was late" in why}
    assert reasons(history.events, "unknown") == late
    assert verdict.outcome is (Outcome.UNKNOWN if late else Outcome.PASS), verdict
    assert history.path is not None
    events = read(history.path)
    assert {event.data["phase"] for event in events if event.kind == "verdict"} >= {
        "baseline", "deploy", "deployed", "rolled-back", "rolled-back-twice", "half-deploy", "half-rolled-back",
    }  # fmt: skip
    assert_judged_the_same(events, history.path)


@pytest.mark.parametrize("mode", list(WRONG))
def test_a_bad_deployer_fails_with_what_is_wrong(mode: str, harness_engine: Engine, tmp_path: Path) -> None:
    verdict, history = taken_back(gate(tiny_stack(mode)), harness_engine, tmp_path)
    assert verdict.outcome is Outcome.FAIL, verdict
    failed = reasons(history.events, "fail")
    for where, words in WRONG[mode].items():
        assert words in failed.get(where, "not failed"), (where, failed)
    assert select(history.events, "deployer.end", verb="rollback"), "the way back is tried all the same"
    assert select(history.events, "verdict", phase="rolled-back", check="release"), "and judged"
    assert history.path is not None
    assert_judged_the_same(read(history.path), history.path)


@pytest.mark.parametrize(("mode", "phase", "verb"), [
    ("wedges", "rolled-back-twice", "rollback"), ("balks", "deployed-again", "deploy"),
])  # fmt: skip
def test_a_second_attempt_that_fails_fails_the_gate_with_the_deployers_last_words(
    mode: str, phase: str, verb: str, harness_engine: Engine, tmp_path: Path
) -> None:
    with Run(harness_engine, Options(out=tmp_path)) as run:
        verdict = run_gate(run, gate(tiny_stack(mode)), ["round-trip"])
        failed = reasons(run.history.events, "fail")
    assert verdict.outcome is Outcome.FAIL, verdict
    words = f"the {verb} ended with exit code 4; its last words: KeyError: 'previous'"
    assert failed.get((phase, "deployer")) == words, failed
    assert ("rolled-back", "deployer") not in failed
    assert ("deployed", "deployer") not in failed


@pytest.mark.paired
@pytest.mark.parametrize(
    ("mode", "recovery", "outcome", "words"),
    [
        ("drags-4", "30s", "pass", "as in the baseline again "),
        ("drags-600", "8s", "fail", "not as in the baseline again, in window "),
    ],
)
def test_a_service_that_is_slow_after_a_rollback_passes_when_it_recovers_in_time_and_fails_when_it_does_not(
    mode: str, recovery: str, outcome: str, words: str, harness_engine: Engine, tmp_path: Path
) -> None:
    _, history = taken_back(gate(tiny_stack(mode, recovery)), harness_engine, tmp_path)
    (performance,) = select(history.events, "verdict", phase="rolled-back", check="performance")
    assert (performance.data["phase"], performance.data["outcome"]) == ("rolled-back", outcome), performance.data
    assert performance.data["reason"].startswith(words)
    assert select(history.events, "workload", phase="rolled-back-window-2")
    assert select(history.events, "verdict", phase="rolled-back-window-2", check="errors", outcome="pass")


def test_recovery_is_measured_while_nothing_else_is_done_before_as_after(
    harness_engine: Engine, tmp_path: Path
) -> None:
    """What else were asked of the replicas in one of the two windows would make it the slower one."""
    short = tmp_path / "short.yaml"
    short.write_text("x-harness: {recovery: {baseline: 4s, hold: 2s, within: 0s}}\n")
    stack = load(tiny.STACK, [short], environ={})
    wanted = replace(gate(stack), settings=Settings(baseline=1.5, hold=1.5, drain=5.0, recovery=True))
    _, history = taken_back(wanted, harness_engine, tmp_path)
    looks = {}
    for phase in (MEASURED, "recovered"):
        window, *_ = select(history.events, "workload", phase=phase)  # there may be a second look
        assert window.data["seconds"] >= 1.5
        during = (event.kind for event in history.events if event.data.get("phase") == phase)
        looks[phase] = {kind for kind in during if kind.startswith("probe.")}
    assert looks[MEASURED] == looks["recovered"]
    assert "probe.log" not in looks[MEASURED]
    (verdict,) = select(history.events, "verdict", check="recovery")
    assert verdict.data["parameters"]["baseline"] == MEASURED
    assert "no control" not in verdict.data["reason"], verdict.data["reason"]


def assert_judged_the_same(events: tuple[Event, ...], path: Path) -> None:
    """Judge every phase again from what was saved alone."""
    environments = {event.data["environment"] for event in events if event.kind == "environment.up"}
    compared = 0
    for environment in environments:
        own = tuple(event for event in events if event.data.get("environment") == environment)
        made = trial(history=replayed(events))
        made.history.path = path  # beside which the samples lie
        vars(made.environment)["id"] = environment
        for phase, release in (("deployed", NEW), ("rolled-back", OLD), ("half-rolled-back", OLD)):
            recorded = {e.data["check"]: e for e in own if e.kind == "verdict" and e.data["phase"] == phase}
            for again in judged(made, phase, release) if recorded else ():
                told = recorded[again.check].data
                assert (again.outcome, again.reason) == (told["outcome"], told["reason"])
                assert list(again.evidence) == told["evidence"]
                compared += 1
    assert compared >= 6
