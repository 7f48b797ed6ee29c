"""What is chance among a few slow answers, against scipy, and which answers are slow by themselves."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import pytest
import scipy

from harness.checks import tail
from harness.checks._requests import TimedRequests
from harness.checks._stretches import Stretch


@pytest.mark.parametrize(
    ("new", "answers", "old", "of"),
    [
        (0, 50, 0, 80),
        (1, 50, 0, 80),
        (5, 50, 1, 80),
        (9, 12, 3, 400),
        (12, 12, 3, 400),
        (3, 400, 9, 12),
        (7, 300, 7, 300),
    ],
)
def test_the_chance_is_that_of_fishers_exact_test(new: int, answers: int, old: int, of: int) -> None:
    table = [[new, answers - new], [old, of - old]]
    expected = scipy.stats.fisher_exact(table, alternative="greater").pvalue
    assert tail._chance(new, answers, old, of) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(
    ("answers", "old", "of"), [(50, 0, 80), (300, 5, 300), (1000, 0, 1000), (1000, 40, 900), (2, 0, 9000)]
)
def test_so_many_slow_answers_are_needed_as_are_beyond_chance_and_not_one_more(answers: int, old: int, of: int) -> None:
    needed = tail._needed(answers, old, of)
    assert needed is not None
    assert tail._chance(needed, answers, old, of) < tail.CHANCE <= tail._chance(needed - 1, answers, old, of)


def test_of_too_few_answers_not_even_all_are_beyond_chance() -> None:
    assert tail._needed(2, 0, 2) is None
    assert tail._needed(3, 300, 300) is None, "all of the old ones are slow"


@pytest.mark.parametrize(("needed", "of"), [(1, 100), (5, 100), (12, 3000), (100, 100)])
def test_a_share_is_seen_where_so_many_are_slow_with_enough_chance(needed: int, of: int) -> None:
    share = tail._seen(needed, of)
    assert scipy.stats.binom.sf(needed - 1, of, share) == pytest.approx(tail.SEEN, abs=1e-6)


def side(good: int, slow: int) -> tail._Side:
    return tail._Side(good, (slow,), np.zeros(0, np.bool_))


@pytest.mark.parametrize("usual", [0, 6])
def test_as_long_as_the_reason_says_two_in_a_hundred_are_seen_and_not_in_four_fifths_of_that(usual: int) -> None:
    """Ten seconds on the new release had 500 answers."""
    every = [Stretch(True, 0.0, 4.0), Stretch(False, 4.0, 90.0), Stretch(True, 90.0, 96.0)]
    said = tail._longer(every, side(500, 0), side(950, usual))
    found = re.fullmatch(r"2 % would need (\d+) s on the new release at this rate \(--hold\)", said)
    assert found is not None, said
    times = float(found[1]) / 10.0

    def seen(times: float) -> float:
        answers = round(500 * times)
        needed = tail._needed(answers, round(usual * times), round(950 * times))
        assert needed is not None
        return tail._seen(needed, answers)

    assert seen(1.02 * times) <= tail.WANTED < seen(0.98 * times / 1.25)


def test_where_the_old_release_is_slow_as_often_no_time_shows_two_in_a_hundred() -> None:
    said = tail._longer([Stretch(True, 0.0, 10.0)], side(20, 0), side(40, 8))
    assert said == "2 % would need more requests"


def load(latencies: Sequence[float], *, apart: float = 1.0, bad: Sequence[int] = ()) -> TimedRequests:
    due = np.asarray(apart * np.arange(len(latencies)), np.float64)
    latency = np.asarray(latencies, np.float64)
    ok = ~np.isin(np.arange(len(due)), bad)
    return TimedRequests(due, due + latency, np.zeros(len(due)), ok, 0.0, float(due[-1]) + 9.0)


def slow(latencies: Sequence[float], *, apart: float = 1.0, bad: Sequence[int] = (), bound: float = 0.2) -> list[int]:
    return np.flatnonzero(tail._slow(load(latencies, apart=apart, bad=bad), bound)).tolist()


QUICK = [0.01] * 20


def test_an_answer_is_slow_by_itself_where_most_of_those_beside_it_are_not() -> None:
    assert slow([*QUICK, 0.5, *QUICK]) == [20]
    assert slow([*QUICK, 0.15, *QUICK]) == [], "not by enough"
    assert slow([*QUICK, 0.5, *QUICK], bad=[20]) == [], "and only a good one is an answer"
    assert slow([0.5] * 20) == [], "all are"
    assert slow([0.5, *QUICK]) == [0]
    assert slow([*QUICK, 0.5]) == [20]
    assert slow([0.5]) == [], "there is nobody beside it"
    assert slow([0.01, 0.5]) == [1]


def test_four_on_each_side_are_beside_it_at_least_and_one_in_five_of_them_may_be_slow_as_well() -> None:
    """Of the first one's four, a quarter is; of the fifth one's five, a fifth."""
    assert slow([0.5, 0.01, 0.01, 0.01, 0.5, 0.01]) == [4]
    assert slow([0.01, 0.01, 0.01, 0.01, 0.5, 0.5]) == [4]


def test_whoever_was_due_within_the_tenth_of_a_second_before_is_beside_it() -> None:
    """Six of the last ten before it were slow."""
    assert 20 not in slow([*QUICK[:10], *([0.25] * 6), *QUICK[:4], 0.3], apart=0.01)
    assert slow([*QUICK, 0.3], apart=0.01) == [20]


def test_whoever_was_due_while_it_was_under_way_is_beside_it() -> None:
    """A pause of half a second in which fifty requests came due is one of the service, and no tail."""
    pause = [0.5 - at / 100 for at in range(50)]
    assert slow([*QUICK, *pause, *QUICK], apart=0.01) == []
    alone = [*([0.01] * 60), 0.5, *([0.01] * 60)]
    assert slow(alone, apart=0.01) == [60]


def test_slow_answers_within_a_tenth_of_a_second_are_one_cluster() -> None:
    def clusters(*due: float) -> int:
        at = np.asarray(due, np.float64)
        found = TimedRequests(at, at + 0.5, np.zeros(len(at)), np.ones(len(at), np.bool_), 0.0, 99.0)
        return tail._clusters(found, np.ones(len(at), np.bool_))

    assert clusters() == 0
    assert clusters(1.0) == 1
    assert clusters(1.0, 1.0625) == 1
    assert clusters(1.0, 1.125) == 2
    assert clusters(1.0, 1.0625, 1.125) == 2, "counted from the first one"


def test_the_slow_answers_of_a_release_are_those_of_its_stretches_each_of_which_counts_its_own() -> None:
    requests = load([0.01] * 30)
    first, second = (np.isin(np.arange(30), part) for part in (range(5), range(10, 15)))
    found = tail._side(requests, [first, second], np.isin(np.arange(30), [1, 3, 7, 12, 20]))
    assert (found.good, found.slow, found.total) == (10, (2, 1), 3)
    assert np.flatnonzero(found.late).tolist() == [1, 3, 12]
