from io import StringIO

import pytest
from rich.console import Console

from harness.clock import ManualClock
from harness.history import History
from harness.report import Report, html, markdown, postmortem
from harness.report.summary import summary
from harness.samples import Samples
from harness.verdict import Outcome
from suites.raw import raw
from suites.selftest.report.made import events, gate


def test_a_finished_run_has_the_verdict_that_it_ended_with() -> None:
    report = Report.of(events())
    assert report.run.outcome is Outcome.PASS
    assert report.ended
    assert report.title == "reference, 4.1.0 -> 4.1.1 -> 4.1.0"
    assert report.phases == ("deployed", "rolled-back")


def test_a_run_that_was_cut_off_is_unknown_although_every_verdict_passed() -> None:
    report = Report.of(events()[:-1])
    assert report.run.outcome is Outcome.UNKNOWN
    assert report.run.reason == "the run did not come to its end"


def test_a_run_that_was_cut_off_after_a_failure_has_failed() -> None:
    assert Report.of(events(broken=True)[:-1]).run.outcome is Outcome.FAIL


def test_an_empty_history_is_unknown() -> None:
    report = Report.of(())
    assert (report.run.outcome, report.judged, report.steps) == (Outcome.UNKNOWN, (), ())


def test_steps_keep_their_nesting_and_one_that_did_not_end_says_so() -> None:
    clock = ManualClock()
    history = History(clock=clock)
    with history.step("outer"):
        with history.step("inner"):
            clock.advance(1.0)
        clock.advance(1.0)
    history.record(raw("step.start", name="cut", title="cut off"))
    outer, inner, cut = Report.of(history.events).steps
    assert [(step.name, step.depth, step.seconds, step.ok) for step in (outer, inner, cut)] == [
        ("outer", 0, 2.0, True),
        ("inner", 1, 1.0, True),
        ("cut", 0, None, None),
    ]


def test_what_was_judged_twice_in_a_phase_counts_as_it_was_judged_last() -> None:
    history = History(clock=ManualClock())
    for outcome in ("unknown", "pass"):
        history.record(raw("verdict", check="queue", outcome=outcome, reason=outcome, evidence=[0], look="", phase="x"))
    (one,) = Report.of(history.events).judged
    assert one.verdict.outcome is Outcome.PASS


def test_an_outcome_that_is_none_of_the_three_is_unknown() -> None:
    history = History(clock=ManualClock())
    history.record(raw("verdict", check="queue", outcome="fine", reason="", evidence=[], look="", phase="x"))
    assert Report.of(history.events).judged[0].verdict.outcome is Outcome.UNKNOWN


def test_every_report_of_a_pass_names_what_the_load_did_not_look_at() -> None:
    clock = ManualClock()
    history = History(clock=clock)
    history.record(raw("run.start", not_looked_at=["lost work: <none>"]))
    report = Report.of(history.events)
    assert report.not_looked_at == ("lost work: <none>",)
    console = Console(width=100, record=True, file=StringIO())
    console.print(summary(report))
    assert console.export_text().count("not looked at: lost work: <none>") == 1
    assert "- not looked at: lost work: &#60;none>" in markdown.render(report)
    assert "<p>not looked at: lost work: &lt;none&gt;</p>" in html.render(report, Samples())


def test_every_report_of_a_pass_names_the_checks_that_were_switched_off() -> None:
    clock = ManualClock()
    history = History(clock=clock)
    for _scenario in range(2):
        history.record(raw("plan", plan={"not-checked": {"logs": "no logs <yet>"}}, text=[]))
    gate(history, clock)
    report = Report.of(history.events)
    assert report.run.outcome is Outcome.PASS
    assert report.not_checked == ("logs: no logs <yet>",)
    console = Console(width=100, record=True, file=StringIO())
    console.print(summary(report))
    assert console.export_text().count("not checked: logs: no logs <yet>") == 1
    assert "- not checked: logs: no logs &#60;yet>" in markdown.render(report)
    assert "<p>not checked: logs: no logs &lt;yet&gt;</p>" in html.render(report, Samples())
    assert "switched off: logs: no logs &#60;yet>." in postmortem.render(report)


@pytest.mark.parametrize("plan", [None, [], {"not-checked": 3}, {"not-checked": {"logs": None}}])
def test_a_plan_that_is_damaged_breaks_no_report(plan: object) -> None:
    clock = ManualClock()
    history = History(clock=clock)
    history.record(raw("plan", plan=plan))
    gate(history, clock)
    assert markdown.render(Report.of(history.events))
