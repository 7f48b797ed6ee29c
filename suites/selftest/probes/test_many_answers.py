"""A replica is asked as often as it takes to hear each of its workers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from harness.clock import ManualClock
from harness.errors import HostError
from harness.probes.many_answers import WITHIN, ask_many
from harness.workers import SURE, chance, enough
from suites.selftest.probes.fakes import LocalReplica, Said, TellingReplica


def worker(path: Path, every: int) -> Sequence[str]:
    """A command that answers 4.1.0, and every so many times 4.1.1."""
    path.write_text("0")
    count = f"n=$(cat {path}); n=$((n+1)); echo $n >{path}"
    return ["sh", "-c", f"{count}; [ $((n % {every})) = 0 ] && echo 4.1.1 || echo 4.1.0"]


@pytest.mark.parametrize("processes", [2, 3, 5, 8, 40, 0])
def test_so_many_questions_are_enough_and_no_more_than_that(processes: int) -> None:
    wanted = enough(processes)
    assert chance(wanted, processes) >= SURE
    assert chance(wanted - 1, processes) < SURE


def test_one_bad_worker_of_eight_takes_35_questions_and_a_single_process_one() -> None:
    assert [enough(processes) for processes in (8, 1)] == [35, 1]


def test_one_bad_worker_of_eight_is_heard(tmp_path: Path) -> None:
    replica = LocalReplica()
    found = ask_many(replica, worker(tmp_path / "n", 8), None, 8, clock=ManualClock().monotonic)
    assert sum(found.answers.values()) == 35
    assert found.answers["4.1.1"] == 4
    assert (found.release, found.error, found.unanswered) == ("4.1.0 and 4.1.1", None, 0)
    assert replica.asked < 10, "each question was a command of its own"


def test_a_replica_of_one_process_is_asked_once() -> None:
    replica = TellingReplica("backend-1", Said(0, "4.1.0"))
    found = ask_many(replica, ["x"], None, 1, clock=ManualClock().monotonic)
    assert (found.release, found.answers, len(replica.asked)) == ("4.1.0", {}, 1)


def test_the_field_of_each_answer_counts_and_answers_without_one_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "n"
    path.write_text("0")
    good = 'echo "{\\"release\\": \\"4.1.0\\"}"'
    command = ["sh", "-c", f"n=$(cat {path}); n=$((n+1)); echo $n >{path}; [ $n = 3 ] && exit 7; {good}"]
    found = ask_many(LocalReplica(), command, "release", 2, clock=ManualClock().monotonic)
    assert (found.release, found.answers, found.unanswered) == ("4.1.0", {"4.1.0": 6}, 1)


def test_one_that_cannot_be_asked_has_no_release_and_is_not_asked_for_ever() -> None:
    replica = TellingReplica("backend-1", HostError("The replica is gone"))
    found = ask_many(replica, ["x"], None, 8, clock=ManualClock().monotonic)
    assert (found.release, found.error) == (None, "The replica is gone")
    assert len(replica.asked) == 1


def test_a_slow_answer_is_asked_for_as_often_as_its_time_allows() -> None:
    now = [0.0]

    class Slow(TellingReplica):
        def run(self, command: str | Sequence[str], timeout: float = 10.0) -> Said:
            now[0] += 1.0
            return super().run(command, timeout)

    replica = Slow("backend-1", Said(0, "4.1.0"), Said(0, "4.1.0\x1e0\x1e"))
    found = ask_many(replica, ["x"], None, 8, clock=lambda: now[0])
    assert found.answers == {"4.1.0": WITHIN}
