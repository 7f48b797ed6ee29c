"""Requests one by one: which are missing, which are bad, and where the generator itself saw nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from harness.checks._requests import TimedRequests, load, whole_load
from harness.checks._windows import span
from harness.checks._witness import WitnessedStalls
from harness.events import WorkloadStart, WorkloadWindow
from harness.history import of
from harness.samples import FINAL, KEPT_CLOSED, OK, Samples, Stream
from harness.samples.records import SAMPLE
from suites.selftest.checks.builder import Made
from suites.selftest.checks.witnessed import witness


def timed(due: Sequence[float], *, bad: Sequence[int] = (), latency: float = 0.0, until: float = 20.0) -> TimedRequests:
    """Requests that were sent when they were due and answered at once, but for those that failed."""
    at = np.asarray(due, np.float64)
    return TimedRequests(
        at, at + latency, np.zeros(len(at)), ~np.isin(np.arange(len(at)), bad), at[0], until,
        np.full(len(at), ""), np.full(len(at), ""),
    )  # fmt: skip


EVERY = [float(second) for second in range(20)]


def test_an_answer_right_at_the_bound_is_in_time() -> None:
    assert timed(EVERY, latency=0.5).good(0.5).all()
    assert not timed(EVERY, latency=0.5).good(0.49).any()


def test_an_outage_is_told_with_requests_before_the_phase_and_without() -> None:
    found = timed(EVERY, bad=[0, 1, 2])
    assert found.outages(1.0, 2.5) == ((0.0, 3.0),)
    earlier = replace(timed([-2.0, -1.0]), until=0.0)
    assert replace(found, earlier=earlier).outages(1.0, 2.5) == ((0.0, 3.0),)
    assert found.outages(1.0, 3.0) == (), "only what is longer"


@pytest.mark.parametrize("which", ["kinds", "servers"])
def test_five_failures_in_a_row_of_one_of_several_are_an_outage_of_it(which: str) -> None:
    def partial(bad: Sequence[int], least: float, names: Sequence[str] = ("a", "b")) -> list[tuple[float, float, int]]:
        every = np.asarray([names[number % len(names)] for number in range(20)])
        found = replace(timed(EVERY, bad=bad), **{which: every}).partial_outages(1.0, least)  # type: ignore[arg-type]
        return [(begin, end, many) for _, begin, end, many in found]

    assert partial([4, 6, 8, 10, 12], 7.9) == [(4.0, 12.0, 5)]
    assert partial([4, 6, 8, 10, 12], 8.0) == [], "no longer than allowed"
    assert partial([4, 6, 8, 10], 1.0) == [], "four may be chance"
    assert partial([0, 2, 4, 6, 8], 7.9) == [(0.0, 8.0, 5)], "from the first request on"
    assert partial([2, 4, 6, 8, 10], 9.0) == []
    assert partial([4, 6, 8, 10, 12], 1.0, ("a", "")) == [], "there is but one that is known"
    assert replace(timed(EVERY, bad=[4, 6]), **{which: None}).partial_outages(1.0, 0.0) == []  # type: ignore[arg-type]


def late_sender(begin: float, end: float, every: float = 0.25) -> TimedRequests:
    """A generator that sends nothing between two seconds, and all that was due at the end of them."""
    found = timed(np.arange(0.0, 20.0, every).tolist())
    late = (found.due >= begin) & (found.due < end)
    return replace(found, sent=np.where(late, end - found.due, 0.0), ended=np.where(late, end, found.ended))


def test_a_generator_is_blind_for_as_long_as_it_sends_nothing() -> None:
    found = late_sender(5.0, 7.0)
    assert [found.blind(*stretch) for stretch in ((0.0, 20.0), (6.0, 10.0), (0.0, 5.5), (8.0, 20.0), (0.0, 4.0))] == [
        2.0, 1.0, 0.5, 0.0, 0.0,
    ]  # fmt: skip


def test_what_follows_a_blind_generator_is_explained_by_four_times_its_stall() -> None:
    found = late_sender(5.0, 7.0)
    said = "the load generator stood still for 2.0 s of these {} s"
    assert found.burst(7.0, 14.0, 1.0) == said.format("10.0"), "a fifth of the stretch, from three seconds before it on"
    assert found.burst(7.0, 14.1, 1.0) == "", "less than a fifth"
    assert found.burst(7.0, 13.0, -2.0) == said.format("9.0"), "6 s are no longer than 4 times 2 s and what is allowed"
    assert found.burst(7.0, 13.0, -2.5) == ""
    assert found.burst(11.0, 12.0, 1.0) == "", "it was blind long before"


def test_failures_that_nothing_explains_are_counted_stretch_by_stretch() -> None:
    found = timed(EVERY, bad=[2, 3, 10, 11])
    unexplained, said = found.unexplained(~found.ok, WitnessedStalls(()))
    assert (unexplained, said) == (4, "")
    stood = WitnessedStalls(witness(witness(Made(), 0.0, seconds=20), 1.0, seconds=2, first=9).events)
    unexplained, said = found.unexplained(~found.ok, stood)
    assert unexplained == 2, "the first two, which the machine ran for"
    assert said.startswith("the machine stood still for")
    first = WitnessedStalls(witness(witness(Made(), 0.0, seconds=20), 1.0, seconds=2, first=1).events)
    assert found.unexplained(~found.ok, first)[0] == 2, "and the last two"


def test_failures_further_than_a_second_apart_are_not_explained_by_one_stall() -> None:
    stood = WitnessedStalls(witness(witness(Made(), 0.0, seconds=20), 1.0, seconds=2, first=0).events)
    near, far = timed([2.0, 3.0], bad=[0, 1]), timed([2.0, 8.0], bad=[0, 1])
    assert near.unexplained(~near.ok, stood)[0] == 0
    assert far.unexplained(~far.ok, stood)[0] == 1


# -- from samples ---------------------------------------------------------------------------------------------------


def records(*rows: tuple[int, float, int]) -> np.ndarray[tuple[int], np.dtype[np.void]]:
    """Number, due, flags; every answer takes half a second."""
    found = np.zeros(len(rows), SAMPLE)
    for record, (number, due, flags) in zip(found, rows, strict=True):
        record["n"], record["intended"], record["flags"], record["latency"] = number, due, flags, 0.5
    return found


def one_load(
    found: np.ndarray[tuple[int], np.dtype[np.void]], problem: str = "", **window: object
) -> tuple[TimedRequests | str | None, TimedRequests | str]:
    """A window of a load that began at second 10, and all of the load."""
    made = Made().add("workload.start", at=10.0, began=1000.0, arm="subject", file="s.bin")
    made.load("p", start=0, **{"first": 2, "last": 4, "began": 1002.0, "seconds": 2.0, "sent": 2, "shed": 0, **window})
    stream = Stream(0, "", "subject", 10.0, 1000.0, "", ("resume", "status"), {1: "a", 3: "b"}, found, problem)
    samples = Samples((stream,))
    windows, starts = of(made.events, WorkloadWindow), of(made.events, WorkloadStart)
    return load(made.events, windows, samples), whole_load(starts, samples, 30.0)


GOOD = OK | FINAL
FOUR = [(number, float(number), GOOD) for number in range(5)]


def test_the_requests_of_a_window_are_those_of_its_numbers_on_the_axis_of_the_history() -> None:
    mine, every = one_load(records(*FOUR))
    assert isinstance(mine, TimedRequests)
    assert isinstance(every, TimedRequests)
    assert (mine.due.tolist(), mine.since, mine.until) == ([12.0, 13.0], 12.0, 14.0)
    assert mine.latency.tolist() == [0.5, 0.5]
    assert mine.earlier is not None
    assert mine.earlier.due.tolist() == [10.0, 11.0]
    assert (every.due.tolist(), every.since, every.until) == ([10.0, 11.0, 12.0, 13.0, 14.0], 0.0, 30.0)


def test_attempts_that_were_not_the_last_do_not_count() -> None:
    mine, every = one_load(records(*FOUR, (2, 2.0, OK), (3, 3.0, 0)))
    assert isinstance(mine, TimedRequests)
    assert isinstance(every, TimedRequests)
    assert (len(mine.due), len(every.due)) == (2, 5)


def test_what_was_due_more_than_a_minute_before_the_window_tells_nothing_of_its_beginning() -> None:
    mine, _ = one_load(records((0, -58.0, GOOD), (1, -57.5, GOOD), *FOUR[2:]))
    assert isinstance(mine, TimedRequests)
    assert mine.earlier is not None
    assert mine.earlier.due.tolist() == [-47.5]


def test_samples_that_are_missing_or_torn_are_told() -> None:
    assert one_load(records(*FOUR), sent=2, shed=1)[0] == "2 samples, and 3 were counted"
    assert one_load(records(*FOUR), "the file is torn") == ("the file is torn", "the file is torn")
    made = Made().add("workload.start", at=10.0, began=1000.0, arm="subject", file="s.bin").load("p", start=0)
    windows = of(made.events, WorkloadWindow)
    assert load(made.events, windows, Samples()) == "no samples of its load"
    assert load(made.events, windows, None) is None
    starts = of(made.events, WorkloadStart)
    assert whole_load(starts, Samples(), 30.0) == whole_load(starts, None, 30.0) == "the requests were not saved"
    assert whole_load((), Samples(), 30.0) == "there was no load"


def test_a_load_that_is_kept_in_memory_only_has_no_requests() -> None:
    made = Made().add("workload.start", at=10.0, began=1000.0, arm="subject").load("p", start=0)
    assert load(made.events, of(made.events, WorkloadWindow), Samples()) is None


def test_requests_whose_connection_was_closed_are_left_out_unless_they_were_answered_after_all() -> None:
    found = records(*FOUR[2:])
    found["outcome"] = KEPT_CLOSED
    found["flags"][0] = FINAL
    mine, _ = one_load(found)
    assert isinstance(mine, TimedRequests)
    assert (mine.due.tolist(), mine.ok.tolist()) == ([13.0], [True])


def test_who_answered_and_which_request_it_was_is_told_by_name_where_it_is_known() -> None:
    found = records(*FOUR[2:4])
    for request, server, kind, who in (
        (0, 1, "resume", "a"), (1, 3, "status", "b"), (2, 0, "", ""), (9, 9, "", ""), (1, 2, "status", ""),
    ):  # fmt: skip
        found["request"], found["server"] = request, server
        mine, _ = one_load(found)
        assert isinstance(mine, TimedRequests)
        assert mine.kinds is not None
        assert mine.servers is not None
        assert (mine.kinds.tolist(), mine.servers.tolist()) == ([kind] * 2, [who] * 2)


def test_the_windows_of_an_older_history_end_when_they_were_recorded() -> None:
    made = Made().load("p", seconds=4.0, start=None)
    made.clock.advance(9.0)
    made.load("p", seconds=4.0, start=None)
    assert [span(made.events, one) for one in of(made.events, WorkloadWindow)] == [(-4.0, 0.0), (6.0, 10.0)]


def test_failures_a_second_apart_are_one_stretch_however_many() -> None:
    """The stall before the first of them explains them all, and would not explain the last one alone."""
    stood = WitnessedStalls(witness(witness(Made(), 0.0, seconds=20), 1.0, seconds=2, first=0).events)
    chain = timed([2.0, 3.0, 4.0, 5.0, 6.0], bad=range(5))
    assert chain.unexplained(~chain.ok, stood)[0] == 0
    last = timed([6.0], bad=[0])
    assert last.unexplained(~last.ok, stood)[0] == 1
