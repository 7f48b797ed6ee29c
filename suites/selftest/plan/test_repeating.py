"""One plan run several times: how many at once, in which directories, and what an early end stops."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from harness.plan.plan_process import PlanOrder, PlanResult
from harness.plan.repeating import repeat
from harness.plan.steps.load import Load
from harness.verdict import Outcome
from suites.selftest.plan.made import plan_of, tiny_stack

ORDER = PlanOrder(plan_of(Load()), tiny_stack().file)
AT_ONCE = 20.0  # s within which others have to come


class Runs:
    """In the place of the processes: each run waits for those that are to be under way with it."""

    def __init__(self, at_once: int = 1, *, until_stopped: frozenset[str] = frozenset()) -> None:
        self.began, self.stopped, self.until_stopped = list[tuple[PlanOrder, Path]](), list[str](), until_stopped
        self.most, self._now, self._lock = 0, 0, threading.Lock()
        self._together = threading.Barrier(at_once, timeout=AT_ONCE)

    def __call__(self, order: PlanOrder, directory: Path) -> Runs._One:
        return self._One(self, order, directory)

    class _One:
        def __init__(self, runs: Runs, order: PlanOrder, directory: Path) -> None:
            self._runs, self._directory = runs, directory
            with runs._lock:
                runs.began.append((order, directory))

        def wait(self, unless: threading.Event) -> PlanResult:
            runs, name = self._runs, self._directory.name
            with runs._lock:
                runs._now += 1
                runs.most = max(runs.most, runs._now)
            if name in runs.until_stopped:
                assert unless.wait(AT_ONCE)
                runs.stopped.append(name)
            else:
                runs._together.wait()
            with runs._lock:
                runs._now -= 1
            return PlanResult(Outcome.PASS, None, self._directory, 1.0, f"run {name}")


def test_each_run_has_a_directory_by_its_number_and_they_come_back_in_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs, told = Runs(), list[tuple[int, PlanResult]]()
    monkeypatch.setattr("harness.plan.repeating.PlanProcess", runs)
    found = repeat(ORDER, 10, 1, tmp_path, lambda number, result: told.append((number, result)))
    names = [f"{number:02}" for number in range(1, 11)]
    assert [one.directory for one in found] == [tmp_path / name for name in names]
    assert sorted(told, key=lambda one: one[0]) == list(enumerate(found, 1))
    assert sorted(runs.began, key=lambda one: one[1]) == [(ORDER, tmp_path / name) for name in names]
    assert runs.most == 1


def test_so_many_run_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    runs = Runs(3)
    monkeypatch.setattr("harness.plan.repeating.PlanProcess", runs)
    assert len(repeat(ORDER, 6, 3, tmp_path, lambda *_: None)) == 6
    assert runs.most == 3


def test_what_ends_it_early_stops_what_is_under_way_and_begins_nothing_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = Runs(until_stopped=frozenset({"2"}))
    monkeypatch.setattr("harness.plan.repeating.PlanProcess", runs)

    def told(number: int, _: PlanResult) -> None:
        raise KeyboardInterrupt(number)

    with pytest.raises(KeyboardInterrupt):
        repeat(ORDER, 9, 2, tmp_path, told)
    assert runs.stopped in ([], ["2"])
    assert {directory.name for _, directory in runs.began} <= {"1", "2", "3"}
    assert ("2" in runs.stopped) == ("2" in {directory.name for _, directory in runs.began})
    assert not [one for one in threading.enumerate() if one.name.startswith("replay")]
