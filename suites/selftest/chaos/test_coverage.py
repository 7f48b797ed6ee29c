"""What was tried, how often, and what chance is left."""

from __future__ import annotations

import pytest

from harness.chaos.coverage import coverage
from harness.chaos.records import Kept
from harness.verdict import Outcome
from suites.selftest.chaos.made import ABOUT, SPACE, plan

STALE, DEPLOY, ROLLBACK = SPACE[2], SPACE[1], SPACE[0]


def test_only_what_was_judged_counts_as_tried() -> None:
    plans = plan(1), plan(2, Outcome.FAIL), plan(3, Outcome.UNKNOWN), plan(4, Outcome.UNKNOWN, state="lost")
    found = coverage([Kept(ABOUT, plans)])
    assert (found.judged, found.tried) == (2, {ROLLBACK: 2})
    assert found.never == (DEPLOY, STALE)


def test_a_plan_that_tries_a_thing_twice_counts_once() -> None:
    found = coverage([Kept(ABOUT, (plan(1, elements=(ROLLBACK, ROLLBACK, STALE)),))])
    assert found.tried == {ROLLBACK: 1, STALE: 1}


def test_the_table_has_a_row_for_each_fault_and_leaves_out_what_cannot_be() -> None:
    stages, rows = coverage([Kept(ABOUT, (plan(1, elements=(ROLLBACK,)),))]).table("command")
    assert stages == ("rollback", "deploy")
    assert rows == {"cache.stale": {"rollback": 0}, "latency": {"rollback": 1, "deploy": 0}}


def test_campaigns_accumulate() -> None:
    one, other = Kept(ABOUT, (plan(1),)), Kept(ABOUT, (plan(1), plan(2)))
    assert coverage([one, other]).judged == 3


def test_the_chance_that_is_left_is_that_of_independent_draws() -> None:
    assert coverage([Kept(ABOUT, ())]).missed() == 1.0
    found = coverage([Kept(ABOUT, tuple(map(plan, range(299))))])
    assert found.missed() == pytest.approx(0.0495, abs=0.0005)  # the rule of three: 3 / 0.01 plans for 95 %
