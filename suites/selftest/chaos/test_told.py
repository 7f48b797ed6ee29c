"""What is told of a campaign: while it goes on, at its end, and as a page."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from harness.chaos.live import Live
from harness.chaos.page import render
from harness.chaos.records import Kept
from harness.chaos.summary import percent, show
from harness.chaos.tasks import Limits
from harness.plan.signature import Signature
from harness.verdict import Outcome
from suites.selftest.chaos.made import ABOUT, LOST_LOG, SPACE, make, plan, shrink

EVIL = '<script>alert(1)</script>\x1b[2J::error::"'


def kept(*more: object) -> Kept:
    """A campaign with a finding that was cut down, one that was not, and what could not be judged."""
    from harness.chaos.ledger import _findings

    plans = (
        plan(1), plan(2, Outcome.FAIL, run="/runs/2 a", plan={"name": "long"}),
        plan(3, Outcome.UNKNOWN, state="lost", elements=SPACE[1:2], reason="it was lost"),
        plan(4, Outcome.FAIL, signature=Signature("errors", EVIL, "web"), reason=EVIL, plan={"name": EVIL}),
        plan(5, Outcome.UNKNOWN, state="started"),
    )  # fmt: skip
    cut = shrink(_findings(plans, {})[0], None, 1.0)  # type: ignore[arg-type]
    return Kept(ABOUT, plans, _findings(plans, {LOST_LOG: cut}))


def printed(width: int = 80) -> str:
    file = io.StringIO()
    show(Console(file=file, width=width), [kept()])
    return file.getvalue()


def test_the_report_says_what_was_found_and_how_it_is_seen_again() -> None:
    text = " ".join(printed().split())
    assert "5 plans: 1 passed, 2 failed, 1 unknown (of these 1 lost), 1 without an end so far" in text
    assert f"1. {LOST_LOG} in 1 of 5 plans; first in plan 2 (seed 1002)" in text
    assert "cut down from 20 steps to 1: fails 9 of 10" in text
    assert "again: harness replay '/runs/2 a'" in text


def test_the_report_says_what_was_never_tried_and_what_chance_is_left() -> None:
    text = " ".join(printed().split())
    assert "never tried: 2 of 3: latency at deploy, cache.stale at rollback" in text
    assert "3 plans judged: a defect that shows in 1 % of plans has not been seen with a chance of 97.0 %" in text


@pytest.mark.parametrize("width", [60, 80, 200])
def test_no_line_is_wider_than_the_terminal_nor_than_100(width: int) -> None:
    assert max(map(len, printed(width).splitlines())) <= min(width, 100)


def test_what_the_ledger_holds_of_others_does_nothing_to_a_terminal_or_a_page() -> None:
    assert "\x1b[2J" not in printed()
    page = render([kept()])
    assert "<script" not in page
    assert "\x1b" not in page


@pytest.mark.parametrize(
    ("share", "said"), [(1.0, "100 %"), (0.97, "97.0 %"), (0.0004, "less than 0.1 %"), (0.0495, "5.0 %")]
)
def test_a_chance_is_never_called_none_nor_certain(share: float, said: str) -> None:
    assert percent(share) == said


def test_the_page_has_each_finding_with_its_plan_and_the_table() -> None:
    page = render([kept()])
    for wanted in ("a log stopped", "the plan, cut down", "harness replay", "cache.stale", "never", "97.0 %"):
        assert wanted in page


def test_a_page_without_anything_judged_is_no_pass() -> None:
    assert 'class="verdict unknown"' in render([Kept(ABOUT, ())])
    assert 'class="verdict fail"' in render([kept()])
    assert 'class="verdict pass"' in render([Kept(ABOUT, (plan(1),))])


def lines(*, terminal: bool) -> str:
    """What is shown of a campaign with a plan that passes, one that fails and is cut down, and one that runs."""
    file, now = io.StringIO(), iter(float(n) for n in range(1000))
    console = Console(file=file, width=80, force_terminal=terminal, _environ={})
    with Live(ABOUT, Limits(seconds=60.0), console=console, clock=lambda: next(now)) as live:
        for number, outcome in ((1, Outcome.PASS), (2, Outcome.FAIL)):
            live.begun(make(number, number))
            live.ended(make(number, number), replace(plan(number, outcome), seconds=9.0))
        live.look(kept())
        live.shrinking(LOST_LOG)
        live.shrunk(LOST_LOG, kept().findings[0].shrunk)
        live.begun(make(6, 6))
        live.note("a note")
        live.look()
    return file.getvalue()


def test_without_a_terminal_each_plan_has_a_line() -> None:
    text = lines(terminal=False)
    assert f"chaos: {ABOUT.stack} 1.0.0 -> 1.1.0 -> 1.0.0, seed 1" in " ".join(text.split())
    assert "plan 1 (seed 1) in 9 s" in text
    assert f"plan 2 (seed 2) in 9 s: {LOST_LOG}" in text
    assert "cut down from 20 steps to 1" in text
    assert "a note" in text


def test_on_a_terminal_the_view_has_what_runs_and_what_was_found() -> None:
    text = lines(terminal=True)
    assert "plan 6" in text
    assert " of about 0:01" in text
    assert "20 -> 1 steps" in text
    assert "harness chaos stop" in text


def test_a_page_is_written_for_its_owner(tmp_path: Path) -> None:
    from harness.chaos.page import save

    assert save([kept()], tmp_path / "chaos.html").stat().st_mode & 0o077 == 0
