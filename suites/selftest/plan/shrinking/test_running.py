"""A run of a candidate: what is ordered, where it is run, and what is kept of what came of it."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from harness.plan.plan_process import LIMIT, PlanOrder, PlanResult
from harness.plan.shrinking.outcomes import Tried, digest
from harness.plan.shrinking.running import InProcesses
from harness.plan.steps.load import Load
from harness.verdict import Outcome
from suites.selftest.plan.made import plan_of, tiny_stack
from suites.selftest.plan.shrinking.made import TARGET

PLAN = plan_of(Load())


@pytest.fixture
def ordered(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What was ordered; the last entry is what comes of the next run."""
    found: list[Any] = []

    class Process:
        def __init__(self, order: PlanOrder, directory: Path) -> None:
            found.insert(0, (order, directory))

        def wait(self, unless: threading.Event) -> PlanResult:
            found.insert(1, unless)
            result = found.pop()
            assert isinstance(result, PlanResult)
            return result

    monkeypatch.setattr("harness.plan.shrinking.running.PlanProcess", Process)
    return found


def test_a_plan_is_run_on_the_stack_with_the_seed_and_the_limit_and_stopped_by_the_event(
    ordered: list[Any], tmp_path: Path
) -> None:
    stack = tiny_stack().model_copy(update={"overrides": (tmp_path / "more.yaml",)})
    stop = threading.Event()
    ordered.append(PlanResult(Outcome.FAIL, TARGET, tmp_path / "r1", 12.5, "web-1 runs 1.1.0", 3))
    found = InProcesses(stack, 77, tmp_path, limit=60.0)(PLAN, stop)
    assert found == Tried(Outcome.FAIL, TARGET, 3, "web-1 runs 1.1.0", 12.5, str(tmp_path / "r1"))
    (order, directory), event = ordered
    assert order == PlanOrder(PLAN, stack.file, stack.overrides, 77, limit=60.0)
    assert event is stop
    assert (directory.parent, directory.name[:9]) == (tmp_path, digest(PLAN)[:8] + "-")


def test_each_run_of_a_plan_has_a_directory_of_its_own_which_is_told_where_the_run_had_none(
    ordered: list[Any], tmp_path: Path
) -> None:
    seen = set[str]()
    for _ in range(2):
        ordered[:] = [PlanResult(Outcome.UNKNOWN, None, None, 1.0, "it broke")]
        found = InProcesses(tiny_stack(), None, tmp_path)(PLAN, threading.Event())
        (order, directory), _event = ordered
        assert (order.seed, order.limit) == (None, LIMIT)
        assert found.directory == str(directory)
        assert len(directory.name) == 17
        seen.add(found.directory)
    assert len(seen) == 2
