"""The diagnosis stands at the top of every report, with its evidence and what to look at."""

from __future__ import annotations

from html import unescape
from xml.etree import ElementTree as Xml

from rich.console import Console

from harness.report import Report, github, html, junit, markdown, postmortem, summary
from harness.samples import Samples
from suites.raw import raw
from suites.selftest.diagnoses.made import NEW, OLD, GateRun

SENTENCE = "the second rollback went forward to 4.1.1"


def report(*, known: bool = True) -> Report:
    run = (
        GateRun().rolled_back().attempt("rollback", "second-rollback").seen("rolled-back-twice", NEW if known else OLD)
    )
    run.failed("rolled-back-twice", *(("no-change", "release") if known else ("made-up",)), reason="it is_wrong")
    run.history.record(raw("run.end", outcome="fail", reason="no-change: it is wrong", exit_code=1))
    return Report.of(run.events)


def shown(made: Report) -> str:
    console = Console(width=100, record=True, file=open("/dev/null", "w", encoding="utf-8"))  # noqa: SIM115, PTH123
    summary.show(console, made)
    return console.export_text()


def test_the_terminal_says_it_before_the_reasons() -> None:
    text = shown(report())
    assert text.index(f"diagnosis: {SENTENCE}") < text.index("no-change (rolled-back-twice) FAILED")
    assert "look at what the deployer takes for the previous release" in text
    assert "events " in text


def test_the_page_says_it_before_the_reasons() -> None:
    text = unescape(html.render(report(), Samples()))
    assert text.index(SENTENCE) < text.index("<h2>Why</h2>")


def test_the_post_mortem_says_it_in_its_summary_and_before_the_first_failure() -> None:
    text = postmortem.render(report())
    head, _, cause = text.partition("## Cause")
    assert f"**Diagnosis:** {SENTENCE} (a second attempt does harm)." in head
    assert cause.index(SENTENCE) < cause.index("The first thing that is known to be wrong")


def test_junit_has_it_at_the_top_and_in_each_failure_that_it_explains() -> None:
    root = Xml.fromstring(junit.render(report()))
    first = next(iter(root))
    assert first[0].tag == "properties"
    (value,) = (one.get("value") for one in first[0] if one.get("name") == "diagnosis")
    assert value == f"{SENTENCE} (a second attempt does harm)"
    failures = list(root.iter("failure"))
    assert len(failures) == 2
    assert all((one.text or "").startswith(f"diagnosis: {SENTENCE}") for one in failures)


def test_the_summary_of_a_pipeline_and_its_annotations_have_it() -> None:
    assert f"**Diagnosis:** {SENTENCE}" in markdown.render(report())
    assert github.lines(report(), {"GITHUB_ACTIONS": "true"})[0] == f"::notice title=diagnosis::{SENTENCE}"


def test_what_is_not_known_is_said_to_be_not_known() -> None:
    made = report(known=False)
    for text in (shown(made), unescape(html.render(made, Samples())), postmortem.render(made), junit.render(made)):
        assert "is not known: no diagnosis fits" in " ".join(text.split())


def test_a_run_that_passed_has_none() -> None:
    run = GateRun().rolled_back().verdict("rolled-back", "release", "pass", "3 replicas run 4.1.0")
    made = Report.of(run.events)
    assert made.diagnosis == ()
    assert "iagnosis" not in shown(made) + html.render(made, Samples()) + postmortem.render(made) + junit.render(made)


def test_underscores_are_not_written_as_entities() -> None:
    text = postmortem.render(report()) + markdown.render(report())
    assert "&#95;" not in text
    assert "it is_wrong" in text
    assert markdown.plain("_x_ __init__ a_b") == r"\_x\_ \_\_init\_\_ a_b"


def test_a_command_in_the_timeline_is_code_as_it_was_typed() -> None:
    assert "| `deployctl rollback` starts |" in postmortem.render(report())
    assert markdown.code("a_b | `c` <d>") == r"`a_b \| 'c' <d>`"


def test_a_run_that_is_no_gate_says_what_it_was() -> None:
    run = GateRun().add("incident", key="slow", text="slow under the day's load")
    made = Report.of(run.events)
    assert (made.kind, made.what) == ("incident", "a replay of an outage")
    assert "must not go out" not in html.render(made, Samples()) + shown(made)
    assert "was run (a replay of an outage)" in postmortem.render(made)
    plan = GateRun().add("plan", plan={"name": "smoke", "steps": []}, text=[]).failed("x", "errors")
    assert Report.of(plan.events).what == "the plan smoke"
    gate = GateRun().add("plan", plan={"name": "round-trip", "steps": []}, text=[])
    assert Report.of(gate.events).what == "the gate"


def test_the_first_known_fault_is_the_first_that_failed_whatever_its_evidence_begins_with() -> None:
    run = GateRun().deployed().failed("deployed", "logs", reason="it is silent").attempt("rollback", "rollback")
    run.seen("rolled-back", OLD)
    run.add(
        "verdict", "rolled-back", check="trace", outcome="fail", reason="75 files differ", evidence=[1], look="",
        parameters=None,
    )  # fmt: skip
    cause = postmortem.render(Report.of(run.events)).partition("## Cause")[2]
    assert "**The first thing that is known to be wrong:** logs, in the phase deployed" in cause
