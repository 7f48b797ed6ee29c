"""A column that the load changes may hold no words, and no numbers of a size, that it never held on the old release."""

from __future__ import annotations

from typing import Any

import pytest

from harness.fingerprint import Allowance, Fingerprint, StatePart, compare, in_words
from harness.fingerprint.profiles import SUFFIX, Novelty, Usual, left, novel

BEFORE, BASELINE = (
    {"rows": 500, "words": {"suspended": 500}},
    {"rows": 500, "words": {"suspended": 300, "running": 200}},
)
NONE, FEW = (
    {"rows": 500, "low": None, "high": 0, "magnitudes": None},
    {"rows": 500, "low": 1, "high": 4, "magnitudes": {"0": 200}},
)


def words(**counts: int) -> dict[str, Any]:
    return {"rows": 500, "words": counts}


def numbers(high: float, **powers: int) -> dict[str, Any]:
    """`numbers(4000, p0=200, p3=100)`."""
    return {"rows": 500, "low": 1, "high": high, "magnitudes": {name[1:]: count for name, count in powers.items()}}


def told(before: Any, after: Any, first: Any, seconds: float = 30.0) -> str:
    """What is new after so many seconds, of which the first 6 were the baseline's; empty for nothing."""
    found = novel(before, after, [Usual(first, before, 6.0)], seconds)
    return "" if found is None else str(found)


def test_a_word_that_the_old_release_never_wrote_is_told_with_those_that_it_wrote() -> None:
    found = told(BASELINE, {"rows": 500, "words": {"running": 300, "running/2": 200}}, BEFORE)
    assert found == "has 'running/2' in 200 rows, which it never had; before: 'running', 'suspended'"


def test_words_that_the_load_brought_itself_are_none() -> None:
    assert not told(BASELINE, words(running=500), BEFORE)


@pytest.mark.parametrize(
    ("rows", "seconds", "new"), [(34, 30.0, False), (35, 30.0, True), (35, 300.0, False), (4, 0.1, False)]
)
def test_what_comes_so_seldom_that_the_baseline_may_have_missed_it_is_none(
    rows: int, seconds: float, new: bool
) -> None:
    after = words(running=400, failed=rows)
    assert bool(told(BASELINE, after, BEFORE, seconds)) is new


def test_a_word_that_counts_up_is_no_new_one() -> None:
    before, after = {"rows": 500, "words": {"batch-16": 500}}, {"rows": 500, "words": {"batch-17": 500}}
    assert not told(before, after, before)
    assert told(before, {"rows": 500, "words": {"batch": 500}}, before)
    assert told(words(running=500), {"rows": 500, "words": {"running/2": 500}}, words(running=500))


def test_numbers_a_thousand_times_as_large_are_told_with_how_large_they_were() -> None:
    found = told(FEW, numbers(9000, p0=100, p3=300), NONE)
    assert found == "has 1000 or more in 300 rows; before: at most 4"


@pytest.mark.parametrize(
    ("power", "rows", "new"), [("p1", 300, False), ("p2", 300, False), ("p3", 30, False), ("p3", 60, True)]
)
def test_numbers_may_grow_as_fast_as_they_did_and_ten_times_faster(power: str, rows: int, new: bool) -> None:
    assert bool(told(FEW, numbers(9000, p0=100, **{power: rows}), NONE)) is new


def test_numbers_that_became_a_thousandth_are_told() -> None:
    before = {"rows": 500, "low": 200.0, "high": 900.0, "magnitudes": {"2": 500}}
    after = {"rows": 500, "low": 0.2, "high": 900.0, "magnitudes": {"2": 300, "-1": 200}}
    assert told(before, after, before) == "has 20 or less in 200 rows; before: at least 200"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (NONE, numbers(9000, p3=300)),  # there was no number to compare with
        (BASELINE, numbers(9000, p3=300)),  # it became a number: the schema tells
        (FEW, words(running=500)),
        (FEW, FEW),
        (FEW, NONE),
    ],
)
def test_without_the_same_kind_of_values_before_nothing_is_told(before: Any, after: Any) -> None:
    assert not told(before, after, before)


def test_without_a_pair_that_tells_what_the_load_writes_nothing_is_told() -> None:
    assert novel(BASELINE, words(failed=500), [], 30.0) is None
    assert novel(BASELINE, words(failed=500), [Usual(BEFORE, BASELINE, 0.0)], 30.0) is None


def taken(at: float, profile: Any, digest: str) -> Fingerprint:
    items = {"environments": "500 rows", "environments/state": digest, f"environments/state{SUFFIX}": profile}
    return Fingerprint({"database-1": {"contents": StatePart(items)}}, at, f"at {at:g}")


AFTER = {"rows": 500, "words": {"running": 300, "S": 100, "R": 100}}


