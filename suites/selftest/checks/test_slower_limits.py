"""What is slower than before, at its limits."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from harness.checks._requests import TimedRequests
from harness.checks._slower import FEWEST, SHARES, Slower, slower


def load(
    *groups: tuple[str, int, float], bad: Sequence[int] = (), begin: float = 0.0, apart: float = 0.02
) -> TimedRequests:
    """So many requests of a kind, each answered after so long; those that failed by number."""
    kinds = np.array([kind for kind, many, _ in groups for _ in range(many)])
    latency = np.array([took for _, many, took in groups for _ in range(many)], np.float64)
    due = np.asarray(begin + apart * np.arange(len(kinds)), np.float64)
    ok = ~np.isin(np.arange(len(kinds)), bad)
    nobody = np.full(len(kinds), "")
    return TimedRequests(due, due + latency, np.zeros(len(due)), ok, begin, float(due[-1]) + 9.0, kinds, nobody)


def told(before: TimedRequests, after: TimedRequests) -> list[Slower]:
    """Three times as slow, and 50 ms, are allowed."""
    return list(slower(before, after, 3.0, 0.05))


def test_as_slow_as_is_allowed_is_not_slower() -> None:
    before = load(("a", 100, 0.0625), ("b", 100, 0.0625))
    assert told(before, load(("a", 100, 0.2374), ("b", 100, 0.0625))) == []
    (found,) = told(before, load(("a", 100, 0.25), ("b", 100, 0.0625)))[:1]
    assert found.words.startswith("p50 of the a requests 250 ms, 62.5 ms before: more than 3 times that and 50 ms")


def test_what_makes_a_group_slower_are_its_own_good_answers_that_were_late() -> None:
    before = load(("a", 100, 0.01), ("b", 100, 0.01))
    after = load(("a", 100, 0.3), ("b", 90, 0.01), ("b", 10, 0.3), bad=[0, 1, 2])
    found = told(before, after)[0]
    assert np.flatnonzero(found.late).tolist() == list(range(3, 100))
    assert (found.share, found.of) == (1.0 - SHARES["p50"], 97)


def test_failed_requests_of_the_baseline_tell_nothing_of_what_is_usual() -> None:
    before = load(("a", 60, 0.01), ("a", 60, 9.0), ("b", 100, 0.01), bad=range(60, 120))
    assert told(before, load(("a", 100, 0.3), ("b", 100, 0.01)))


def test_a_kind_that_was_always_slow_is_compared_with_itself() -> None:
    usual = load(("a", 100, 0.01), ("b", 40, 0.5))
    assert told(usual, usual) == []
    (found,) = told(usual, load(("a", 100, 0.01), ("b", 40, 1.75)))[:1]
    assert found.words.startswith("p50 of the b requests 1.75 s, 500 ms before")


def test_so_few_answers_tell_a_quantile_and_one_less_does_not_and_each_quantile_is_looked_at() -> None:
    few = FEWEST["p50"]
    for many, outcome in ((few, True), (few - 1, False)):
        before = load(("a", many, 0.01), ("b", 9000, 0.01))
        found = told(before, load(("a", many, 0.3), ("b", 9000, 0.01)))
        assert any("of the a requests" in one.words for one in found) is outcome, many


def test_answers_late_in_every_second_are_told_with_the_seconds() -> None:
    before = load(("a", 1000, 0.01), begin=100.0)
    late = [("a", 49, 0.01), ("a", 1, 0.5)] * 20
    (found,) = told(before, load(*late, begin=300.0))
    assert found.words == "20 of 1000 answers took longer than 80 ms, in 20 of 20 seconds; before in 0 of 20"
    assert (found.share, found.of, int(found.late.sum())) == (0.0, 20, 20)


def test_seconds_are_counted_from_where_the_load_began() -> None:
    """Two late answers in each second, the first and the last of it."""
    before = load(("a", 1000, 0.01), begin=100.25)
    late = [("a", 1, 0.5), ("a", 48, 0.01), ("a", 1, 0.5)] * 20
    (found,) = told(before, load(*late, begin=300.25))
    assert found.words.endswith(", in 20 of 20 seconds; before in 0 of 20")


def test_an_answer_within_the_bound_is_not_late() -> None:
    before = load(("a", 1000, 0.0625))
    assert told(before, load(*[("a", 49, 0.0625), ("a", 1, 0.2374)] * 20)) == []


def test_without_a_good_answer_on_either_side_nothing_is_slower() -> None:
    good, bad = load(("a", 100, 0.01)), load(("a", 100, 0.5), bad=range(100))
    assert told(bad, good) == told(good, bad) == told(bad, bad) == []
