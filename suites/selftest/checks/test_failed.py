"""A deployment counts as failed only where it did not succeed."""

import pytest

from harness.checks.failed import check
from suites.selftest.checks.builder import Made


@pytest.mark.parametrize(
    ("code", "how", "outcome", "words"),
    [
        (None, "stopped", "pass", "the deployment failed: it was killed"),
        (None, "timeout", "pass", "it ran into its timeout"),
        (3, "exit", "pass", "it ended with exit code 3"),
        (0, "exit", "unknown", "succeeded before it could be stopped"),
        (None, "exit", "unknown", "how the deployment ended is not known (exit)"),
        (None, "not started", "unknown", "not known (not started)"),
        (None, "lost", "unknown", "not known (lost)"),
    ],
)
def test_it_failed_where_it_was_killed_or_says_so(code: int | None, how: str, outcome: str, words: str) -> None:
    made = Made().ended("failed-deploy-1", "deploy", code, how)
    verdict = check(made.events, phase="failed-deploy-1")
    assert str(verdict.outcome) == outcome
    assert words in verdict.reason
    assert verdict.evidence == (made.events[-1].id,)


def test_where_nothing_was_tried_nothing_failed() -> None:
    made = Made().ended("another", "deploy", 3)
    verdict = check(made.events, phase="failed-deploy-1")
    assert str(verdict.outcome) == "unknown"
    assert verdict.reason == "no deployment was tried"