def test_a_trace_of_them_is_a_difference_of_the_column_in_one_sentence() -> None:
    first, before, after = taken(0.0, BEFORE, "1a"), taken(6.0, BASELINE, "2b"), taken(36.0, AFTER, "3c")
    found = compare(before, after, (), [(first, before)])
    assert in_words(found.differences) == [
        "database-1: environments.state has 'S', 'R' in 200 rows, which it never had; before: 'running', 'suspended'"
    ]
    assert found.differences[0].before == BASELINE
    assert not compare(before, taken(36.0, BASELINE, "3c"), (), [(first, before)]).differences


@pytest.mark.parametrize("what", ["contents:environments/state", "contents:environments/**"])
def test_it_is_declared_as_the_column_is(what: str) -> None:
    first, before, after = taken(0.0, BEFORE, "1a"), taken(6.0, BASELINE, "2b"), taken(36.0, AFTER, "3c")
    found = compare(before, after, [Allowance("database", what, "it is meant")], [(first, before)])
    assert not found.differences
    assert found.allowed


def test_a_column_that_stood_still_is_told_once_by_its_hash() -> None:
    first, before, after = taken(0.0, BASELINE, "2b"), taken(6.0, BASELINE, "2b"), taken(36.0, AFTER, "3c")
    found = compare(before, after, (), [(first, before)])
    assert in_words(found.differences) == ["database-1: column state of table environments holds other values"]


def test_what_a_new_release_wrote_between_two_fingerprints_is_not_what_the_old_one_writes() -> None:
    first, before, after = taken(0.0, BEFORE, "1a"), taken(6.0, BASELINE, "2b"), taken(36.0, AFTER, "3c")
    later = (taken(20.0, BASELINE, "4d"), taken(30.0, AFTER, "5e"))
    assert compare(before, after, (), [(first, before), later]).differences


def test_what_was_new_and_is_left_in_a_single_row_is_told() -> None:
    first, before = taken(0.0, BEFORE, "1a"), taken(6.0, BASELINE, "2b")
    deployed = taken(20.0, {"rows": 500, "words": {"running": 40, "running/2": 460}}, "3c")
    after = taken(90.0, {"rows": 500, "words": {"running": 499, "running/2": 1}}, "4d")
    found = compare(before, after, (), [(first, before)], [deployed])
    assert in_words(found.differences) == [
        "database-1: environments.state has 'running/2' in 1 row, which it never had; before: 'running', 'suspended'"
    ]
    assert not compare(before, taken(90.0, words(running=500), "4d"), (), [(first, before)], [deployed]).differences
    assert not compare(before, after, (), [(first, before)], []).differences


def test_numbers_of_another_size_that_are_left_are_told() -> None:
    new = novel(FEW, numbers(9000, p0=100, p3=300), [Usual(NONE, FEW, 6.0)], 30.0)
    assert new is not None
    assert str(left(new, numbers(9000, p0=499, p3=1))) == "has 1000 or more in 1 row; before: at most 4"
    assert left(new, numbers(90, p0=400, p1=100)) is None


def small(low: float, high: float, **powers: int) -> dict[str, Any]:
    """`small(0.02, 900, p2=300, m2=200)`: numbers of hundreds and of hundredths."""
    signs = {"p": "", "m": "-"}
    magnitudes = {signs[name[0]] + name[1:]: count for name, count in powers.items()}
    return {"rows": 500, "low": low, "high": high, "magnitudes": magnitudes}


@pytest.mark.parametrize(
    ("power", "said"),
    [("m1", "has 20 or less in 200 rows; before: at least 200"),
     ("p0", "has 20 or less in 200 rows; before: at least 200"), ("p1", "")],
)  # fmt: skip
def test_numbers_below_a_tenth_of_the_least_are_told(power: str, said: str) -> None:
    before = small(200.0, 900.0, p2=500)
    assert told(before, small(0.2, 900.0, p2=300, **{power: 200}), before) == said


def test_a_hundred_times_less_than_the_least_is_less_than_a_tenth_of_it() -> None:
    before = small(100.0, 900.0, p2=500)
    assert told(before, small(1.0, 900.0, p2=300, p0=200), before) == "has 10 or less in 200 rows; before: at least 100"
    tiny = small(0.5, 0.9, m1=500)
    assert told(tiny, small(0.0001, 0.9, m1=300, m4=200), tiny) == "has 0.05 or less in 200 rows; before: at least 0.5"
    none = small(0.0, 0.0, p0=0)
    assert not told(none, small(0.001, 0.0, m3=200), none), "there was no least but 0"


