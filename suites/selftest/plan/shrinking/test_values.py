"""Candidates with simpler values: which there are, in which order, and what each is called."""

from __future__ import annotations

from typing import Any

import pytest

from harness.plan.plan import Plan
from harness.plan.shrinking.cut import checks_of
from harness.plan.shrinking.values import values
from harness.plan.steps import Step
from harness.plan.steps.check import Check
from harness.plan.steps.drain import Level
from harness.plan.steps.hold import Hold
from harness.plan.steps.inject import Inject
from harness.plan.steps.load import Load
from suites.selftest.plan.made import plan_of, tiny_stack

SLOW = {"fault": "latency", "from": "all", "to": "web", "ms": 200}


def candidates(*steps: Step, failing: int | None = None, check: str = "errors") -> dict[str, Plan]:
    """The candidates by what they are called, in order."""
    found = list(values(plan_of(*steps), failing, check, tiny_stack()))
    assert len({cut.words for cut in found}) == len(found)
    return {cut.words: cut.plan for cut in found}


def data(plan: Plan, at: int) -> dict[str, Any]:
    return dict(plan.to_data()["steps"][at])


def asked(plan: Plan) -> list[list[str]]:
    return [[one.check for one in checks_of(step)] for step in plan.steps]


def held(phase: str, *checks: str, **more: Any) -> Hold:
    return Hold(phase=phase, seconds=1.0, checks=checks, **more)


def test_checks_are_left_out_everywhere_but_in_the_step_that_failed_and_there_but_for_the_one_that_failed() -> None:
    steps = (Load(), held("a", "errors"), held("b", "errors", "availability"), held("c", "errors"))
    found = candidates(*steps, failing=3)
    assert {words: asked(plan) for words, plan in found.items()} == {
        "no checks but in the step that failed": [[], [], ["errors", "availability"], []],
        "step 2: no checks": [[], [], ["errors", "availability"], ["errors"]],
        "step 3: errors alone": [[], ["errors"], ["errors"], ["errors"]],
        "step 4: no checks": [[], ["errors"], ["errors", "availability"], []],
    }
    assert next(iter(found)) == "no checks but in the step that failed"


def test_where_it_is_not_known_which_step_failed_no_check_is_left_alone() -> None:
    found = candidates(Load(), held("a", "errors", "availability"))
    assert list(found) == ["no checks but in the step that failed", "step 2: no checks"]


@pytest.mark.parametrize("check", ["errors", "availability"])
def test_a_step_that_asks_one_check_or_another_one_is_left_as_it_is(check: str) -> None:
    assert candidates(Load(), held("a", "errors"), failing=2, check=check) == {}


def test_a_step_that_only_asks_is_no_step_without_its_checks() -> None:
    asks = Check(phase="a", checks=("errors",))
    assert list(candidates(Load(), held("a"), asks, failing=2)) == []


def test_a_wait_for_the_queue_a_rate_of_its_own_and_seconds_are_left_out_or_made_less() -> None:
    hold = Hold(phase="a", seconds=5.0, drain=Level(within=3.0))
    found = candidates(Load(rate=9.0), hold)
    assert list(found) == [
        "step 1: load at its declared rate", "step 2: no wait for the queue", "step 2: 1 s instead of 5 s",
        "step 2: 2.5 s instead of 5 s",
    ]  # fmt: skip
    assert "rate" not in data(found["step 1: load at its declared rate"], 0)
    assert data(found["step 2: no wait for the queue"], 1) == {"step": "hold", "phase": "a", "seconds": "5s"}
    assert data(found["step 2: 2.5 s instead of 5 s"], 1)["seconds"] == "2.5s"


@pytest.mark.parametrize(
    ("seconds", "less"), [(1.0, []), (1.5, ["1"]), (2.0, ["1"]), (2.1, ["1", "1.1"]), (3.3, ["1", "1.6"])]
)
def test_a_hold_is_never_shorter_than_a_second(seconds: float, less: list[str]) -> None:
    assert [words.split(" ")[2] for words in candidates(Load(), Hold(phase="a", seconds=seconds))] == less


def test_a_choice_of_replicas_is_named_and_of_a_service_one_of_its_own() -> None:
    every = ["web-1", "web-2", "queue-1", "control-1"]
    cut = {"fault": "partition", "a": "one of web", "b": "all"}
    found = candidates(Load(), Inject(phase="i", name="cut", fault=cut))
    assert list(found) == [
        "step 2: a web-1 instead of one of web", "step 2: a web-2 instead of one of web",
        *(f"step 2: b {name} instead of all" for name in every),
    ]  # fmt: skip
    assert data(found["step 2: a web-2 instead of one of web"], 1)["fault"] == {**cut, "a": "web-2"}


@pytest.mark.parametrize(
    ("amount", "less"),
    [(200, [50, 100]), (7, [1, 3]), (3, [1]), (2, [1]), (1, [])],
)
def test_of_a_whole_amount_a_quarter_and_half_are_tried(amount: int, less: list[int]) -> None:
    found = candidates(Load(), Inject(phase="i", name="slow", fault={**SLOW, "from": "web-1", "ms": amount}))
    assert list(found) == [f"step 2: ms {one} instead of {amount}" for one in less]
    assert [data(plan, 1)["fault"]["ms"] for plan in found.values()] == less


@pytest.mark.parametrize(("share", "less"), [(0.5, [0.125, 0.25]), (0.3, [0.075, 0.15]), (0.001, []), (0.002, [0.001])])
def test_of_a_share_a_quarter_and_half_are_tried(share: float, less: list[float]) -> None:
    fault = {"fault": "latency", "from": "web-1", "to": "queue", "ms": 1, "toxicity": share}
    found = candidates(Load(), Inject(phase="i", name="slow", fault=fault))
    assert list(found) == [f"step 2: toxicity {one:g} instead of {share:g}" for one in less]
    assert [data(plan, 1)["fault"]["toxicity"] for plan in found.values()] == less
