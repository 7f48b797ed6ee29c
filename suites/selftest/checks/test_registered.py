"""Claims over all checks at once: none passes without evidence."""

import dataclasses
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness import checks
from harness.checks._evidence import Findings
from harness.checks.logs import ExpectedLog
from harness.errors import UsageError
from harness.fingerprint import StatePart
from harness.history import Event
from harness.samples import Samples, Stream
from harness.verdict import Outcome, Verdict
from suites.raw import fields
from suites.selftest.checks.arms import Arms
from suites.selftest.checks.builder import LOG, REPLICAS, Made

FLEET: dict[str, Any] = {"phase": "deployed", "replicas": REPLICAS}
PARAMS: dict[str, dict[str, Any]] = {
    "acknowledged": {"phase": "after"},
    "answers": {"phase": "after", "baseline": "before", "deployed": "before"},
    "availability": {"phase": "deployed"},
    "containers": {**FLEET, "steady": True},
    "convergence": {**FLEET, "registry": True, "configured": REPLICAS, "schema": {"4.1.1": "17"}, "balancer": True},
    "deployer": {**FLEET, "verb": "deploy", "release": "4.1.1"},
    "effects": {"phase": "after", "effects": ["mails"]},
    "errors": {"phase": "deployed"},
    "faults": {"phase": "deployed"},
    "growth": {"phase": "soak", "replicas": REPLICAS},
    "failed": {"phase": "half"},
    "half-way": {"phase": "half", "release": "4.1.1"},
    "health": FLEET,
    "loaded": {**FLEET, "before": "baseline", "deployed": "baseline", "other": "4.1.0"},
    "locks": {"phase": "deployed"},
    "log-errors": {"phase": "deployed", "logs": [ExpectedLog(replica, LOG, max_silence=2.0) for replica in REPLICAS]},
    "log-mix": {"phase": "deployed", "logs": [ExpectedLog(replica, LOG, max_silence=2.0) for replica in REPLICAS]},
    "logs": {
        "phase": "deployed",
        "release": "4.1.1",
        "logs": [ExpectedLog(replica, LOG, max_silence=2.0) for replica in REPLICAS],
    },
    "metastable": {"phase": "after", "baseline": "before", "outage": 5.0, "utilisation": 0.5},
    "no-change": {**FLEET, "before": "baseline"},
    "one-way": {
        "phase": "refused",
        "before": "deployed",
        "replicas": REPLICAS,
        "release": "4.1.1",
        "because": "migration 12 drops a column",
    },
    "performance": {"phase": "deployed"},
    "queue": {"phase": "deployed", "within": 5.0},
    "reads": {"phase": "deployed"},
    "reads-forward": {"phase": "deployed"},
    "registry": FLEET,
    "resources": FLEET,
    "restarts": FLEET,
    "second-deployment": {"phase": "deployed", "before": "baseline"},
    "tail": {"phase": "after"},
    "trace": {"phase": "deployed", "before": "baseline"},
    "release": {**FLEET, "release": "4.1.1"},
    "tolerances": {"phase": "deployed", "activities": ["answers"]},
    "two-deployers": {**FLEET, "phase": "by-two", "verb": "fix-forward", "release": "4.1.1"},
}


def fields_of(stream: Stream) -> dict[str, Any]:
    return {field.name: getattr(stream, field.name) for field in dataclasses.fields(stream)}


def passing() -> tuple[Made, Samples]:
    made = Made()
    made.clock.advance(15.0)  # seconds of load on the old release, then of load on the new one
    start = made.add("note", text="the beginning").add("deployer.start", verb="deploy").events[-1].id
    made.add("deployer.end", start=start, verb="deploy", exit_code=0, ended="exit", seconds=1.0)
    for phase in ("baseline", "deployed"):
        made.ended(phase, "deploy").registry(phase, "4.1.1")
        made.health(phase, True, True, True).queue(phase, 3, 0).containers(phase).load(phase)
        made.configurations(phase, *["4.1.1"] * 3).schema(phase, "17").balancer(phase, "UP", "UP", "UP")
        for replica in REPLICAS:
            made.log(phase, replica, levels={"info": 40}, kinds={"info: done": 40})
            for _ in range(2):
                made.inside(phase, replica, resident=50_000_000, threads=4, processes=3)
        made.releases(phase, *["4.1.1"] * 3).activity(phase)
        made.add("probe.postgres", phase, replica="database-1", error=None, lock_wait={"sessions": 0, "longest": 0.0})
        made.fault(phase).fingerprint(phase).reads(phase).reads(phase, every=True)
    for _ in range(20):  # the checks that need the most pass on so many, and are asked a thousand times here
        for replica in REPLICAS:
            made.inside("soak", replica, resident=50_000_000, threads=4, processes=3)
        made.clock.advance(10.0)
    pair = [made.add("deployer.start", "two", verb="fix-forward").events[-1].id for _ in range(2)]
    for start, code in zip(pair, (0, 1), strict=True):
        made.add("deployer.end", "two", start=start, verb="fix-forward", exit_code=code, ended="exit", seconds=1.0)
    made.releases("by-two", *["4.1.1"] * 3)
    made.releases("half", "4.1.1", "4.1.0", "4.1.0").ended("half", "deploy", None, "stopped")
    made.ended("refused", "rollback", 1).releases("refused", *["4.1.1"] * 3).registry("refused", "4.1.1")
    made.fingerprint("refused")
    arms = Arms(history=made.history, phases=("before", "after"), rate=40.0)
    made.clock.advance(200.0)
    made.add("probe.readback", "after", file="readback.json", key="", pieces=1, error=None)
    readback, key = made.events[-1].id, arms.samples.streams[0].key
    made.add("probe.effect", "after", name="mails", file="e.json", key=key, pieces=1, error=None, before=9e9)
    promised = Stream(**{**fields_of(arms.samples.streams[0]), "promises": ((3, "job-3"),)})
    streams = (promised, *arms.samples.streams[1:])
    return made, Samples(streams, {readback: {"job-3": 1}, made.events[-1].id: {"job-3": 1}})


