"""Lines for GitHub Actions: of the right kind, escaped, bounded, and none elsewhere."""

from __future__ import annotations

from harness.clock import ManualClock
from harness.history import History
from harness.report import Report, github
from suites.raw import raw
from suites.selftest.report.made import events

ACTIONS = {"GITHUB_ACTIONS": "true", "GITHUB_WORKSPACE": "/checkout"}


def test_elsewhere_nothing_is_said() -> None:
    assert github.lines(Report.of(events(broken=True)), {}) == []


def test_a_failure_is_an_error_and_an_unknown_a_warning() -> None:
    failed = github.lines(Report.of(events(broken=True)), ACTIONS)
    assert failed[0].startswith("::error title=release (rolled-back)::fail: backend-2 runs 4.1.1")
    unknown = github.lines(Report.of(events(unknown=True)), ACTIONS)
    assert [line.split(" ")[0] for line in unknown] == ["::warning"]


def test_a_pass_is_a_notice() -> None:
    (line,) = github.lines(Report.of(events()), ACTIONS)
    assert line.startswith("::notice title=")
    assert "pass" in line


def made(count: int = 1, **verdict: object) -> Report:
    history = History(clock=ManualClock())
    history.record(raw("run.start", stack="x", file="/checkout/stacks/compose.yaml"))
    for number in range(count):
        fields = {"check": f"c{number}", "outcome": "fail", "reason": "r", "look": "", "phase": "p", **verdict}
        history.record(raw("verdict", **fields))
    history.record(raw("run.end", outcome="fail", reason="r", exit_code=1))
    return Report.of(history.events)


def test_the_compose_file_is_named_as_it_lies_in_the_checkout() -> None:
    assert github.lines(made(), ACTIONS)[0].startswith("::error file=stacks/compose.yaml,line=1,title=")
    assert "file=" not in github.lines(made(), {"GITHUB_ACTIONS": "true", "GITHUB_WORKSPACE": "/elsewhere"})[0]


def test_what_would_end_a_line_or_a_property_is_escaped() -> None:
    (line,) = github.lines(made(reason="50% of\n::error::it", phase="a,b:c"), ACTIONS)
    assert "\n" not in line
    assert "50%25 of" in line
    assert "title=c0 (a%2Cb%3Ac)::" in line


def test_no_more_lines_than_are_shown_and_the_last_one_counts_the_rest() -> None:
    lines = github.lines(made(25), ACTIONS)
    assert len(lines) == 10
    assert "and 16 more" in lines[-1]
