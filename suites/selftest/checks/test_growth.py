"""A leak is told with its rate and with when the limit is reached; what grows once and stays is none."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

import numpy as np
import pytest

from harness.checks import growth
from harness.checks._trend import FEWEST, trend
from harness.checks._usage import used
from harness.verdict import Outcome
from suites.selftest.checks.builder import Made

MIB = 1024 * 1024
Figure = Callable[[float], float]


def soaked(seconds: int = 600, **figures: Figure) -> Made:
    """A look every five seconds; each figure by the time."""
    made = Made()
    for at in range(0, seconds, 5):
        told: dict[str, Any] = {name: int(figure(at)) for name, figure in figures.items()}
        made.inside("soak", "backend-1", **{"processes": 3, "memory_limit": 512 * MIB, **told})
        made.clock.advance(4.0)
    return made


def judge(made: Made) -> tuple[Outcome, str]:
    found = growth.check(made.events, phase="soak", replicas=["backend-1"])
    return found.outcome, found.reason


def test_a_leak_of_memory_is_told_with_its_rate_and_its_end() -> None:
    outcome, reason = judge(soaked(resident=lambda at: 100 * MIB + at / 60 * 2 * MIB))
    assert outcome is Outcome.FAIL
    assert reason == (
        "memory of backend-1 grows by 2 MiB a minute (at least 2 MiB) and is at 120 MiB: at this rate the limit is "
        "reached in 3 hours"
    )


def test_a_leak_of_shared_memory_alone_is_told() -> None:
    outcome, reason = judge(soaked(resident=lambda _: 50 * MIB, shared=lambda at: 10 * MIB + at / 60 * 2 * MIB))
    assert outcome is Outcome.FAIL
    assert reason.startswith("shared memory of backend-1 grows by 2 MiB a minute (at least 2 MiB) and is at 29.8 MiB")


def test_a_leak_under_noise_is_found() -> None:
    random = Random(1)
    made = soaked(descriptors=lambda at: 40 + at / 60 * 4 + random.choice((-2, 0, 2)))
    outcome, reason = judge(made)
    assert outcome is Outcome.FAIL
    assert reason.startswith("open descriptors of backend-1 grow by 4")
    assert "4 times that is reached in" in reason


@pytest.mark.parametrize("seed", range(10))
def test_noise_without_growth_passes(seed: int) -> None:
    random = Random(seed)
    made = soaked(
        resident=lambda _: 100 * MIB + random.gauss(0, 8 * MIB), threads=lambda _: 20 + random.choice((-3, 0, 3))
    )
    assert judge(made)[0] is Outcome.PASS


def test_what_fills_up_and_stays_is_no_leak() -> None:
    for filled in (120.0, 300.0, 420.0):
        made = soaked(resident=lambda at, filled=filled: 100 * MIB + min(at, filled) / 60 * 8 * MIB)  # type: ignore[misc]
        assert judge(made)[0] is Outcome.PASS, filled


def test_growth_that_reaches_nothing_in_a_day_passes() -> None:
    def made(limit: int) -> Made:
        return soaked(resident=lambda at: 200 * MIB + at / 60 * MIB, memory_limit=lambda _: limit * MIB)

    assert judge(made(4096))[0] is Outcome.PASS
    assert judge(made(1024))[0] is Outcome.FAIL
    assert judge(made(1500))[0] is Outcome.FAIL, "1440 MiB in a day, and 210 MiB are there already"


def test_of_all_that_grows_what_reaches_its_limit_first_is_said_first() -> None:
    def slowly(at: float) -> float:
        return 100 * MIB + at / 60 * MIB

    _, reason = judge(soaked(resident=slowly, descriptors=lambda at: 40 + 20 * at, threads=lambda at: 9 + at / 10))
    assert [text.partition(" of ")[0] for text in reason.split("; ")] == ["open descriptors", "threads", "memory"]


def test_a_phase_that_was_too_short_is_unknown() -> None:
    outcome, reason = judge(soaked(60, resident=lambda at: 100 * MIB + at * MIB))
    assert outcome is Outcome.UNKNOWN
    assert "not looked at often enough" in reason


def test_connections_to_a_server_are_judged_as_well() -> None:
    made = soaked()
    for at in range(60):
        made.add("probe.postgres", "soak", replica="database-1", connections={"idle": 10 + at}, error=None)
        made.clock.advance(9.0)
    outcome, reason = judge(made)
    assert outcome is Outcome.FAIL
    assert reason.startswith("connections of database-1 grow by 6 a minute")


def test_what_a_length_finds_is_said_beforehand_and_a_longer_one_finds_less() -> None:
    assert growth.finds(600.0).startswith("growth from about 0.6 MiB, 1.5 descriptors")
    assert growth.finds(6000.0).startswith("growth from about 0.06 MiB")


def test_a_line_has_its_slope_and_bounds_around_it() -> None:
    random = np.random.default_rng(3)
    at = np.arange(40.0)
    found = trend(at, 2.0 * at + random.normal(0, 3.0, 40), 0.99)
    assert found is not None
    assert found.low < 2.0 < found.high
    assert found.slope == pytest.approx(2.0, abs=0.2)
    assert trend(at[: FEWEST - 1], at[: FEWEST - 1], 0.99) is None


def test_two_points_that_are_far_off_turn_no_slope() -> None:
    at = np.arange(20.0)
    value = np.zeros(20)
    value[[18, 19]] = 1000.0
    found = trend(at, value, 0.999)
    assert found is not None
    assert found.low <= 0.0


def test_what_would_reach_its_limit_in_a_day_is_told_in_minutes_or_hours() -> None:
    def left(limit: int) -> str:
        """A MiB a minute, from 100 MiB on; 110 MiB at last."""
        made = soaked(601, resident=lambda at: 100 * MIB + at / 60 * MIB, memory_limit=lambda _: limit * MIB)
        return judge(made)[1].rpartition("is reached in ")[2]

    assert [left(limit) for limit in (111, 170, 229, 230, 231, 290, 410)] == [
        "1 minutes", "60 minutes", "119 minutes", "2 hours", "2 hours", "3 hours", "5 hours",
    ]  # fmt: skip
    assert left(105) == "0 minutes", "it is there already"


def test_growth_that_is_hardly_any_is_none() -> None:
    """Ten descriptors in the two thirds of the phase that are judged."""
    for all_, outcome in ((16.0, Outcome.FAIL), (13.0, Outcome.PASS)):
        made = soaked(601, descriptors=lambda at, all_=all_: 40 + at / 600 * all_)  # type: ignore[misc]
        assert judge(made)[0] is outcome, all_


def test_growth_rests_on_the_looks_at_what_grows() -> None:
    made = soaked(600, threads=lambda at: 20 + at / 5)
    made.add("probe.postgres", "soak", replica="database-1", connections={"idle": 10}, error=None)
    found = growth.check(made.events, phase="soak", replicas=["backend-1"])
    assert found.outcome is Outcome.FAIL
    assert found.evidence == tuple(range(120))
    assert found.reason.endswith("are at 139: at this rate 4 times that is reached in 35 minutes")


def test_a_pass_says_of_how_many_replicas() -> None:
    made = soaked()
    assert judge(made)[1] == "nothing that 1 replica uses grows towards a limit"
    for at in range(60):
        made.add("probe.postgres", "soak", replica="database-1", connections={"idle": 10 + at % 2}, error=None)
    assert judge(made)[1] == "nothing that 2 replicas use grows towards a limit"
    assert growth.check(made.events, phase="soak").reason == "no replica was to be looked at"


def test_the_fewest_points_of_a_half_that_tell_anything_are_enough() -> None:
    """One for each ten seconds; the first third of the phase is left out, and both halves of the rest need them."""
    for seconds in range(100, 400, 10):
        first = (seconds - 10) * (1 - growth.WARM) / 2 / 10
        outcome = judge(soaked(seconds))[0]
        if first <= FEWEST - 1:
            assert outcome is Outcome.UNKNOWN, seconds
        if first >= FEWEST + 1:
            assert outcome is Outcome.PASS, seconds


def test_what_a_length_finds_is_told_of_all_figures() -> None:
    assert growth.finds(600.0) == ("growth from about 0.6 MiB, 1.5 descriptors, 1.2 threads, 1.5 connections a minute")


def test_what_is_gained_is_reckoned_from_the_first_look_to_the_last_of_both_halves() -> None:
    """A quarter of a MiB in ten seconds, for each of which one look counts: seventeen looks gain four MiB."""
    known = dict[int, bool]()
    for seconds in range(210, 280, 10):
        made = soaked(seconds, resident=lambda at: 100 * MIB + at // 10 * MIB // 4)
        usage = used(made.events, "soak")["backend-1", "resident"]
        known[sum(len(at) for at, _ in growth._halves(usage))] = growth._growing(usage) is not None
    assert {points: grows for points, grows in known.items() if points in (16, 17)} == {16: False, 17: True}


def test_times_are_told_in_minutes_up_to_two_hours_and_then_in_hours() -> None:
    assert growth._time(30.0 * 60.0) == "30 minutes"
    assert growth._time(7199.0) == "120 minutes"
    assert growth._time(7200.0) == "2 hours"
    assert growth._time(5000 * 3600.0) == "5000 hours"
