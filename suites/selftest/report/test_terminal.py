import io
import re

import pytest
from rich.console import Console

from harness.clock import ManualClock
from harness.history import History
from harness.printable import clean
from harness.report import Report
from harness.report.summary import show
from harness.report.terminal import Terminal
from suites.raw import raw
from suites.selftest.report.made import events, gate


def shown(*, terminal: bool = False, broken: bool = False, lines: int = 12, encoding: str = "utf-8") -> str:
    out = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    console = Console(file=out, width=80, force_terminal=terminal, color_system="standard" if terminal else None)
    clock = ManualClock()
    history = History(clock=clock)
    with Terminal(console, lines=lines) as live:
        history.listen(live)
        gate(history, clock, broken=broken)
    out.flush()
    buffer = out.buffer
    assert isinstance(buffer, io.BytesIO)
    return buffer.getvalue().decode(encoding)


def panel(*, broken: bool = False, unknown: bool = False, cut: int | None = None, width: int = 80) -> str:
    out = io.StringIO()
    report = Report.of(events(broken=broken, unknown=unknown)[:cut])
    show(Console(file=out, width=width), report, evidence=["evidence  runs/1/"])
    return out.getvalue()


def test_without_a_terminal_every_step_is_a_plain_line_with_its_time() -> None:
    text = shown()
    assert "  13.2s  deploy 4.1.1 ...\n" in text
    assert "  19.2s  ✓ deploy 4.1.1  6.0 s\n" in text
    assert "\x1b" not in text


def test_the_deployers_output_is_limited_and_says_so() -> None:
    text = shown(lines=3)
    assert text.count("draining at the load balancer") == 3
    assert "... 12 more lines in the history" in text


def test_what_a_deployer_writes_cannot_steer_the_terminal() -> None:
    assert "\x1b[31m" not in shown(terminal=False)
    assert clean("a\x1b[2Jb\x1b]0;title\x07c\rd\x00\x9b") == "abc d"


def test_what_a_deployer_writes_cannot_steer_a_ci() -> None:
    history = History(clock=ManualClock())
    out = io.StringIO()
    history.listen(Terminal(Console(file=out, width=200)))
    start = history.record(raw("deployer.start", verb="deploy", command=["sh", "-c", "echo '##vso[task.complete]'"]))
    for text in (
        "::set-env name=a::b",
        "##[add-mask]x",
        "##vso[task.x]y",
        "##teamcity[x]",
        "section_start:12:x\r\x1b[0K",
    ):
        history.record(raw("deployer.line", start=start.id, stream="out", text=text))
    history.record(raw("step.end", start=99, name="a", ok=False, seconds=1.0, error="##[error]it failed"))
    assert "add-mask" in out.getvalue()
    assert not re.search(r"##(vso|teamcity)?\[|section_start:\d|\x1b|(?:^|\n)\s*::", out.getvalue())


def test_on_a_terminal_the_lines_are_coloured_and_fit_and_nothing_of_the_spinner_stays() -> None:
    text = shown(terminal=True, broken=True)
    assert "\x1b[" in text
    assert "deploy 4.1.1 ..." not in text
    assert text.count("\x1b[?25l") == text.count("\x1b[?25h") > 0  # the cursor is given back


def test_a_failure_is_seen_as_it_happens() -> None:
    text = shown(broken=True)
    assert "✗ release: backend-2 runs 4.1.1, not 4.1.0" in text
    assert "! backend-2: die, exit code 137" in text


def test_an_ascii_terminal_gets_ascii() -> None:
    assert shown(broken=True, encoding="ascii").isascii()


def test_no_color_is_honoured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    out = io.StringIO()
    show(Console(file=out, width=80, force_terminal=True), Report.of(events(broken=True)))
    assert "\x1b[31m" not in out.getvalue()
    assert "\x1b[1;31m" not in out.getvalue()


@pytest.mark.parametrize(("broken", "unknown"), [(False, False), (True, False), (False, True), (True, True)])
def test_the_summary_fits_80_columns(broken: bool, unknown: bool) -> None:
    text = panel(broken=broken, unknown=unknown)
    assert max(len(line) for line in text.splitlines()) <= 80


def test_the_summary_says_the_verdict_first_and_why() -> None:
    text = panel(broken=True)
    assert "FAIL - this release must not go out as it is" in text.splitlines()[2]
    assert "release (rolled-back) FAILED: backend-2 runs 4.1.1" in text
    assert "look at the deployer's output" in text
    assert "evidence  runs/1/" in text


def test_a_pass_needs_no_reasons() -> None:
    text = panel()
    assert "PASS - this release can be deployed and taken back" in text
    assert "look at" not in text
    assert "rolled-back  ✓ release, registry, queue" in text
    assert "✗" not in text


def test_a_run_that_was_cut_off_says_so() -> None:
    text = panel(cut=-1)
    assert "UNKNOWN" in text
    assert "the run did not come to its end" in text


def test_an_empty_history_is_shown_as_unknown() -> None:
    assert "UNKNOWN" in panel(cut=0)


def test_every_phase_has_a_line_with_what_did_not_pass_first() -> None:
    history = History(clock=ManualClock())
    for number in range(6):
        for check, outcome in (("queue", "pass"), ("logs", "unknown"), ("release", "fail")):
            history.record(
                raw("verdict", check=check, outcome=outcome, reason="x", evidence=[0], look="", phase=f"phase-{number}")
            )
    out = io.StringIO()
    show(Console(file=out, width=80), Report.of(history.events))
    found = [line.strip("│ ") for line in out.getvalue().splitlines() if "│ phase-" in line]
    assert found == [f"phase-{number}  ✗ release  ? logs  ✓ queue" for number in range(6)]
