"""When goodput came back, what was tried and what was in flight: at the edges of the phase."""

from __future__ import annotations

import numpy as np
import pytest

from harness.checks import metastable
from harness.checks._arms import Arms
from harness.checks._blocks import ArmRequests
from harness.checks._evidence import Findings
from harness.events import WorkloadWindow
from harness.history import Event, History, of
from harness.samples import FINAL, OK, SHED, Samples, Stream
from harness.samples.records import SAMPLE
from suites.raw import raw

BEGIN, END = 10.0, 20.0  # of the phase; the baseline is the ten seconds before, and the load goes on after it


def arms(*bad: float, latency: float = 0.01, windows: tuple[Event[WorkloadWindow], ...] = ()) -> Arms:
    """A hundred requests a second; those that failed by when they were due."""
    due = np.round(np.arange(0.0, 30.0, 0.01), 2)
    ok = ~np.isin(due, np.round(bad, 2))
    subject = ArmRequests(due, np.full(len(due), latency), ok, np.zeros(len(due)))
    return Arms((0.0, BEGIN), (BEGIN, END), subject, None, 100.0, 0.0, windows, ())


def second(number: int, many: int = 100) -> list[float]:
    """So many of those due in a second of the load."""
    return [number + at / 100 for at in range(many)]


@pytest.mark.parametrize(
    ("bad", "took"),
    [
        ([], 0.0),
        (second(10), 1.0),
        (second(16), 7.0),
        (second(17), None),
        (second(19), None),
        (second(12, 2), 3.0),
        (second(12, 1), 0.0),
        (second(9), 0.0),
        (second(20), 0.0),
        (second(21), 0.0),
        ([*second(11), *second(14)], 5.0),
    ],
    ids=["never bad", "first", "last but three", "last but two", "last", "98", "99", "before", "after", "later", "two"],
)
def test_goodput_is_back_after_the_last_second_that_was_bad_where_three_good_ones_follow(
    bad: list[float], took: float | None
) -> None:
    assert metastable._came_back(arms(*bad)) == took


def test_in_flight_is_the_time_of_all_requests_over_the_seconds_of_the_stretch() -> None:
    part = ArmRequests(np.zeros(4), np.full(4, 0.25), np.ones(4, np.bool_), np.zeros(4))
    assert metastable._mean_in_flight(part, 0.5) == 2.0
    assert metastable._mean_in_flight(part, 0.0) == 0.0


def test_the_baselines_work_in_flight_is_that_of_its_own_seconds() -> None:
    found = arms()
    late = Arms((5.0, BEGIN), found.after, found.subject, None, 100.0, 0.0, (), ())
    late.subject.latency[late.subject.due >= BEGIN] = 0.03
    findings = Findings("metastable")
    metastable._in_flight(findings, late, 15.0, END)
    assert findings.wrong == ["3.0 requests are in flight, 1.0 in the baseline"]


def test_what_was_tried_of_all_loads_of_the_phase_counts_from_its_beginning_to_before_its_end() -> None:
    history, streams = History(), list[Stream]()
    for rows in ([14.9, 15.0, 19.9, 20.0], [16.0, 16.0, 17.0]):
        start = history.record(raw("workload.start"))
        made = np.zeros(len(rows), SAMPLE)
        made["intended"], made["flags"], made["outcome"] = rows, OK | FINAL, 200
        streams.append(Stream(start.id, "h1", "subject", 0.0, 0.0, "", (), {}, made))
    streams[1].records["outcome"][0] = SHED
    for one in streams:
        history.record(raw("workload", start=one.start))
    windows = of(history.events, WorkloadWindow)
    strange = Stream(99, "h1", "subject", 0.0, 0.0, "", (), {}, streams[1].records)
    found = metastable._load(arms(15.5, windows=windows), Samples((*streams, strange)), 15.0, END)
    assert (found.offered, found.answered, found.attempts) == (500, 499, 4)
