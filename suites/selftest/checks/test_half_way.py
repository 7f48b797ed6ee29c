"""A deployment counts as half only when it was stopped there."""

import pytest

from harness.checks.half_way import check
from suites.selftest.checks.builder import REPLICAS, Made


@pytest.mark.parametrize(
    ("ended", "runs", "outcome", "words"),
    [
        ("stopped", "4.1.1", "pass", "killed when the first replica ran 4.1.1"),
        ("stopped", "4.1.0", "unknown", "no replica ran 4.1.1 before the deployer was stopped"),
        ("exit", "4.1.1", "unknown", "ended (exit) before it could be stopped"),
        ("timeout", "4.1.1", "unknown", "ended (timeout) before it could be stopped"),
    ],
)
def test_it_is_half_when_it_was_stopped_with_the_first_replica_on_the_new_release(
    ended: str, runs: str, outcome: str, words: str
) -> None:
    made = Made().releases("half", runs, "4.1.0", "4.1.0").ended("half", "deploy", None, ended)
    verdict = check(made.events, phase="half", release="4.1.1")
    assert str(verdict.outcome) == outcome
    assert words in verdict.reason
    assert made.events[-1].id in verdict.evidence


def test_without_a_deployment_that_ended_nothing_is_known() -> None:
    verdict = check(Made().releases("half", "4.1.1").events, phase="half", release="4.1.1")
    assert str(verdict.outcome) == "unknown"
    assert "no deployment was stopped" in verdict.reason


@pytest.mark.parametrize(
    ("left", "outcome", "words"),
    [
        (("4.1.1", "4.1.0", "4.1.0"), "pass", "killed when the first replica ran 4.1.1"),
        (("4.1.1", "4.1.1", "4.1.0"), "pass", "killed"),
        (("4.1.1", "4.1.1", "4.1.1"), "unknown", "every replica ran 4.1.1 when the deployer was stopped"),
        (("4.1.1", None, "4.1.0"), "pass", "killed"),
        (("4.1.1", None, "4.1.1"), "unknown", "what backend-2 ran when the deployer was stopped is not known"),
        ((), "unknown", "what backend-1, backend-2 and backend-3 ran when the deployer was stopped is not known"),
    ],
)
def test_what_was_left_has_to_be_on_both_releases(left: tuple[str | None, ...], outcome: str, words: str) -> None:
    made = Made().releases("half", "4.1.1").ended("half", "deploy", None, "stopped").releases("half", *left)
    verdict = check(made.events, phase="half", release="4.1.1", replicas=REPLICAS)
    assert str(verdict.outcome) == outcome
    assert words in verdict.reason


def test_a_fleet_of_one_is_half_way_while_its_deployer_had_not_ended() -> None:
    made = Made().releases("half", "4.1.1").ended("half", "deploy", None, "stopped").releases("half", "4.1.1")
    assert check(made.events, phase="half", release="4.1.1", replicas=["backend-1"])


@pytest.mark.parametrize(("running", "outcome"), [(False, "pass"), (None, "unknown")])
def test_one_that_the_engine_says_does_not_run_is_on_no_release(running: bool | None, outcome: str) -> None:
    made = Made().releases("half", "4.1.1").ended("half", "deploy", None, "stopped").releases("half", "4.1.1")
    for replica in REPLICAS[1:]:
        down = {} if running is None else {"running": running}
        made.add("probe.release", "half", replica=replica, release=None, error="it is exited", **down)
    assert str(check(made.events, phase="half", release="4.1.1", replicas=REPLICAS).outcome) == outcome


def test_of_two_replicas_one_has_to_be_left_on_the_old_release() -> None:
    for left, outcome in ((("4.1.1", "4.1.0"), "pass"), (("4.1.1", "4.1.1"), "unknown")):
        made = Made().releases("half", "4.1.1").ended("half", "deploy", None, "stopped").releases("half", *left)
        found = check(made.events, phase="half", release="4.1.1", replicas=REPLICAS[:2])
        assert str(found.outcome) == outcome


def test_what_ran_in_other_phases_does_not_count() -> None:
    before = Made().releases("deployed", "4.1.1").ended("half", "deploy", None, "stopped").releases("half", "4.1.0")
    assert "no replica ran 4.1.1" in check(before.events, phase="half", release="4.1.1").reason
    after = Made().releases("half", "4.1.1").ended("half", "deploy", None, "stopped").releases("half", *["4.1.1"] * 3)
    after.releases("rolled-back", *["4.1.0"] * 3)
    found = check(after.events, phase="half", release="4.1.1", replicas=REPLICAS)
    assert "every replica ran 4.1.1" in found.reason


def test_the_evidence_is_the_end_of_the_deployer_and_the_first_replica_that_was_reached() -> None:
    made = Made().releases("half", "4.1.1", "4.1.1", "4.1.0").ended("half", "deploy", None, "stopped")
    assert check(made.events, phase="half", release="4.1.1").evidence == (0, 3)
