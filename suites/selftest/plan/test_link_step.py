"""A link of a replayed chain rests on its own environment alone."""

from __future__ import annotations

import pytest

from harness.plan.steps import PlanEnded, Progress
from harness.plan.steps._check_call import CheckCall
from harness.plan.steps.link import Link, Seen
from harness.plan.trial import Trial
from harness.verdict import Outcome
from suites.raw import raw
from suites.selftest.plan.made import trial

SEEN = Seen(phase="recovered", check=CheckCall(check="errors"))


def outcome_of(link: Link, made: Trial) -> Outcome:
    """What a link comes to; one that does not pass ends the plan."""
    try:
        link.run(made, Progress())
    except PlanEnded:
        assert made.verdicts[-1].outcome is not Outcome.PASS
    else:
        assert made.verdicts[-1].outcome is Outcome.PASS
    return made.verdicts[-1].outcome


@pytest.mark.parametrize(("whose", "outcome"), [("h1", Outcome.PASS), ("h2", Outcome.UNKNOWN)])
def test_a_verdict_of_another_environment_is_not_taken(whose: str, outcome: Outcome) -> None:
    made = trial()
    passed = {"check": "errors", "outcome": "pass", "reason": "no request failed", "evidence": []}
    made.history.record(raw("verdict", environment=whose, phase="recovered", **passed))
    assert outcome_of(Link(key="back", text="it is back", seen=(SEEN,)), made) is outcome


@pytest.mark.parametrize(("whose", "outcome"), [("h1", Outcome.PASS), ("h2", Outcome.UNKNOWN)])
def test_what_the_deployer_of_another_environment_says_is_not_taken(whose: str, outcome: Outcome) -> None:
    made = trial()
    ended = {
        "start": 0,
        "verb": "deploy",
        "release": "1",
        "exit_code": 0,
        "ended": "exit",
        "seconds": 1.0,
        "error": None,
    }
    made.history.record(raw("deployer.end", environment=whose, phase="fix", **ended))
    assert outcome_of(Link(key="fixed", text="it is fixed", seen=(Seen(phase="fix"),)), made) is outcome
