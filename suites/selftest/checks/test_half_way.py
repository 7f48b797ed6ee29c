"""A deployment counts as half only when it was stopped there."""

import pytest

from harness.checks.half_way import check
from suites.selftest.checks.builder import Made


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