def passed() -> tuple[tuple[Event, ...], Samples]:
    made, samples = passing()
    return made.events, samples


PASSING, SAMPLES = passed()
PARAMS["recovery"] = {"phase": "after", "baseline": "before", "samples": SAMPLES}
for judged_by_samples in ("acknowledged", "answers", "effects", "metastable", "tail"):
    PARAMS[judged_by_samples]["samples"] = SAMPLES


SPOILT = {"key": "k-7", "verdict": "wrong", "outcome": "status 404", "server": "backend-2", "got": "status 404"}
DIFFERENT = {"files": StatePart({"/srv/current": {"type": "link", "owner": "0:0", "target": "releases/4.1.1"}})}
# What makes a check fail when it is seen in the phase that is judged, and what it is then said to be.
BAD: dict[tuple[str, str], Callable[[Made, str], Made]] = {
    ("availability", "no request was answered"): lambda made, phase: made.load(phase, longest_outage=9.0),
    ("containers", "backend-1 is exited"): lambda made, phase: made.containers(phase, "exited"),
    ("convergence", "backend-3 runs 4.1.0"): lambda made, phase: made.releases(phase, "4.1.1", "4.1.1", "4.1.0"),
    ("convergence", "the registry says 4.1.0"): lambda made, phase: made.registry(phase, "4.1.0"),
    ("convergence", "the configuration of backend-2 is of 4.1.0"): lambda made, phase: made.configurations(
        phase, "4.1.1", "4.1.0", "4.1.1"
    ),
    ("convergence", "the schema is at 16"): lambda made, phase: made.schema(phase, "16"),
    ("convergence", "web/backend-2 as DOWN"): lambda made, phase: made.balancer(phase, "UP", "DOWN", "UP"),
    ("convergence", "web/backend-1 with weight 0"): lambda made, phase: made.balancer(
        phase, "UP", "UP", "UP", weight=0
    ),
    ("deployer", "the deploy ended with exit code 7"): lambda made, phase: made.ended(phase, "deploy", 7),
    ("deployer", "the deploy was stopped"): lambda made, phase: made.ended(phase, "deploy", None, "timeout"),
    ("deployer", "backend-2 runs 4.1.0, not 4.1.1"): lambda made, phase: made.ended(phase, "deploy").releases(
        phase, "4.1.1", "4.1.0", "4.1.1"
    ),
    ("errors", "100 of 1000 requests failed"): lambda made, phase: made.load(phase, ok=400, failed=100),
    ("health", "backend-2"): lambda made, phase: made.health(phase, True, False, True),
    ("loaded", "python3 of it works in the directory of 4.1.0, /srv/4.1.0"): lambda made, phase: made.inside(
        phase, "backend-2", places=[[7, "/usr/bin/python3", "/srv/4.1.0"]]
    ).releases(phase, *["4.1.1"] * 3),
    ("locks", "one for 4.0 s or longer"): lambda made, phase: made.add(
        "probe.postgres", phase, replica="database-1", error=None, lock_wait={"sessions": 3, "longest": 4.0}
    ),
    ("log-errors", "got 9 error lines of 1 kind that baseline did not have"): lambda made, phase: made.log(
        phase, "backend-2", errors=9, error_kinds=[{"name": "job failed", "count": 9, "example": "ERROR job failed"}]
    ),
    ("log-mix", "has 200 records of the level debug"): lambda made, phase: made.log(
        phase, "backend-3", records=200, levels={"debug": 200}, kinds={"debug: row": 200}
    ),
    ("logs", f"{LOG} on backend-2 was silent for 9.0 s"): lambda made, phase: made.load(phase).log(
        phase, "backend-2", records=0, by_release={}, silence=9.0
    ),
    ("no-change", "backend-1 changed from 4.1.1 to 4.1.0"): lambda made, phase: made.releases(phase, "4.1.0"),
    ("no-change", "the registry changed from 4.1.1 to 4.1.0"): lambda made, phase: made.registry(phase, "4.1.0"),
    ("one-way", "took 4.1.1 back, which cannot be"): lambda made, phase: made.ended(phase, "rollback", 0),
    ("one-way", "the refusal came too late: backend-1 changed"): lambda made, phase: made.releases(phase, "4.1.0"),
    ("one-way", "the refusal came too late: the registry changed"): lambda made, phase: made.registry(phase, "4.1.0"),
    ("performance", "p50"): lambda made, phase: made.load(phase, p50=0.5, p95=0.9),
    ("queue", "drained and filled again: 50 jobs"): lambda made, phase: made.queue(phase, 50),
    ("reads", "backend-2"): lambda made, phase: made.reads(phase, bad=[SPOILT]),
    ("reads-forward", "backend-2"): lambda made, phase: made.reads(phase, every=True, bad=[SPOILT]),
    ("registry", "the registry says 4.1.0, and backend-1 runs 4.1.1"): lambda made, phase: made.registry(
        phase, "4.1.0"
    ),
    ("registry", "and backend-3 runs 4.1.0"): lambda made, phase: made.releases(phase, "4.1.1", "4.1.1", "4.1.0"),
    ("release", "backend-3 runs 4.1.0"): lambda made, phase: made.releases(phase, "4.1.1", "4.1.1", "4.1.0"),
    ("resources", "threads of backend-2: 300, 4 in the baseline"): lambda made, phase: (
        made.inside(phase, "backend-2", threads=300)
        .inside(phase, "backend-2", threads=300)
        .inside(phase, "backend-2", threads=300)
        .releases(phase, *["4.1.1"] * 3)
    ),
    ("restarts", "python3 of backend-2 was started again 2 times"): lambda made, phase: (
        made.inside(phase, "backend-2", list=[[8, 1, "python3", 6.0, "S"]])
        .inside(phase, "backend-2", list=[[9, 1, "python3", 7.0, "S"]])
        .releases(phase, *["4.1.1"] * 3)
    ),
    ("second-deployment", "/srv/current"): lambda made, phase: made.fingerprint(phase, DIFFERENT),
    ("tolerances", "answers gave status 503, outside its tolerance 200"): lambda made, phase: made.activity(
        phase, within=False, output={"status": 503}
    ),
    ("two-deployers", "backend-2 runs 4.1.0, not 4.1.1"): lambda made, phase: made.releases(phase, "4.1.1", "4.1.0"),
    ("trace", "/srv/current"): lambda made, phase: made.fingerprint(phase, DIFFERENT),
}
# `failed`, `faults` and `half-way` never fail; the others need samples or many looks, and have tests of their own.
OTHERS = {
    "answers",
    "failed",
    "faults",
    "growth",
    "half-way",
    "acknowledged",
    "effects",
    "metastable",
    "recovery",
    "tail",
}


