"""What fails and goes well when it is tried again is still reported."""

from __future__ import annotations

from io import StringIO

import pytest
from rich.console import Console

from harness.clock import ManualClock
from harness.events import DeployerEnd
from harness.history import Event, History
from harness.report import Report, html, junit, markdown, postmortem
from harness.report.summary import summary
from harness.samples import Samples
from harness.verdict import Outcome
from suites.raw import raw


def judged(*outcomes: str) -> Report:
    """A run that was cut off, whose check was asked so often in one phase."""
    history = History(clock=ManualClock())
    for number, outcome in enumerate(outcomes):
        reason = f"look {number}"
        history.record(raw("verdict", check="queue", outcome=outcome, reason=reason, evidence=[0], look="", phase="x"))
    return Report.of(history.events)


@pytest.mark.parametrize("later", ["pass", "unknown"])
def test_a_failure_stays_one_whatever_the_check_says_when_it_is_asked_again(later: str) -> None:
    report = judged("fail", later)
    (one,) = report.judged
    assert one.verdict.outcome is Outcome.FAIL
    assert one.verdict.reason == f"look 0; judged again: {later}: look 1"
    assert report.run.outcome is Outcome.FAIL
    assert "look 0" in markdown.render(report)
    assert 'failures="1"' in junit.render(report)


def test_of_two_failures_the_last_is_told_and_what_was_unknown_may_pass() -> None:
    assert [one.verdict.reason for one in judged("fail", "fail").judged] == ["look 1"]
    assert [one.verdict.outcome for one in judged("unknown", "pass").judged] == [Outcome.PASS]


def test_of_two_runs_at_once_the_one_that_refused_was_not_tried_again() -> None:
    history = History(clock=ManualClock())
    start = {"verb": "deploy", "release": "4.1.1", "command": ["deployctl"], "place": "control"}
    end = {"verb": "deploy", "release": "4.1.1", "ended": "exit", "seconds": 1.0}
    first, second = (history.record(raw("deployer.start", phase="deploy", environment="h1", **start)) for _ in "ab")
    for run, code in ((second, 1), (first, 0)):
        history.record(raw("deployer.end", phase="deploy", environment="h1", start=run.id, exit_code=code, **end))
    assert Report.of(history.events).retried == ()


def ends(*codes: int | None, verbs: str = "rollback", ended: str = "exit") -> tuple[Event, ...]:
    history = History(clock=ManualClock())
    for code, verb in zip(codes, verbs.split() * len(codes), strict=False):
        data = {"start": 0, "verb": verb, "release": None, "exit_code": code, "ended": ended, "seconds": 1.0}
        history.record(raw("deployer.end", phase="back", environment="h1", **data))
    assert isinstance(history.events[0].body, DeployerEnd)
    return history.events


def test_a_deployer_that_failed_and_then_succeeded_is_told_in_every_report() -> None:
    report = Report.of(ends(7, 0))
    said = "rollback (back) ended with exit code 7 and went well when it was given again"
    assert report.retried == (said,)
    console = Console(width=100, record=True, file=StringIO())
    console.print(summary(report))
    assert f"tried again: {said}" in console.export_text()
    assert f"tried again: {said}" in markdown.render(report)
    assert f"tried again: {said}" in html.render(report, Samples())
    assert f"Tried again: {said}" in postmortem.render(report)


def test_an_attempt_that_ran_into_its_timeout_is_told_too() -> None:
    first, second = (ends(None, ended="timeout")[0], ends(0)[0])
    (said,) = Report.of((first, second)).retried
    assert said == "rollback (back) ended with `timeout` and went well when it was given again"


@pytest.mark.parametrize(
    "events",
    [ends(0, 0), ends(7, 7), ends(0, 7), ends(7, 0, verbs="rollback deploy"), ends(None, 0, ended="stopped")],
    ids=["both well", "both failed", "refused the second", "another command", "stopped on purpose"],
)
def test_what_is_no_retry_that_went_well_is_not_called_one(events: tuple[Event, ...]) -> None:
    assert Report.of(events).retried == ()
