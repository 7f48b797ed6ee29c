"""The Chaos Toolkit's journal: of a gate, of a run that broke, and of what was never judged."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.clock import ManualClock
from harness.events import PlanShown, PlanStepEnd, PlanStepStart, RunError, VerdictGiven
from harness.history import Event, History
from harness.report import Report, journal, write_reports
from harness.verdict import Outcome
from suites.raw import fields, raw
from suites.selftest.report.made import events


def test_a_gate_that_passed_is_completed_with_every_verdict_as_a_probe() -> None:
    found = journal.render(Report.of(events()))
    assert (found["status"], found["deviated"], found["verdict"]["outcome"]) == ("completed", False, "pass")
    after = found["steady_states"]["after"]
    assert after["steady_state_met"] is True
    assert "release (deployed)" in [one["activity"]["name"] for one in after["probes"]]
    assert all(one["tolerance_met"] and one["status"] == "succeeded" for one in after["probes"])
    assert found["experiment"]["title"] == "reference, 4.1.0 -> 4.1.1 -> 4.1.0"
    assert found["duration"] == Report.of(events()).seconds
    assert found["start"] < found["end"]


def test_a_gate_that_failed_has_deviated() -> None:
    found = journal.render(Report.of(events(broken=True)))
    assert (found["status"], found["deviated"]) == ("completed", True)
    bad = [one for one in found["steady_states"]["after"]["probes"] if not one["tolerance_met"]]
    assert [one["activity"]["name"] for one in bad] == ["release (rolled-back)", "registry (rolled-back)"]
    assert found["steady_states"]["after"]["steady_state_met"] is False


def test_what_is_unknown_is_failed_and_never_completed() -> None:
    found = journal.render(Report.of(events(unknown=True)))
    assert (found["status"], found["deviated"]) == ("failed", False)
    (bad,) = [one for one in found["steady_states"]["after"]["probes"] if not one["tolerance_met"]]
    assert (bad["status"], bad["output"]) == ("failed", "unknown")
    assert "could not be read" in bad["exception"][0]


def with_error(code: int | None) -> tuple[Event, ...]:
    history = History(clock=ManualClock())
    history.record(raw("run.start", stack="reference"))
    history.record(RunError("it broke", "it broke", code))
    history.record(raw("run.end", outcome="unknown", reason="it broke", exit_code=code))
    return history.events


@pytest.mark.parametrize(
    ("code", "status"), [(3, "aborted"), (None, "aborted"), (130, "interrupted"), (143, "interrupted")]
)
def test_a_run_that_was_ended_is_aborted_or_interrupted(code: int | None, status: str) -> None:
    found = journal.render(Report.of(with_error(code)))
    assert (found["status"], found["deviated"]) == (status, False)


def test_a_run_that_was_killed_is_aborted_wherever_it_was() -> None:
    whole = events()
    for cut in range(len(whole)):
        assert journal.render(Report.of(whole[:cut]))["status"] == "aborted"


def test_a_step_has_its_own_verdicts_and_one_that_did_not_end_is_failed() -> None:
    history = History(clock=(clock := ManualClock()))
    plan = {"name": "p", "steps": [{"step": "probe", "phase": "a"}, {"step": "probe", "phase": "b"}]}
    history.record(PlanShown(plan, []))
    for number in (1, 2):
        with history.scope(plan_step=number):
            history.record(PlanStepStart(number, "probe", f"look {number}", "a", False))
            history.record(VerdictGiven("health", "pass", f"fine {number}", [], "", None), phase="a")
            clock.advance(2.0)
            if number == 1:
                history.record(PlanStepEnd(number, True))
    first, second = journal.render(Report.of(history.events))["run"]
    assert (first["activity"]["name"], first["status"], first["duration"]) == ("step 1: look 1", "succeeded", 2.0)
    assert [one["reason"] for one in first["output"]["verdicts"]] == ["fine 1"]
    assert second["status"] == "failed"
    assert second["exception"]


def test_final_steps_are_rollbacks() -> None:
    history = History(clock=ManualClock())
    undo = {"step": "activity", "part": "rollbacks", "activity": {"name": "undo"}, "when": "deviated"}
    plan = {"name": "p", "steps": [{"step": "probe", "phase": "a"}], "finally": [{"step": "probe", "phase": "b"}, undo]}
    history.record(PlanShown(plan, []))
    for number in (1, 2):
        history.record(PlanStepStart(number, "probe", f"look {number}", "a", False))
        history.record(PlanStepEnd(number, True))
    found = journal.render(Report.of(history.events))
    assert [one["activity"]["name"] for one in found["run"]] == ["step 1: look 1"]
    assert [one["activity"]["name"] for one in found["rollbacks"]] == ["step 2: look 2"]
    assert found["experiment"]["rollbacks"] == [{"name": "undo"}]
    assert found["experiment"]["runtime"] == {"rollbacks": {"strategy": "deviated"}}


def test_it_is_written_among_the_reports(tmp_path: Path) -> None:
    assert "journal.json" in write_reports(Report.of(events()), tmp_path)
    assert json.loads((tmp_path / "journal.json").read_text())["status"] == "completed"


def test_nothing_that_was_never_judged_is_met() -> None:
    found = journal.render(Report.of(()))
    assert (found["status"], found["deviated"], found["steady_states"]["after"]) == ("aborted", False, None)
    assert found["verdict"]["outcome"] == str(Outcome.UNKNOWN)


def test_a_damaged_plan_is_no_reason_to_write_no_journal() -> None:
    for plan in ({"steps": "none"}, {"steps": [7, {"step": "hypothesis"}]}, {}):
        history = History(clock=ManualClock())
        history.record(raw("plan", plan=plan, text=[]))
        history.record(raw("activity.end", name=7, activity="x", part="method", status=None, began="soon"))
        history.record(raw("verdict", **fields(Report.of(events()).judged[0].verdict)))
        assert journal.render(Report.of(history.events))["status"] == "aborted"