def test_numbers_below_the_least_that_are_left_are_told() -> None:
    before = small(200.0, 900.0, p2=500)
    new = novel(before, small(0.2, 900.0, p2=300, m1=200), [Usual(before, before, 6.0)], 30.0)
    assert new is not None
    assert str(left(new, small(0.2, 900.0, p2=499, m1=1))) == "has 20 or less in 1 row; before: at least 200"
    assert str(left(new, small(0.2, 900.0, p2=490, m1=1, p0=9))) == "has 20 or less in 10 rows; before: at least 200"
    assert left(new, small(20.0, 900.0, p2=300, p1=200)) is None
    larger = Novelty(5, 100.0, 4.0)
    assert str(left(larger, numbers(400, p2=3))) == "has 100 or more in 3 rows; before: at most 4"
    assert left(larger, numbers(90, p1=3)) is None
    assert left(Novelty(3, words={"S": 3}, known=("running",)), numbers(90, p1=3)) is None, "it holds numbers now"


@pytest.mark.parametrize(
    ("beyond", "most", "after", "rows"),
    [
        (1e30, 4.0, numbers(1e30, p29=3), None),
        (1e30, 4.0, numbers(1e31, p30=3), 3),
        (10.0, 100.0, small(1.0, 900.0, p0=3), 3),
        (110.0, 1100.0, small(10.0, 2000.0, p1=3), 3),
        (7e-30, 7e-29, small(5e-30, 1.0, m30=3), None),
        (7e-30, 7e-29, small(5e-31, 1.0, m31=3), 3),
    ],
)
def test_numbers_of_any_size_are_left_where_all_of_their_power_of_ten_are_beyond_the_limit(
    beyond: float, most: float, after: Any, rows: int | None
) -> None:
    found = left(Novelty(5, beyond, most), after)
    assert (None if found is None else found.rows) == rows


def test_numbers_are_new_where_all_of_their_power_of_ten_are_beyond_ten_times_the_largest() -> None:
    usual = numbers(11, p0=300, p1=200)
    assert not told(usual, numbers(900, p0=300, p2=200), usual), "100 is not beyond 110"
    assert told(usual, numbers(9000, p0=300, p3=200), usual) == "has 1000 or more in 200 rows; before: at most 11"


def test_a_column_without_a_number_but_0_did_not_grow_and_grew_from_0() -> None:
    few = numbers(3, p0=200)
    assert novel(few, numbers(900, p2=200), [Usual(NONE, NONE, 6.0)], 60.0) is not None
    assert novel(few, numbers(900, p2=200), [Usual(NONE, few, 6.0)], 24.0) is None, "by 3 in 6 s: in 24 s to 123"


def test_ten_times_as_large_is_new_where_nothing_grew() -> None:
    usual = numbers(10, p0=300, p1=200)
    for power, said in (("p2", "has 100 or more in 200 rows; before: at most 10"), ("p1", "")):
        assert told(usual, numbers(900, p0=300, **{power: 200}), usual) == said
    below = {"rows": 500, "low": 0.1, "high": 0.5, "magnitudes": {"-1": 500}}
    after = {"rows": 500, "low": 0.1, "high": 90.0, "magnitudes": {"-1": 300, "1": 200}}
    assert told(below, after, below) == "has 10 or more in 200 rows; before: at most 0.5"


def test_what_grew_may_go_on_ten_times_as_fast_and_what_shrank_did_not_grow() -> None:
    """From 10 to 20 in 6 s: in 30 s by 50, ten times as fast by 500; so 1000 is beyond 520, and 100 is not."""
    first, before = numbers(10, p0=300, p1=200), numbers(20, p0=300, p1=200)
    assert not told(before, numbers(400, p0=300, p2=200), first)
    assert told(before, numbers(4000, p0=300, p3=200), first)
    assert told(first, numbers(400, p0=300, p2=200), before) == ""
    shrank = novel(first, numbers(4000, p0=300, p3=200), [Usual(before, first, 6.0)], 30.0)
    assert str(shrank) == "has 1000 or more in 200 rows; before: at most 20"
    both = novel(before, numbers(900, p0=300, p2=200), [Usual(before, first, 6.0), Usual(first, before, 6.0)], 30.0)
    assert both is None, "what fell once does not make up for what grew"


def test_five_rows_with_something_new_are_enough_and_the_shortest_times_count() -> None:
    after = words(running=400, failed=5)
    assert told(BASELINE, after, BEFORE, 0.5)
    assert not told(BASELINE, words(running=400, failed=4), BEFORE, 0.5)
    assert not told(BASELINE, after, BEFORE, 0.0)
    assert novel(BASELINE, words(failed=500), [Usual(BEFORE, BASELINE, 0.5)], 1.0)


def test_only_pairs_with_a_profile_on_both_sides_tell_what_is_usual() -> None:
    for pair in (Usual("1a", BASELINE, 6.0), Usual(BASELINE, "1a", 6.0)):  # type: ignore[arg-type]
        assert novel(BASELINE, words(failed=500), [pair], 30.0) is None
        assert novel(BASELINE, words(failed=500), [pair, Usual(BEFORE, BASELINE, 6.0)], 30.0)


