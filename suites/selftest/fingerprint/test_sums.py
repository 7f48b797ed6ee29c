"""A counter that the load moves may not jump: by far more than the load makes of it, between two fingerprints."""

from __future__ import annotations

from typing import Any

import pytest

from harness.fingerprint import Fingerprint, StatePart, compare, in_words
from harness.fingerprint.profiles import SUFFIX, Usual
from harness.fingerprint.sums import jumped


def counted(total: float | None, high: float = 5.0) -> dict[str, Any]:
    return {"rows": 500, "low": 1, "high": high, "magnitudes": {"0": 300}, "sum": total}


QUIET = [Usual(counted(0.0), counted(400.0), 10.0)]  # 40 a second


def told(*states: tuple[float, float], usual: Any = QUIET) -> str:
    """What is said of sums at seconds after the first fingerprint; empty for nothing."""
    found = jumped([(at, counted(total)) for at, total in states], usual)
    return "" if found is None else str(found)


def test_a_migration_that_adds_to_every_row_is_told_with_what_the_load_adds() -> None:
    said = "rose by 3000 in all within 14 s, in which the load adds 560"
    assert told((0, 400), (14, 3400), (30, 4040)) == said
    assert told((0, 400), (14, 960), (28, 1520), (42, 4520)) == said, "the second time it is applied"


def test_a_counter_that_is_set_back_is_told() -> None:
    assert told((0, 40_000), (14, 10), (30, 650)) == "fell by 39990 in all within 14 s, in which the load adds 0"


def test_a_counter_that_the_load_takes_from_is_judged_likewise() -> None:
    quiet = [Usual(counted(10_000.0), counted(9_600.0), 10.0)]
    assert not told((0, 9_600), (14, 9_000), (30, 8_400), usual=quiet)
    assert told((0, 9_600), (14, 3_000), (30, 2_400), usual=quiet) == (
        "fell by 6600 in all within 14 s, in which the load takes 560"
    )


@pytest.mark.parametrize("rate", [0.0, 10.0, 40.0, 100.0])
def test_a_new_release_may_write_more_or_less_than_the_old_one(rate: float) -> None:
    assert not told((0, 400), (14, 400 + 14 * rate), (28, 400 + 14 * rate + 560))


def test_work_that_was_held_up_and_is_done_later_is_no_jump() -> None:
    assert not told((0, 400), (14, 410), (20, 1200), (30, 1600))


def test_a_baseline_on_a_slow_machine_makes_no_jump_of_the_usual() -> None:
    slow = [Usual(counted(0.0), counted(90.0), 10.0)]
    assert not told((0, 90), (14, 940), (28, 1500), usual=slow)


def test_a_jump_that_the_rollback_takes_back_is_none() -> None:
    assert not told((0, 400), (14, 3400), (30, 1600))


def test_little_is_no_jump() -> None:
    few = [Usual(counted(0.0), counted(4.0), 10.0)]
    assert not told((0, 4), (14, 90), usual=few), "86 more is less than 20 times the largest"
    assert told((0, 4), (14, 4), (15, 120), usual=few)
    assert not told((0, 100_000), (14, 103_000), (28, 103_600)), "not half of what there was"


def test_without_what_the_load_makes_nothing_is_told() -> None:
    assert not told((0, 400), (14, 9000), usual=[])
    assert not told((0, 400), (14, 9000), usual=[Usual(counted(0.0), counted(400.0), 0.0)])
    assert not told((0, 400), (14, 9000), usual=[Usual(counted(None), counted(400.0), 10.0)])
    assert not told((0, 400), (14, 9000), usual=[Usual(counted(0.0, 0.0), counted(0.0, 0.0), 10.0)])
    without = {key: value for key, value in counted(0.0).items() if key != "sum"}  # an earlier history
    assert jumped([(0.0, without), (14.0, without)], QUIET) is None


def test_it_is_a_difference_of_its_column() -> None:
    def taken(at: float, total: float) -> Fingerprint:
        items = {"accounts": "500 rows", "accounts/n": f"{at}", f"accounts/n{SUFFIX}": counted(total)}
        return Fingerprint({"database-1": {"contents": StatePart(items)}}, at, f"at {at:g}")

    first, before, after = taken(0.0, 0.0), taken(10.0, 400.0), taken(24.0, 3400.0)
    found = compare(before, taken(38.0, 3960.0), (), [(first, before)], [after])
    assert in_words(found.differences) == [
        "database-1: accounts.n rose by 3000 in all within 14 s, in which the load adds 560"
    ]
    assert not compare(before, taken(38.0, 1520.0), (), [(first, before)], [taken(24.0, 960.0)]).differences
    assert not compare(before, after, (), [(first, before)]).differences, "of two stretches nobody knows which is usual"
