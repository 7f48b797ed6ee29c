"""The plans of a campaign on a stack: how long they take there, as a ledger has it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness import __version__
from harness.chaos.ledger import Ledger
from harness.chaos.records import About, Tried
from harness.chaos.running import StackPlans, digest
from harness.plan.random import Bounds, generate
from harness.verdict import Outcome
from suites.selftest.plan.made import NEW, OLD, tiny_stack

PLANS = StackPlans(tiny_stack(), OLD, NEW, Bounds(), Path("runs"))


@pytest.fixture
def about() -> About:
    return About("tiny", digest(PLANS.stack), OLD, NEW, 7, Bounds().steps, Bounds().seconds, __version__)


def keep(ledger: Ledger, about: About, factor: float, outcome: Outcome = Outcome.PASS, seed: int = 3) -> None:
    """A plan that took so many times its estimate."""
    bounds = Bounds(about.steps, about.seconds)
    seconds = factor * generate(PLANS.stack, OLD, NEW, seed, bounds).seconds
    ledger.begin(about)
    tried = Tried(seed, seed, (), state="done", outcome=outcome, began=1.0, seconds=seconds)
    ledger.claim(about.id, tried)
    ledger.finish(about.id, tried)


def test_earlier_campaigns_on_the_stack_correct_the_estimate_whatever_their_seed_and_bounds(
    about: About, tmp_path: Path
) -> None:
    with Ledger(tmp_path / "l.sqlite") as ledger:
        assert PLANS.pace(ledger, about).expected(10.0) == 10.0
        keep(ledger, replace(about, seed=8, steps=40, seconds=100.0), 2.0)
        assert PLANS.pace(ledger, about).expected(10.0) == pytest.approx(20.0)


@pytest.mark.parametrize("other", [{"files": "cd" * 32}, {"old": "0.9"}, {"harness": "0.0.1"}, {"stack": "another"}])
def test_what_ran_on_another_stack_or_was_made_by_another_version_says_nothing(
    other: dict[str, Any], about: About, tmp_path: Path
) -> None:
    with Ledger(tmp_path / "l.sqlite") as ledger:
        keep(ledger, replace(about, **other), 2.0)
        assert PLANS.pace(ledger, about).expected(10.0) == 10.0


def test_a_plan_that_was_not_judged_says_nothing(about: About, tmp_path: Path) -> None:
    with Ledger(tmp_path / "l.sqlite") as ledger:
        keep(ledger, about, 9.0, Outcome.UNKNOWN)
        assert PLANS.pace(ledger, about).expected(10.0) == 10.0


def test_what_a_plan_took_changes_nothing_of_the_plans_that_are_made(about: About, tmp_path: Path) -> None:
    before = PLANS.make(1, 11)
    with Ledger(tmp_path / "l.sqlite") as ledger:
        keep(ledger, about, 50.0)
        PLANS.pace(ledger, about)
    assert PLANS.make(1, 11) == before
