"""Outages: what was due and not answered well, whatever became of it later."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.outages import longest, outages

RATE = 0.02  # s between two requests


def found(due: list[float], took: list[float], good: list[bool] | None = None, until: float = 0.0) -> list[float]:
    every = np.asarray(due)
    ok = np.asarray([True] * len(due) if good is None else good)
    return [round(end - begin, 3) for begin, end in outages(every, every + np.asarray(took), ok, until, least=0.1)]


def even(seconds: float) -> list[float]:
    return [round(n * RATE, 6) for n in range(int(seconds / RATE))]


def test_answers_at_their_usual_pace_are_no_outage() -> None:
    due = even(2.0)
    assert found(due, [0.01] * len(due), until=2.0) == []


def test_a_service_that_freezes_and_answers_all_of_it_late_was_out_for_as_long() -> None:
    due = even(10.0)
    took = [max(0.01, 7.1 - one) if one >= 3.0 else 0.01 for one in due]
    assert found(due, took, until=10.0) == [pytest.approx(4.1, abs=0.05)]


def test_a_slow_service_that_answers_all_the_time_is_not_out() -> None:
    due = even(10.0)
    assert found(due, [3.0] * len(due), until=10.0) == [pytest.approx(3.0, abs=0.05)]  # until the first answer alone


def test_what_was_answered_at_the_beginning_is_told_by_the_requests_before() -> None:
    due = np.asarray(even(20.0))
    every = np.ones(len(due), np.bool_)
    assert longest(outages(due, due + 3.0, every, 20.0, since=10.0)) == pytest.approx(RATE, abs=0.001)


def test_failures_that_come_at_once_are_an_outage_until_the_next_good_answer() -> None:
    due = even(3.0)
    good = [not 1.0 <= one < 2.0 for one in due]
    assert found(due, [0.01] * len(due), good, until=3.0) == [pytest.approx(1.01, abs=0.001)]


def test_an_outage_that_has_not_ended_lasts_to_the_end() -> None:
    due = even(3.0)
    assert found(due, [0.01] * len(due), [one < 1.0 for one in due], until=3.0) == [pytest.approx(2.0, abs=0.03)]


def test_where_nothing_is_due_nothing_is_out() -> None:
    assert found([0.0, 5.0, 10.0], [0.3, 0.3, 0.3], until=15.0) == [0.3, 0.3, 0.3]
    assert outages(np.empty(0), np.empty(0), np.empty(0, np.bool_), 5.0) == ()
    assert longest(()) == 0.0


due_and_took = st.lists(
    st.tuples(
        st.integers(0, 300).map(lambda n: n / 10), st.integers(0, 80).map(lambda n: n / 10 + 0.05), st.booleans()
    ),
    min_size=1,
    max_size=40,
)


@given(due_and_took)
def test_at_no_moment_of_an_outage_came_a_good_answer_and_at_each_something_was_waited_for(
    requests: list[tuple[float, float, bool]],
) -> None:
    due = np.asarray([one[0] for one in requests])
    ended = due + np.asarray([one[1] for one in requests])
    good = np.asarray([one[2] for one in requests])
    for begin, end in outages(due, ended, good, float(ended.max())):
        assert not (good & (ended > begin) & (ended < end)).any()
        if end - begin > 1e-9:
            assert (due <= begin + 1e-9).any()
            assert (ended > begin).any()


@given(due_and_took)
def test_every_moment_in_which_nothing_good_came_of_a_request_that_waits_is_in_an_outage(
    requests: list[tuple[float, float, bool]],
) -> None:
    due = np.asarray([one[0] for one in requests])
    ended = due + np.asarray([one[1] for one in requests])
    good = np.asarray([one[2] for one in requests])
    out = outages(due, ended, good, float(ended.max()))
    for n in np.flatnonzero(~good):  # from when a failed request was due to its end, or the good answer in between
        answers = ended[good & (ended > due[n]) & (ended <= ended[n])]
        until = min(answers.min() if len(answers) else ended[n], ended[n])
        middle = (due[n] + until) / 2
        assert any(begin - 1e-9 <= middle <= end + 1e-9 for begin, end in out)
