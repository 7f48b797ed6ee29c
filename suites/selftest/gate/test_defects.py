"""The gate is itself tested: every defect of the reference stack is caught, by the check that should catch it."""

from __future__ import annotations

from collections.abc import Iterator
from html import unescape

import pytest

from fixtures import reference
from harness.plan.gate import Gate, Settings
from harness.plan.run import Run
from harness.plan.runner import run
from harness.plan.trial import Trial
from harness.report import Report, html, postmortem
from harness.samples import Samples
from harness.stack import load
from harness.verdict import Outcome, combine
from suites.raw import select
from suites.selftest.there_and_back import there_and_back

SHORT = Settings(baseline=3.0, hold=3.0, drain=8.0)
CAUGHT = {  # defect: the check that must fail, its phase, and words of its reason
    "incident": ("logs", "deployed", "/var/log/backend/backend.log on backend-1"),
    "logs-stop": ("logs", "deployed", "/var/log/backend/backend.log on backend-1"),
    "deployer-lies": ("deployer", "deployed", "the deployer says that the deploy succeeded"),
    "deployer-hangs": ("deployer", "deployed", "its timeout"),
    "jobs-dropped": ("acknowledged", "rolled-back", "acknowledged are lost"),
    "rollback-leaves-files": ("trace", "rolled-back", "more below /srv/backend/releases/4.1.1/"),
    "rollback-skips-one": ("release", "rolled-back", "backend-1 runs 4.1.1, not 4.1.0"),
}


@pytest.fixture
def trial_with_defect(request: pytest.FixtureRequest, harness_run: Run) -> Iterator[Trial]:
    """The reference stack with the defect that the test is parametrized with."""
    stack = load(reference.STACK, [reference.DEFECTS[request.param].override])
    environment = harness_run.environment(stack, "4.1.0", test=request.node.nodeid)
    samples = harness_run.samples(environment)
    with harness_run.history.scope(environment=environment.id), environment, Trial(environment, samples) as trial:
        yield trial


def test_every_defect_has_a_check_that_must_catch_it() -> None:
    assert CAUGHT.keys() == reference.DEFECTS.keys()


@pytest.mark.parametrize(
    ("trial_with_defect", "caught"), CAUGHT.items(), indirect=["trial_with_defect"], ids=list(CAUGHT)
)
def test_a_defect_is_caught_by_the_check_that_should_catch_it(
    trial_with_defect: Trial, caught: tuple[str, str, str]
) -> None:
    check, phase, words = caught
    run(there_and_back(Gate(trial_with_defect.stack, "4.1.0", "4.1.1", SHORT)), trial_with_defect)
    failed = {
        (event.data["check"], event.data["phase"]): event.data["reason"]
        for event in select(trial_with_defect.history.events, "verdict", outcome="fail")
    }
    assert combine(trial_with_defect.verdicts).outcome is Outcome.FAIL
    assert words in failed.get((check, phase), f"not caught; failed: {failed}")
    report = Report.of(trial_with_defect.history.events)
    cause = postmortem.render(report).partition("## Cause")[2].partition("## Timeline")[0]
    assert words in cause, "who was not there finds it in the post-mortem"
    first_screen = unescape(html.render(report, Samples()).partition('id="timeline"')[0])
    assert words in first_screen, "and before the timeline of the page"
