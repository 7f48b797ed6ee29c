"""Requests of two arms in blocks of time: quantiles, how long a block is, what a request costs, what is compared."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from harness.checks import _arms
from harness.checks._blocks import SMALLEST, ArmRequests, block_seconds, edges, logs, quantile
from harness.checks._cost import cpu_of_a_request
from harness.history import Event
from harness.samples import FINAL, KEPT_CLOSED, OK, Samples, Stream
from harness.samples.records import SAMPLE
from suites.raw import raw
from suites.selftest.checks.builder import Made
from suites.selftest.checks.witnessed import witness


def arm(due: Sequence[float] | np.ndarray[Any, Any], latency: float = 0.01) -> ArmRequests:
    at = np.asarray(due, np.float64)
    return ArmRequests(at, np.full(len(at), latency), np.ones(len(at), np.bool_), np.zeros(len(at)))


@pytest.mark.parametrize(
    ("many", "q", "value"),
    [(1, 0.5, 0), (2, 0.5, 0), (3, 0.5, 1), (4, 0.5, 1), (20, 0.95, 18), (21, 0.95, 19), (100, 0.99, 98), (3, 0.0, 0)],
)
def test_a_quantile_is_the_value_of_the_nearest_rank(many: int, q: float, value: int) -> None:
    assert quantile(np.arange(float(many)), q) == value


def test_of_nothing_there_is_no_quantile() -> None:
    assert math.isnan(quantile(np.empty(0), 0.5))


def test_only_whole_blocks_have_edges_and_what_does_not_fit_is_left_off_at_the_end() -> None:
    assert edges((10.0, 30.0), 5.0).tolist() == [10.0, 15.0, 20.0, 25.0, 30.0]
    assert edges((10.0, 29.9), 5.0).tolist() == [10.0, 15.0, 20.0, 25.0]
    assert edges((10.0, 14.9), 5.0).tolist() == [10.0]
    assert edges((10.0, 5.0), 5.0).tolist() == [10.0]
    assert edges((0.0, 0.3), 0.1).tolist() == pytest.approx([0.0, 0.1, 0.2, 0.3]), "whatever a division loses"


@pytest.mark.parametrize("name", SMALLEST)
def test_a_block_is_as_short_as_it_can_be_with_enough_requests_for_a_quantile(name: str) -> None:
    few = SMALLEST[name]
    span = (0.0, 60.0)
    enough = arm(np.repeat(np.arange(2.5, 60.0, 5.0), few))
    assert block_seconds([enough], [span], name) == 5.0
    fewer = arm(np.repeat(np.arange(2.5, 60.0, 5.0), few - 1))
    assert block_seconds([fewer], [span], name) == 10.0
    assert block_seconds([enough, fewer], [span], name) == 10.0, "of both arms"
    assert block_seconds([enough], [span, (61.0, 76.0)], name) is None, "of both stretches"


def test_up_to_twelve_blocks_are_joined_and_no_more() -> None:
    one = arm([float(at) for at in range(0, 600, 12)])
    assert block_seconds([one], [(0.0, 600.0)], "p50") == 60.0
    rare = arm([float(at) for at in range(0, 600, 13)])
    assert block_seconds([rare], [(0.0, 600.0)], "p50") is None
    assert block_seconds([one], [(0.0, 4.0)], "p50") is None, "not one block fits"


def test_a_block_without_requests_has_no_quantile_and_no_warning() -> None:
    with np.errstate(all="raise"):
        found = logs(arm([1.0, 2.0, 12.0], math.e), (0.0, 15.0), 5.0, "p50")
    assert found[[0, 2]].tolist() == pytest.approx([1.0, 1.0])
    assert math.isnan(found[1])
    with np.errstate(all="raise"):
        assert logs(arm([1.0], 0.0), (0.0, 5.0), 5.0, "p50").tolist() == [-math.inf]


def stream(
    *rows: tuple[float, float, int, int], start: int = 0, at: float = 0.0, arm: str = "subject", problem: str = ""
) -> Stream:
    """Due, latency, flags, outcome."""
    made = np.zeros(len(rows), SAMPLE)
    for record, (due, latency, flags, outcome) in zip(made, rows, strict=True):
        record["intended"], record["latency"], record["flags"], record["outcome"] = due, latency, flags, outcome
    return Stream(start, "", arm, at, 0.0, "", (), {}, made, problem)


GOOD = OK | FINAL


def test_a_failed_request_is_at_least_as_slow_as_its_timeout_and_only_last_attempts_count() -> None:
    rows = (
        (0.0, 0.5, GOOD, 200),
        (1.0, 0.5, FINAL, 503),
        (2.0, 9.0, FINAL, 503),
        (3.0, 0.5, OK, 200),
        (4.0, 0.5, 0, 503),
    )
    found = ArmRequests.of([stream(*rows)], {0: 5.0})
    assert (found.due.tolist(), found.latency.tolist(), found.ok.tolist()) == (
        [0.0, 1.0, 2.0], [0.5, 5.0, 9.0], [True, False, False],
    )  # fmt: skip
    assert ArmRequests.of([stream(*rows)], {}).latency.tolist() == [0.5, 0.5, 9.0], "where none is known"
    assert ArmRequests.of([stream(*rows, start=3)], {0: 5.0}).latency.tolist() == [0.5, 0.5, 9.0]


def test_what_met_a_closed_connection_is_left_out_unless_it_was_answered() -> None:
    rows = (0.0, 0.5, FINAL, KEPT_CLOSED), (1.0, 0.5, GOOD, KEPT_CLOSED), (2.0, 0.5, GOOD, 200), (3.0, 0.5, FINAL, 503)
    assert ArmRequests.of([stream(*rows)], {}).due.tolist() == [1.0, 2.0, 3.0]


def test_the_requests_of_several_loads_are_in_the_order_in_which_they_were_due() -> None:
    found = ArmRequests.of([stream((5.0, 0.1, GOOD, 200)), stream((1.0, 0.5, GOOD, 200), at=2.0)], {})
    assert (found.due.tolist(), found.latency.tolist()) == ([3.0, 5.0], pytest.approx([0.5, 0.1]))
    nothing = ArmRequests.of([], {})
    assert (len(nothing.due), len(nothing.latency), len(nothing.ok), len(nothing.lateness)) == (0, 0, 0, 0)
    assert not nothing.ok.sum()


def spent(*looks: tuple[str, float, float], span: tuple[float, float] = (10.0, 20.0), good: int = 100) -> float | None:
    """What a request costs where replicas had used so much by then, and so many were answered in the stretch."""
    made = Made()
    begun = made.clock.monotonic()
    for replica, at, cpu in sorted(looks, key=lambda one: one[1]):
        made.clock.advance(begun + at - made.clock.monotonic())
        made.history.record(raw("probe.replica", replica=replica, cpu=cpu, error=None))
    return cpu_of_a_request(made.events, arm(np.linspace(span[0], span[1], good, endpoint=False)), span)


def test_a_request_costs_what_all_replicas_used_for_it() -> None:
    assert spent(("a", 10.0, 3.0), ("a", 15.0, 4.0), ("a", 20.0, 5.0), ("b", 10.0, 0.0), ("b", 20.0, 6.0)) == 0.08
    assert spent(("a", 9.0, 0.0), ("a", 10.0, 3.0), ("a", 20.0, 5.0), ("a", 21.0, 99.0)) == 0.02, "in the stretch alone"


def test_what_half_of_a_stretch_tells_holds_for_all_of_it_and_less_tells_nothing() -> None:
    assert spent(("a", 12.0, 3.0), ("a", 17.0, 4.0)) == pytest.approx(0.02)
    assert spent(("a", 12.0, 3.0), ("a", 16.5, 4.0)) is None
    assert spent(("a", 10.0, 3.0), ("a", 20.0, 5.0), ("b", 12.0, 3.0), ("b", 13.0, 4.0)) is None, "of any replica"


def test_a_counter_that_began_anew_an_idle_fleet_and_no_answer_cost_what_is_known() -> None:
    assert spent(("a", 10.0, 3.0), ("a", 20.0, 1.0)) is None
    assert spent(("a", 10.0, 3.0), ("a", 20.0, 3.0)) == 0.0
    assert spent() is None
    assert spent(("a", 10.0, 3.0), ("a", 20.0, 5.0), good=0) is None


def found(
    since: float = 0.0,
    lasting: float | None = None,
    *,
    share: float = 0.0,
    first: int = 0,
    seconds: int = 60,
    **start: Any,
) -> _arms.Arms:
    """A load of a request a second from second 0 on: the baseline in the first ten, the phase from 20 to 50."""
    made = witness(witness(Made(), 0.0), share, first=first, seconds=seconds)
    usual = {"file": "s.bin", "at": 0.0, "began": 1000.0, "arm": "subject", "rate": 50.0, "timeout": 5.0}
    begun = made.history.record(raw("workload.start", **{**usual, **start})).id
    beside = made.history.record(raw("workload.start", **{**usual, "arm": "control", **start})).id
    for name, at, length in (("baseline", 0.0, 10.0), ("p", 20.0, 10.0), ("p", 40.0, 10.0)):
        made.load(name, start=begun, began=1000.0 + at, seconds=length)
    rows = [(float(at), 0.5, FINAL, 503) for at in range(60)]
    samples = Samples((stream(*rows, start=begun), stream(*rows, start=beside, arm="control", problem="it is torn")))
    events: tuple[Event, ...] = made.events
    got = _arms.find(events, samples, "baseline", "p", since, lasting)
    assert isinstance(got, _arms.Arms)
    return got


def test_the_stretch_that_is_compared_begins_so_long_after_the_phase_and_ends_with_it_at_the_latest() -> None:
    assert (found().before, found().after) == ((0.0, 10.0), (20.0, 50.0))
    assert found(5.0).after == (25.0, 50.0)
    assert found(5.0, 10.0).after == (25.0, 35.0)
    assert found(5.0, 99.0).after == (25.0, 50.0)


def test_rates_and_timeouts_are_those_of_the_loads() -> None:
    usual = found()
    assert (usual.rate, usual.control_rate, usual.problems) == (50.0, 50.0, ("it is torn",))
    assert set(usual.subject.latency.tolist()) == {5.0}
    unknown = found(rate=None, timeout=None)
    assert (unknown.rate, unknown.control_rate) == (0.0, 0.0)
    assert set(unknown.subject.latency.tolist()) == {0.5}


def test_a_stall_explains_the_stretch_that_is_compared_and_no_other() -> None:
    assert found(5.0, 5.0, share=0.9, first=25, seconds=5).stall
    assert not found(5.0, 5.0, share=0.9, first=15, seconds=10).stall
    assert not found(5.0, 5.0, share=0.9, first=30, seconds=10).stall


def test_without_a_control_there_is_no_rate_of_it() -> None:
    made = Made()
    begun = made.history.record(
        raw("workload.start", file="s.bin", at=0.0, began=1000.0, arm="subject", rate=50.0, timeout=5.0)
    ).id
    made.load("baseline", start=begun, began=1000.0).load("p", start=begun, began=1020.0)
    got = _arms.find(made.events, Samples((stream((1.0, 0.5, GOOD, 200), start=begun),)), "baseline", "p", 0.0, None)
    assert isinstance(got, _arms.Arms)
    assert (got.control, got.control_rate, got.rate) == (None, 0.0, 50.0)
