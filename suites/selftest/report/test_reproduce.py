"""The command that does a run once more: in every report, right after the verdict and its reasons."""

from __future__ import annotations

from dataclasses import replace
from io import StringIO

import pytest
from rich.console import Console

from harness.clock import ManualClock
from harness.history import History
from harness.report import Report, html, junit, markdown, postmortem
from harness.report.reproduce import command, commands
from harness.report.summary import summary
from harness.samples import Samples
from suites.raw import raw
from suites.selftest.report.made import events

GATE = "harness gate compose.yaml --from 4.1.0 --to 4.1.1"


def report(**start: object) -> Report:
    history = History(clock=ManualClock())
    history.record(raw("run.start", **start))
    return Report.of(history.events)


def test_the_releases_that_a_gate_chose_by_itself_are_in_it() -> None:
    assert command(Report.of(events())) == GATE


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["gate", "a b.yaml", "-f", "x", "--to", "2", "--from=1"], "harness gate 'a b.yaml' -f x --to 2 --from=1"),
        (["gate", "c.yaml", "--faults", "quick"], "harness gate c.yaml --faults quick --from 1 --to 2"),
        (["plan", "run", "p.yaml", "c.yaml"], "harness plan run p.yaml c.yaml"),
        (["harness"], ""),
        ([], ""),
    ],
)  # fmt: skip
def test_a_command_line_is_one_that_a_shell_takes(words: list[str], found: str) -> None:
    assert command(report(command=words, **{"from": "1", "to": "2"})) == found


def test_a_test_is_run_again_with_its_seed() -> None:
    history = History(clock=ManualClock())
    history.record(raw("run.start", test="suites/test_a.py::test_b[x y]"))
    history.record(raw("environment.up", environment="h1", release="1", seconds=1.0, seed=42))
    assert command(Report.of(history.events)) == "pytest 'suites/test_a.py::test_b[x y]' --harness-seed 42"


def test_the_very_plan_is_run_again_by_another_command_where_there_is_one() -> None:
    found = replace(Report.of(events()), replay="harness replay runs/x")
    assert commands(found) == (("again", GATE), ("the very plan again", "harness replay runs/x"))
    assert "The very plan again: `harness replay runs/x`" in markdown.render(found)
    assert "harness replay" not in markdown.render(Report.of(events()))


def before(text: str, *words: str) -> bool:
    """Whether these come in this order."""
    places = [text.index(word) for word in words]
    return places == sorted(places)


def test_verdict_reasons_and_command_come_first_in_every_report() -> None:
    found = Report.of(events(broken=True))
    console = Console(width=100, record=True, file=StringIO())
    console.print(summary(found))
    reason = "backend-2 runs 4.1.1"
    assert before(console.export_text(), "FAIL", reason, f"again: {GATE}", "deployed", "in all")
    assert before(markdown.render(found), "FAIL", reason, f"Again: `{GATE}`", "| phase |")
    assert before(
        junit.render(found), 'name="verdict" value="fail"', 'name="reason"', f'name="again" value="{GATE}"', "<testcase"
    )
    page = html.render(found, Samples())
    assert before(page, "<h1><b>FAIL", f"<code>{GATE}</code>", reason, '<h2 id="timeline"')
    assert before(postmortem.render(found), "**fail**", f"`{GATE}`", "## Impact", "## Timeline")
    assert f"Again: `{GATE}`" in markdown.render(Report.of(events())), "a pass can be reproduced as well"


def test_what_a_command_line_holds_is_text_and_nothing_else() -> None:
    found = report(command=["gate", "<i>`x`\x1b[2J"])
    assert "<i>" not in html.render(found, Samples())
    assert "\x1b" not in markdown.render(found) + junit.render(found)
