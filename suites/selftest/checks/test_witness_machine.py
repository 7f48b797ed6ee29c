"""What counts as a stall of the machine: whose work kept it busy, whom somebody held back, and what nobody reported."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from suites.raw import raw
from suites.selftest.checks.builder import Made
from suites.selftest.checks.test_witness import stood, throttled, used
from suites.selftest.checks.witnessed import witness


def looked(made: Made, replica: str, begin: int, end: int, **fields: Callable[[int], Any]) -> Made:
    """A look at a replica each second, by the history's axis, with what each field says then."""
    start = made.clock.monotonic()
    for at in range(begin, end):
        made.clock.advance(start + at - made.clock.monotonic())
        told = {name: tell(at) for name, tell in fields.items()}
        made.history.record(raw("probe.replica", replica=replica, error=None, **{"cpu": 0.0, **told}))
    made.clock.advance(start - made.clock.monotonic())
    return made


def stood_by(share: float, *, busy: float | None, steal: float | None) -> Made:
    made = Made()
    for at in range(100):
        made.history.record(raw("witness", environment="h1", place="door", begin=float(at), end=at + 1.0, stood=share,
                                busy=busy, steal=steal))  # fmt: skip
    return made


@pytest.mark.parametrize(
    ("share", "busy", "steal", "held"),
    [
        (0.6, 1.0, 0.0, 0.0),
        (0.59, 1.0, 0.0, 5.0),
        (0.6, 1.0, 0.1, 5.0),
        (0.6, 0.6, 0.4, 0.0),
        (0.6, None, None, 5.0),
        (0.07, 0.1, 0.0, 0.0),
    ],
)
def test_what_the_environment_uses_is_held_against_all_that_the_processors_did_for_anybody(
    share: float, busy: float | None, steal: float | None, held: float
) -> None:
    """60 % of it, of all replicas together, is its own doing; what the host took away was for others."""
    made = stood_by(0.5, busy=busy, steal=steal)
    for replica in ("backend-1", "backend-2"):
        looked(made, replica, 0, 100, cpu=lambda at: share / 2 * at)
    assert stood(made, 50.0, 60.0) == pytest.approx(held)


def limited(low: int, high: int, begin: float, end: float) -> float:
    """What is made of a limit that somebody set from one look to another, of a replica that was always held back."""
    made = Made()
    looked(
        made, "backend-1", 0, 100, throttled_seconds=lambda at: 0.5 * at,
        cpu_limit=lambda at: 0.1 if low <= at < high else 1.0, cpu_declared=lambda _: 1.0,
    )  # fmt: skip
    return stood(made, begin, end)


def test_a_replica_is_held_back_from_the_look_before_the_lower_limit_to_the_one_after_it() -> None:
    assert limited(50, 60, 0.0, 100.0) == pytest.approx(5.5)
    assert limited(50, 60, 0.0, 49.0) == 0.0
    assert limited(50, 60, 60.0, 100.0) == 0.0
    assert limited(0, 10, 0.0, 100.0) == pytest.approx(5.0), "it was lower from the first look on"
    assert limited(50, 51, 0.0, 100.0) == pytest.approx(1.0), "one look alone"


def test_a_limit_is_lower_where_it_is_less_than_nine_tenths_of_the_declared_one() -> None:
    assert throttled(0.89, 1.0) == pytest.approx(6.0)
    assert throttled(0.9, 1.0) == 0.0


def test_two_looks_tell_how_a_counter_grew_and_one_does_not() -> None:
    for looks, held in ((2, 0.5), (1, 0.0)):
        made = looked(Made(), "backend-1", 0, looks, throttled_seconds=lambda at: 0.5 * at, cpu_limit=lambda _: 0.1)
        assert stood(made, 0.0, 1.0) == held


def test_a_counter_that_began_anew_did_not_grow() -> None:
    made = looked(Made(), "backend-1", 0, 9, throttled_seconds=lambda at: 5.0 - 0.5 * at, cpu_limit=lambda _: 0.1)
    assert stood(made, 0.0, 8.0) == 0.0


def test_a_report_that_comes_a_moment_late_is_no_gap() -> None:
    for gap, held in ((0.0625, 0.0), (0.125, 0.125)):
        made = Made()
        for begin in (0.0, 1.0 + gap):
            made.history.record(
                raw("witness", environment="h1", place="door", begin=begin, end=begin + 1.0, stood=0.0, busy=1.0)
            )
        made.clock.advance(2.0 + gap)
        made.add("note", text="later")
        assert stood(made, 0.0, 2.0 + gap) == held


def test_reports_of_no_length_say_nothing() -> None:
    made = used(witness(Made(), 0.5, busy=2.0), 1.8)
    made.history.record(raw("witness", environment="h1", place="door", begin=5.0, end=5.0, stood=0.0, busy=900.0))
    assert stood(made, 50.0, 60.0) == 0.0


def test_of_a_report_that_lasted_longer_a_part_counts_for_a_part_of_it() -> None:
    """Two of ten seconds lie in the stretch, with a fifth of what the processors did: 0.62 s of 1 s, or of 1.1 s."""
    for busy, held in ((5.0, 0.0), (5.5, 1.0)):
        made = Made()
        made.history.record(
            raw("witness", environment="h1", place="door", begin=50.0, end=60.0, stood=5.0, busy=busy, steal=0.0)
        )
        looked(made, "backend-1", 0, 60, cpu=lambda at: 0.31 * at)
        assert stood(made, 52.0, 54.0) == pytest.approx(held), busy