def test_a_column_that_held_numbers_in_a_pair_tells_no_words() -> None:
    assert novel(BASELINE, words(failed=500), [Usual(FEW, FEW, 6.0)], 30.0) is None
    assert novel(FEW, words(failed=500), [Usual(BASELINE, BASELINE, 6.0)], 30.0) is None


def columns(at: float, **told: Any) -> Fingerprint:
    """A table with these columns of states."""
    items: dict[str, Any] = {"t": "500 rows"}
    for name, counts in told.items():
        items |= {f"t/{name}": f"{at:g}", f"t/{name}{SUFFIX}": words(**counts)}
    return Fingerprint({"db-1": {"contents": StatePart(items)}}, at, f"at {at:g}")


QUIET = [(columns(0.0, a={"x": 500}, b={"x": 500}), columns(6.0, a={"x": 500}, b={"x": 500}))]


def test_every_column_with_something_new_is_told() -> None:
    after = columns(36.0, a={"new": 500}, b={"newer": 500})
    assert len(compare(QUIET[0][1], after, (), QUIET).differences) == 2


def test_twenty_rows_within_fourteen_seconds_are_new_where_six_seconds_were_watched() -> None:
    """16 rows have to show it; of 26 seconds 30 would."""
    deployed, after = columns(20.0, a={"x": 480, "new": 20}), columns(90.0, a={"x": 499, "new": 1})
    assert compare(QUIET[0][1], after, (), QUIET, [deployed]).differences
    fewer = columns(20.0, a={"x": 485, "new": 15})
    assert not compare(QUIET[0][1], after, (), QUIET, [fewer]).differences


def test_a_fingerprint_in_between_without_the_column_tells_nothing_of_it() -> None:
    after = columns(90.0, a={"x": 499, "new": 1})
    for other in (columns(20.0, c={"new": 500}), Fingerprint({}, 20.0)):
        assert not compare(QUIET[0][1], after, (), QUIET, [other]).differences
    hashed = Fingerprint({"db-1": {"contents": StatePart({f"t/a{SUFFIX}": "1a"})}}, 20.0)
    assert not compare(QUIET[0][1], after, (), QUIET, [hashed]).differences


def times(ahead: dict[str, int] | None = None, **ages: int) -> dict[str, Any]:
    """`times(a0=200, a4=40)`: so many times less than 10 s ago, and some hours."""
    return {"rows": 500, "ages": {name[1:]: count for name, count in ages.items()} or None, "ahead": ahead}


NOW = times(a0=250, a8=240)  # the load writes the time, and the rest was there for years


def test_times_that_are_some_hours_off_are_told() -> None:
    assert told(NOW, times(a0=150, a4=100, a8=240), times(a8=490)) == (
        "has times 2.78 hours to 1.16 days ago in 100 rows, which it never had"
    )
    assert told(NOW, times({"4": 100}, a0=150, a8=240), times(a8=490)) == (
        "has times 2.78 hours to 1.16 days ahead in 100 rows, which it never had"
    )
    both = times({"8": 50}, a0=150, a4=50, a5=40, a8=210)
    assert told(NOW, both, NOW) == (
        "has times 2.78 hours to 11.6 days ago and 3.17 years to 31.7 years ahead in 140 rows, which it never had"
    )


def test_times_grow_older_while_they_are_looked_at() -> None:
    assert not told(NOW, times(a0=50, a1=150, a8=290), NOW, 60.0)
    assert not told(NOW, times(a0=50, a1=50, a2=150, a8=240), NOW, 90.0), "99 s, and 90 more"
    assert told(NOW, times(a0=50, a1=50, a2=150, a8=240), NOW, 80.0)
    assert not told(NOW, times(a0=50, a1=100, a2=100, a8=240), NOW, 500.0)
    assert not told(times(a4=400), times(a0=50, a4=350), times(a4=400)), "the load writes what time it is"
    assert not told(times({"4": 400}), times({"3": 200, "4": 100}, a0=50), times({"4": 400})), "they came nearer"


def test_of_times_that_are_left_the_rows_are_told() -> None:
    new = novel(NOW, times({"3": 30}, a0=150, a4=100, a8=240), [Usual(NOW, NOW, 6.0)], 30.0)
    assert new is not None
    assert (
        str(left(new, times(a0=489, a4=1)))
        == "has times 2.78 hours to 1.16 days ago and 16.7 minutes to 2.78 hours ahead in 1 row, which it never had"
    )
    assert left(new, times(a0=490)) is None


@pytest.mark.parametrize(("before", "after"), [(FEW, times(a4=400)), (times(), times(a4=400)), (NOW, FEW), (NOW, NOW)])
def test_without_times_before_nothing_is_told_of_times(before: Any, after: Any) -> None:
    assert not told(before, after, before)
