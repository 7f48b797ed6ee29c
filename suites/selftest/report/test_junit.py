from pathlib import Path
from xml.etree import ElementTree as Xml

from hypothesis import given
from hypothesis import strategies as st

from harness.clock import ManualClock
from harness.history import History, read
from harness.report import Report, junit
from suites.raw import raw
from suites.selftest.report.made import events, gate

ANYTHING = st.text(st.characters(codec=None), max_size=40)


def parsed(report: Report) -> Xml.Element:
    return Xml.fromstring(junit.render(report).encode())


def test_there_is_one_case_for_each_verdict_grouped_by_phase() -> None:
    root = parsed(Report.of(events(broken=True)))
    assert [(suite.get("name"), suite.get("tests")) for suite in root] == [("deployed", "3"), ("rolled-back", "3")]
    assert (root.get("tests"), root.get("failures"), root.get("errors")) == ("6", "2", "0")
    case = root.find("testsuite[@name='rolled-back']/testcase[@name='release']")
    assert case is not None
    failure = case.find("failure")
    assert failure is not None
    assert failure.get("message") == "backend-2 runs 4.1.1, not 4.1.0; backend-3 runs 4.1.1, not 4.1.0"


def test_unknown_is_an_error_of_the_type_unknown() -> None:
    root = parsed(Report.of(events(unknown=True)))
    assert [error.get("type") for error in root.iter("error")] == ["unknown"]
    assert root.get("failures") == "0"


def test_a_run_that_did_not_end_has_a_case_that_says_so() -> None:
    root = parsed(Report.of(events()[:-1]))
    assert root.get("errors") == "1"
    assert root.find("testsuite[@name='run']/testcase/error") is not None


def test_an_empty_history_is_an_error_and_not_an_empty_success() -> None:
    root = parsed(Report.of(()))
    assert (root.get("tests"), root.get("errors")) == ("1", "1")


def test_it_is_the_same_from_a_saved_history(tmp_path: Path) -> None:
    clock = ManualClock()
    history = History(tmp_path / "events.jsonl", clock)
    gate(history, clock, broken=True)
    history.close()
    again = junit.save(Report.of(read(tmp_path / "events.jsonl")), tmp_path / "out" / "junit.xml")
    assert again.read_text(encoding="utf-8") == junit.render(Report.of(history.events))
    assert [path.name for path in again.parent.iterdir()] == ["junit.xml"]


@given(ANYTHING, ANYTHING, ANYTHING, st.sampled_from(["pass", "fail", "unknown", "other"]))
def test_it_is_valid_whatever_the_messages_hold(check: str, reason: str, phase: str, outcome: str) -> None:
    history = History(clock=ManualClock())
    history.record(raw("run.start", stack=reason, **{"from": check, "to": phase}))
    history.record(raw("verdict", check=check, outcome=outcome, reason=reason, evidence=[0], look=check, phase=phase))
    history.record(raw("run.error", what=reason, message=reason + phase, exit_code=3))
    root = parsed(Report.of(history.events))
    assert int(root.get("tests", "0")) >= 1
