"""The figures."""

from __future__ import annotations

from harness.selftest.summary import WIDTH, line, summary
from suites.selftest.selftest.made import result

REPEAT = ("harness", "selftest", "honesty", "compose.yaml")


def test_no_finding_in_so_many_runs_bounds_the_share_that_is_wrong() -> None:
    results = [result(n) for n in range(100)] + [result(n, 1, defect=True) for n in range(100, 300)]
    text = "\n".join(summary(results, 300, REPEAT))
    assert "300 of 300 runs" in text
    assert "false passes: 0 of 200; at most 1.5%" in text
    assert "false alarms: 0 of 100; at most 3.0%" in text
    assert "no findings" in text


def test_a_finding_comes_with_the_command_that_repeats_it_alone() -> None:
    wrong = result(41, 0, defect=True, findings=("false pass: the gate of the defect half passed",), evidence="kept/41")
    text = "\n".join(summary([wrong], 1, REPEAT))
    assert "harness selftest honesty compose.yaml --case 41" in text
    assert "evidence: kept/41" in text
    assert "1 false pass" in text
    assert "false passes: 1 of 1; 5.0% to 100.0%" in text


def test_runs_without_effect_count_for_nothing_and_are_told() -> None:
    text = "\n".join(summary([result(0, touched=0), result(1), result(2, title="", touched=0)], 2, REPEAT))
    assert "1 of 2 runs in which something was done" in text
    assert "1 more in which it did not take effect" in text
    assert "1 of 1 verdicts are right" in text


def test_why_runs_had_no_verdict_is_told_by_kind() -> None:
    results = [result(n, 2, reason=f"web-{n} was late by {n}.5 s") for n in range(3)] + [result(9, 3, reason="gone")]
    text = "\n".join(summary(results, 4, REPEAT))
    assert "3  N was late by N s" in text
    assert "1  gone" in text


def test_a_line_says_what_a_run_came_to_within_the_width_of_a_terminal() -> None:
    said = line(
        result(3, 1, title="truncate a-very-long-target-name @with-a-very-long-phase", findings=("hang: x",)), 12, 300
    )
    assert len(said) <= WIDTH
    assert said.startswith("!")
    assert "12/300" in said
    assert line(result(3, touched=0), 0, 1).startswith("-")
