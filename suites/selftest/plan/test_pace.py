"""How long plans take: what was thought of them, corrected by what the last ones took."""

from __future__ import annotations

import pytest

from harness.plan.pace import LAST, Pace


def test_before_anything_was_run_the_estimate_stands() -> None:
    assert Pace().expected(30.0) == 30.0


def test_the_ratio_of_all_that_was_seen_corrects_it() -> None:
    pace = Pace()
    pace.took(10.0, 30.0)
    pace.took(30.0, 50.0)
    assert pace.expected(10.0) == pytest.approx(20.0)


def test_the_last_ones_count_alone() -> None:
    pace = Pace()
    pace.took(1.0, 1000.0)
    for _ in range(LAST):
        pace.took(1.0, 2.0)
    assert pace.expected(1.0) == pytest.approx(2.0)


def test_what_took_no_time_or_was_estimated_at_none_says_nothing() -> None:
    pace = Pace()
    pace.took(0.0, 5.0)
    pace.took(5.0, 0.0)
    assert pace.expected(3.0) == 3.0
    pace.took(10.0, 20.0)
    assert pace.expected(3.0) == 6.0


def test_a_plan_of_less_than_a_second_counts() -> None:
    pace = Pace()
    pace.took(0.5, 0.25)
    assert pace.expected(2.0) == 1.0
