"""What a gate that has caught a defect says: the post-mortem and the page, on the defect that the project began with.

That every other defect is caught, and by which check, is the corpus: test_sample.py and `tox -e detection`.
"""

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
WORDS = "/var/log/backend/backend.log on backend-1"


@pytest.fixture
def trial(request: pytest.FixtureRequest, harness_run: Run) -> Iterator[Trial]:
    """The reference stack as it was in the incident."""
    stack = load(reference.STACK, [reference.DEFECTS["incident"].override])
    environment = harness_run.environment(stack, "4.1.0", test=request.node.nodeid)
    samples = harness_run.samples(environment)
    with harness_run.history.scope(environment=environment.id), environment, Trial(environment, samples) as trial:
        yield trial


@pytest.mark.sampled
def test_who_was_not_there_finds_the_cause_in_the_post_mortem_and_before_the_timeline_of_the_page(trial: Trial) -> None:
    run(there_and_back(Gate(trial.stack, "4.1.0", "4.1.1", SHORT)), trial)
    failed = {
        (event.data["check"], event.data["phase"]): event.data["reason"]
        for event in select(trial.history.events, "verdict", outcome="fail")
    }
    assert combine(trial.verdicts).outcome is Outcome.FAIL
    assert WORDS in failed.get(("logs", "deployed"), f"not caught; failed: {failed}")
    report = Report.of(trial.history.events)
    assert WORDS in postmortem.render(report).partition("## Cause")[2].partition("## Timeline")[0]
    assert WORDS in unescape(html.render(report, Samples()).partition('id="timeline"')[0])
