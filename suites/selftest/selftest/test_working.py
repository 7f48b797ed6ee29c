"""Several runs side by side."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.selftest.results import Results
from harness.selftest.table import Case, Result
from harness.selftest.working import WorkStopped, work_off
from suites.selftest.selftest.made import case, result

ABOUT = {"self-test": "any"}


def endless(undisturbed: int = 0) -> Iterator[Case]:
    n = 0
    while True:
        yield case(n, title="" if n < undisturbed else "drop events @deploy")
        n += 1


class Work:
    """Does cases at once; those with these numbers take no effect."""

    def __init__(self, *idle: int) -> None:
        self.idle, self.done = idle, list[int]()

    def __call__(self, one: Case, _stop: threading.Event) -> Result:
        self.done.append(one.n)
        return result(one.n, touched=int(one.n not in self.idle), title=one.title)


@pytest.mark.parametrize("jobs", [1, 3])
def test_the_first_of_the_table_are_done_until_enough_of_them_count(tmp_path: Path, jobs: int) -> None:
    work, results = Work(1, 2), Results(tmp_path, ABOUT)
    assert work_off(endless(), work, results, wanted=5, jobs=jobs) == 5
    assert sorted(work.done) == list(range(7))


def test_undisturbed_runs_are_done_and_do_not_count(tmp_path: Path) -> None:
    work = Work()
    assert work_off(endless(undisturbed=3), work, Results(tmp_path, ABOUT), wanted=1, jobs=2) == 1
    assert sorted(work.done) == [0, 1, 2, 3]
    none = Work()
    assert work_off(endless(undisturbed=2), none, Results(tmp_path / "none", ABOUT), wanted=0, jobs=2) == 0
    assert sorted(none.done) == [0, 1]


def test_what_is_done_already_is_not_done_again_and_counts(tmp_path: Path) -> None:
    work_off(endless(), Work(), Results(tmp_path, ABOUT), wanted=3, jobs=1)
    again = Work()
    assert work_off(endless(), again, Results(tmp_path, ABOUT), wanted=5, jobs=2) == 5
    assert sorted(again.done) == [3, 4]


def test_a_table_that_ends_too_early_says_how_many_counted(tmp_path: Path) -> None:
    assert work_off([case(0), case(1)], Work(0), Results(tmp_path, ABOUT), wanted=9, jobs=4) == 1


def test_an_interrupt_stops_those_under_way_and_they_have_no_result(tmp_path: Path) -> None:
    under_way, ended = threading.Barrier(2), list[int]()

    def work(one: Case, stop: threading.Event) -> Result:
        if one.n == 0:
            return result(0)
        under_way.wait(10.0)
        assert stop.wait(10.0)
        ended.append(one.n)
        raise WorkStopped

    def told(_: Result) -> None:
        under_way.wait(10.0)
        raise KeyboardInterrupt

    results = Results(tmp_path, ABOUT)
    with pytest.raises(KeyboardInterrupt):
        work_off(endless(), work, results, wanted=9, jobs=2, told=told)
    assert ended == [1]
    assert [one.n for one in Results(tmp_path, ABOUT).all] == [0]