def test_every_check_is_seen_to_fail_here() -> None:
    assert {name for name, _ in BAD} | OTHERS == set(PARAMS)


@pytest.mark.parametrize(("name", "words"), BAD)
def test_what_is_bad_fails_on_its_evidence_and_says_where_to_look(name: str, words: str) -> None:
    made, _ = passing()
    before = len(made.events)
    verdict = checks.find(name)(BAD[name, words](made, PARAMS[name]["phase"]).events, **PARAMS[name])
    assert verdict.outcome is Outcome.FAIL, verdict
    assert words in verdict.reason
    assert "None" not in verdict.reason
    assert verdict.look
    assert max(verdict.evidence) >= before, "what made it fail is not among its evidence"
    left = [event for event in made.events if event.id not in verdict.evidence]
    assert words not in checks.find(name)(left, **PARAMS[name]).reason


@pytest.mark.parametrize(("name", "words"), BAD)
def test_what_is_bad_in_another_phase_changes_nothing(name: str, words: str) -> None:
    made, _ = passing()
    verdict = checks.find(name)(BAD[name, words](made, "elsewhere").events, **PARAMS[name])
    assert verdict == checks.find(name)(PASSING, **PARAMS[name])


@pytest.mark.parametrize("name", sorted(PARAMS))
def test_what_is_not_known_says_why(name: str) -> None:
    for left in ((), PASSING[: len(PASSING) // 2], PASSING[len(PASSING) // 2 :]):
        verdict = checks.find(name)(left, **PARAMS[name])
        assert verdict.reason
        assert "None" not in verdict.reason
        assert bool(verdict.look) is (verdict.outcome is not Outcome.PASS)


def test_every_check_is_found_by_its_name_and_has_its_claims_here() -> None:
    assert set(checks.names()) == set(PARAMS)
    for name in checks.names():
        assert checks.find(name).__module__ == f"harness.checks.{name.replace('-', '_')}"


def test_a_check_that_does_not_exist_is_refused_with_those_that_do() -> None:
    with pytest.raises(UsageError, match="no such check") as caught:
        checks.find("convergance")
    assert "availability" in str(caught.value)


@pytest.mark.parametrize("name", sorted(PARAMS))
def test_an_empty_history_is_unknown(name: str) -> None:
    verdict = checks.find(name)((), **PARAMS[name])
    assert verdict.outcome is Outcome.UNKNOWN
    assert verdict.check == name
    assert verdict.reason
    assert verdict.look


@pytest.mark.parametrize("name", sorted(PARAMS))
def test_the_whole_history_passes_on_evidence(name: str) -> None:
    verdict = checks.find(name)(PASSING, **PARAMS[name])
    assert verdict.outcome is Outcome.PASS, verdict
    assert verdict.evidence


@pytest.mark.parametrize("name", sorted(PARAMS))
def test_without_its_evidence_a_pass_becomes_unknown(name: str) -> None:
    evidence = checks.find(name)(PASSING, **PARAMS[name]).evidence
    left = tuple(event for event in PASSING if event.id not in evidence)
    assert checks.find(name)(left, **PARAMS[name]).outcome is Outcome.UNKNOWN


@pytest.mark.parametrize("name", sorted(PARAMS))
def test_whatever_a_pass_cannot_do_without_is_among_its_evidence(name: str) -> None:
    evidence = checks.find(name)(PASSING, **PARAMS[name]).evidence
    for gone in (event for event in PASSING if event.kind != "workload.start"):  # a window refers to it
        left = tuple(event for event in PASSING if event is not gone)
        assert gone.id in evidence or checks.find(name)(left, **PARAMS[name]), gone


@pytest.mark.parametrize("name", sorted(PARAMS))
@settings(deadline=None)
@given(kept=st.sets(st.integers(0, len(PASSING) - 1)))
def test_no_part_of_a_history_passes_without_evidence_for_every_replica(name: str, kept: set[int]) -> None:
    left = tuple(event for event in PASSING if event.id in kept)
    verdict = checks.find(name)(left, **PARAMS[name])
    assert set(verdict.evidence) <= kept
    if verdict:
        assert verdict.evidence
        asked = {PASSING[number].data.get("replica") for number in verdict.evidence}
        assert not PARAMS[name].get("replicas") or set(REPLICAS) <= asked
    else:
        assert verdict.outcome is Outcome.UNKNOWN  # less evidence is never proof of a fault


def test_the_fields_of_a_verdict_are_those_of_its_event() -> None:
    verdict = checks.find("health")(PASSING, **FLEET)
    assert dict(fields(verdict)) == {
        "check": "health",
        "outcome": "pass",
        "reason": "3 replicas are healthy",
        "evidence": list(verdict.evidence),
        "look": "",
        "parameters": None,
    }


@pytest.mark.parametrize("name", sorted(PARAMS))
def test_a_verdict_is_given_again_with_the_parameters_that_its_event_holds(name: str) -> None:
    parameters = {key: value for key, value in PARAMS[name].items() if key not in ("phase", "samples")}
    samples, phase = PARAMS[name].get("samples", Samples()), PARAMS[name]["phase"]
    first = checks.call(checks.find(name), PASSING, samples, phase, parameters)
    saved = json.loads(json.dumps(dict(fields(first))))
    assert checks.again(name, checks.find(name), PASSING, samples, phase, saved["parameters"]) == first
    assert first.outcome is Outcome.PASS


def test_parameters_that_todays_check_does_not_take_leave_it_unknown() -> None:
    found = checks.again("health", checks.find("health"), PASSING, Samples(), "deployed", {"colour": "red"})
    assert found.outcome is Outcome.UNKNOWN
    assert "it takes no colour" in found.reason


def test_a_failure_of_the_groundwork_is_unknown_and_says_so() -> None:
    assert checks.as_groundwork(Verdict("x", Outcome.PASS, "fine")).outcome is Outcome.PASS
    found = checks.as_groundwork(Verdict("x", Outcome.FAIL, "broken"))
    assert found.outcome is Outcome.UNKNOWN
    assert found.reason == "the baseline is not sound, before anything was deployed: broken"


def test_findings_that_rest_on_nothing_are_never_a_pass() -> None:
    assert Findings("anything").verdict("all is well").outcome is Outcome.UNKNOWN
