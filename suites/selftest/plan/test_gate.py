"""The gate's own judgement, on histories that are made."""

from __future__ import annotations

from typing import Any

import pytest

from harness.plan.gate import SCENARIOS, _was_half, baseline, standing
from harness.plan.trial import Trial
from harness.verdict import Outcome, Verdict
from suites.selftest.plan.made import NEW, OLD, gate, tiny_stack, trial

CHECKS = {"release", "errors", "containers", "logs", "health", "registry"}


def fill(made: Trial, phase: str, release: str = OLD, **other: str) -> None:
    """Everything as it should be on a release; `other` names a replica that runs another one."""
    history = made.history
    with history.scope(environment="h1", phase=phase):
        for name in made.fleet_names:
            history.record("probe.release", replica=name, release=other.get(name.replace("-", "_"), release))
            history.record("probe.health", replica=name, ok=True, error=None)
            history.record(
                "probe.log", replica=name, path="/var/log/web.log", records=40, by_release={release: 40}, unparsed=0,
                errors=0, error_lines=[], newest=None, seconds=4.0, silence=0.2, state="ok", error=None,
            )  # fmt: skip
        for name in made.names:
            history.record(
                "probe.container", replica=name, status="running", started="10:00", exit_code=None, oom_killed=False,
                error=None,
            )  # fmt: skip
        history.record("probe.registry", release=release, error=None)
        history.record(
            "workload", intended=100, sent=100, ok=100, failed=0, shed=0, seconds=4.0, p50=0.01, p95=0.02, p99=0.03,
            lateness_p95=0.001, statuses={"200": 100}, errors={}, longest_outage=0.0, served_by={},
        )  # fmt: skip


def outcomes(verdicts: list[Verdict]) -> dict[str, str]:
    return {verdict.check: str(verdict.outcome) for verdict in verdicts}


def test_where_all_is_well_every_check_of_what_is_declared_passes() -> None:
    made = trial()
    fill(made, "deployed", NEW)
    assert outcomes(standing(made, "deployed", NEW)) == dict.fromkeys(CHECKS, "pass")


def test_where_nothing_was_recorded_nothing_passes() -> None:
    assert set(outcomes(standing(trial(), "deployed", NEW)).values()) == {"unknown"}


def test_one_replica_on_another_release_is_named() -> None:
    made = trial()
    fill(made, "rolled-back", OLD, web_2=NEW)
    failed = {v.check: v.reason for v in standing(made, "rolled-back", OLD) if v.outcome is Outcome.FAIL}
    assert "web-2 runs 1.1.0" in failed["release"]
    assert failed.keys() == {"release", "registry"}


def test_only_what_the_stack_declares_is_asked_for() -> None:
    stack = tiny_stack()
    probes = stack.harness.probes.model_copy(update={"registry": None})
    harness = stack.harness.model_copy(update={"logs": {}, "probes": probes})
    web = stack.services["web"].model_copy(update={"healthcheck": None})
    bare = stack.model_copy(update={"harness": harness, "services": {**stack.services, "web": web}})
    assert {v.check for v in standing(trial(bare), "p", OLD)} == {"release", "errors", "containers"}


def test_a_stack_whose_release_cannot_be_asked_is_never_a_pass() -> None:
    stack = tiny_stack()
    probes = stack.harness.probes.model_copy(update={"release": {}})
    mute = stack.model_copy(update={"harness": stack.harness.model_copy(update={"probes": probes})})
    made = trial(mute)
    fill(made, "p")
    assert outcomes(standing(made, "p", OLD))["release"] == "unknown"


# -- the baseline ------------------------------------------------------------------------------------------------------


def measured(monkeypatch: pytest.MonkeyPatch, **other: str) -> Trial:
    made = trial()
    monkeypatch.setattr(made.workload, "start", lambda: None)
    monkeypatch.setattr(made, "watch", lambda phase, _seconds: fill(made, phase, OLD, **other))
    return made


def test_a_sound_baseline_lets_the_gate_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    made = measured(monkeypatch)
    assert baseline(made, gate())
    assert outcomes(made.verdicts) == dict.fromkeys(CHECKS, "pass")


def test_a_baseline_that_fails_is_unknown_since_nothing_was_deployed_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    made = measured(monkeypatch, web_1="0.9.0")
    assert not baseline(made, gate())
    assert Outcome.FAIL not in {verdict.outcome for verdict in made.verdicts}
    (release,) = (verdict for verdict in made.verdicts if verdict.check == "release")
    assert release.outcome is Outcome.UNKNOWN
    assert release.reason.startswith("the baseline is not sound, before anything was deployed: ")
    assert "web-1 runs 0.9.0" in release.reason
    assert made.environment.failed  # what could not be judged needs its evidence no less


@pytest.mark.parametrize("name", list(SCENARIOS))
def test_on_a_baseline_that_is_not_sound_nothing_is_deployed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    made = measured(monkeypatch, web_1="0.9.0")
    SCENARIOS[name](made, gate())
    assert made.history.select("deployer.start") == ()


# -- half-way ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ended", "reached", "outcome", "words"),
    [
        ("stopped", True, "pass", "killed when the first replica ran 1.1.0"),
        ("stopped", False, "unknown", "no replica ran 1.1.0 before the deployer was stopped"),
        ("exit", True, "unknown", "ended (exit) before it could be stopped"),
        ("exit", False, "unknown", "ended (exit) before it could be stopped"),
        ("timeout", True, "unknown", "ended (timeout) before it could be stopped"),
    ],
)
def test_a_deployment_counts_as_half_only_when_it_was_stopped_there(
    ended: str, reached: bool, outcome: str, words: str
) -> None:
    verdict = _was_half(ended, reached, 7, gate())
    assert (str(verdict.outcome), verdict.evidence) == (outcome, (7,))
    assert words in verdict.reason


def test_the_rollback_is_run_twice_even_where_the_deployment_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    made, verbs = measured(monkeypatch), list[Any]()
    monkeypatch.setattr(made.deployer, "deploy", lambda release: verbs.append(f"deploy {release}"))
    monkeypatch.setattr(made.deployer, "rollback", lambda: verbs.append("rollback"))
    monkeypatch.setattr(made, "drain", lambda *_: None)
    monkeypatch.setattr(made.workload, "window", lambda _phase: made.history.scope())
    SCENARIOS["round-trip"](made, gate())
    assert verbs == ["deploy 1.1.0", "rollback", "rollback"]
    release = {v.data["phase"]: v.data["outcome"] for v in made.history.select("verdict", check="release")}
    assert release == {"baseline": "pass", "deployed": "fail", "rolled-back": "pass", "rolled-back-twice": "pass"}
