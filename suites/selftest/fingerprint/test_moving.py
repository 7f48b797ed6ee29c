"""What traffic changes by itself is no difference; what it cannot change is one."""

from __future__ import annotations

from typing import Any

import pytest

from harness.fingerprint import Fingerprint, StatePart
from harness.fingerprint.moving import Witness, as_traffic_has_it, manifold, may_be_missed


def key(kind: str = "string", ttl: str = "none", *formats: str) -> dict[str, Any]:
    return {"type": kind, "ttl": ttl, "format": list(formats)}


@pytest.mark.parametrize(
    ("before", "after", "traffic"),
    [
        (key("string", "< 1 h", "json"), key("string", "< 1 min", "json"), True),
        (key("string", "< 1 h", "json"), key("string", ">= 1 d", "json"), False),
        (key("string", "none", "json"), key("string", "< 1 min", "json"), False),
        (key("string", "< 1 min", "json"), key("string", "none", "json"), False),
        (key("string", "none", "json"), key("hash", "none", "json"), False),
        (key("string", "none", "json", "text"), key("string", "none", "json"), True),
        (key("string", "none", "json"), key("string", "none", "json", "pickle"), False),
        (key("string", "< 1 h", "json"), None, True),
        (key("string", "none", "json"), None, False),
        (None, key("string", "< 1 h", "json"), False),
    ],
)
def test_keys_expire_and_grow_older_and_nothing_else(before: Any, after: Any, traffic: bool) -> None:
    assert as_traffic_has_it("keys", before, after) is traffic


@pytest.mark.parametrize(
    ("before", "after", "traffic"),
    [
        ({"format": ["json"]}, {"format": []}, True),
        ({"format": []}, {"format": ["pickle"]}, True),
        ({"format": ["json"]}, {"format": ["pickle"]}, False),
        ({"format": ["json"]}, None, False),
        (None, {"format": ["json"]}, False),
    ],
)
def test_a_queue_that_is_empty_has_no_format(before: Any, after: Any, traffic: bool) -> None:
    assert as_traffic_has_it("queues", before, after) is traffic


@pytest.mark.parametrize("part", ["files", "schema", "settings", "servers"])
def test_nothing_else_is_changed_by_traffic(part: str) -> None:
    assert not as_traffic_has_it(part, key("string", "< 1 h"), None)


def test_a_sample_may_have_missed_anything_and_what_was_looked_at_wholly_nothing() -> None:
    sample, whole = StatePart({}, partial=True), StatePart({})
    assert may_be_missed(sample, {"common": True})
    assert not may_be_missed(sample, None)
    assert not may_be_missed(whole, {"common": True})


@pytest.mark.parametrize(
    ("seen", "looked", "traffic"),
    [
        (1, 100, True),  # one of a hundred now: a hundred looks may have missed it
        (50, 100, False),  # half of them now: a hundred looks do not miss that
        (50, 2, True),
    ],
)
def test_a_new_form_counts_where_the_values_looked_at_before_would_have_shown_it(
    seen: int, looked: int, traffic: bool
) -> None:
    before = {
        **key("string", "none", "text"),
        "count": 1000,
        "there": 1000,
        "looked": looked,
        "forms": {"text": looked},
    }
    after = {**key("string", "none", "json {a}", "text"), "count": 1000, "looked": 100}
    after["forms"] = {"json {a}": seen, "text": 100 - seen}
    assert as_traffic_has_it("keys", before, after) is traffic
    assert not as_traffic_has_it("keys", {**before, "looked": 1000}, after)


@pytest.mark.parametrize(
    ("was", "now", "traffic"),
    [(500, 400, True), (500, 249, False), (500, 1001, False), (3, 4, False), (20, 19, False), (0, 1, False)],
)
def test_the_number_of_keys_counts_where_it_stood_still_and_they_do_not_expire(
    was: int, now: int, traffic: bool
) -> None:
    before, after = ({**key("string", "none", "text"), "count": count} for count in (was, now))
    assert as_traffic_has_it("keys", before, after, still=True) is traffic
    assert as_traffic_has_it("keys", before, after)
    assert as_traffic_has_it("keys", before, after, still=True, sampled=(False, True))
    expire = [{**one, "ttl": "< 1 h"} for one in (before, after)]
    assert as_traffic_has_it("keys", *expire, still=True)


def test_of_samples_neither_type_nor_time_to_live_is_gone() -> None:
    both = {**key("hash or string", "none", "text"), "count": 1000, "types": {"hash": 1, "string": 999}, "lasting": 1}
    one = {**key("string", "< 1 h", "text"), "count": 1000, "types": {"string": 1000}, "lasting": 0}
    assert as_traffic_has_it("keys", both, one, sampled=(True, True))
    assert as_traffic_has_it("keys", one, both, sampled=(True, True))
    assert not as_traffic_has_it("keys", both, one)
    assert not as_traffic_has_it("keys", one, both)
    many = {**both, "types": {"hash": 500, "string": 500}, "lasting": 500}
    assert not as_traffic_has_it("keys", one, many, sampled=(True, True))


SAMPLED = (True, True)


def test_lives_may_grow_older_by_one_class_and_in_a_sample_by_any() -> None:
    for first, second, whole in (("< 1 min", "< 1 h", True), ("< 1 min", "< 1 d", False), ("< 1 d", "< 1 min", False)):
        before, after = key("string", first, "json"), key("string", second, "json")
        assert as_traffic_has_it("keys", before, after) is whole
        for sampled in (SAMPLED, (True, False), (False, True)):
            assert as_traffic_has_it("keys", before, after, sampled=sampled)


def test_a_life_that_ends_now_or_does_not_any_more_may_have_been_missed_by_the_sample_that_lacks_it() -> None:
    lasting = {**key("string", "none", "json"), "count": 100, "lasting": 1}
    expiring = {**key("string", "< 1 h", "json"), "count": 100, "lasting": 0}
    for sampled, goes, comes in (((True, False), False, True), ((False, True), True, False), (SAMPLED, True, True)):
        assert as_traffic_has_it("keys", lasting, expiring, sampled=sampled) is goes
        assert as_traffic_has_it("keys", expiring, lasting, sampled=sampled) is comes
    many = {**lasting, "lasting": 50}
    assert not as_traffic_has_it("keys", expiring, many, sampled=SAMPLED)


def test_a_type_that_is_new_or_gone_may_have_been_missed_by_the_sample_that_lacks_it() -> None:
    one = {**key("string", "none", "json"), "count": 100, "types": {"string": 100}}
    two = {**key("hash or string", "none", "json"), "count": 100, "types": {"hash": 1, "string": 99}}
    for sampled, goes, comes in (((True, False), False, True), ((False, True), True, False), (SAMPLED, True, True)):
        assert as_traffic_has_it("keys", two, one, sampled=sampled) is goes
        assert as_traffic_has_it("keys", one, two, sampled=sampled) is comes
    assert as_traffic_has_it("keys", one, {**two, "types": None}, sampled=SAMPLED), "nobody counted them"


@pytest.mark.parametrize(
    ("before", "after", "many"),
    [
        (20, 19, True), (20, 20, False), (21, 20, False), (20, 21, False), (21, 42, False), (21, 43, True),
        (42, 21, False), (43, 21, True), (None, 5, False), (5, None, False),
    ],
)  # fmt: skip
def test_twenty_keys_are_counted_exactly_and_more_by_half_and_twice(before: Any, after: Any, many: bool) -> None:
    one, two = ({**key("string", "none", "text"), "count": count} for count in (before, after))
    assert manifold(one, two) is many
    for first, second in (("none", "< 1 h"), ("< 1 h", "none")):
        assert manifold({**one, "ttl": first}, {**two, "ttl": second}) is many, "some of them do not expire"
    assert not manifold({**one, "ttl": "< 1 h"}, {**two, "ttl": "< 1 h"})


def test_a_new_form_is_chance_only_where_less_was_looked_at_than_there_was() -> None:
    """A form that one of a hundred has now is missed by 916 looks with a chance of 1 in 10 000."""
    after = {**key("string", "none", "new", "text"), "looked": 100, "forms": {"new": 1, "text": 99}}
    usual = {**key("string", "none", "text"), "there": 2000}
    for looked, chance in ((915, True), (920, False), (2000, False), (None, False)):
        assert as_traffic_has_it("keys", {**usual, "looked": looked}, after) is chance, looked
    assert not as_traffic_has_it("keys", {**usual, "there": None, "looked": 5}, after)
    assert as_traffic_has_it("keys", {**usual, "looked": 920}, {**after, "forms": None}), "nobody counted it"
    two = {**after, "format": ["new", "newer", "text"], "forms": {"new": 1, "newer": 60, "text": 39}}
    assert not as_traffic_has_it("keys", {**usual, "looked": 100}, two), "one of two is no chance"


def state(taken: float = 0.0, **parts: Any) -> Fingerprint:
    return Fingerprint({"db-1": {name: StatePart(items) for name, items in parts.items()}}, taken)


def test_a_witness_needs_a_pair_that_has_the_item_and_none_that_changed_it() -> None:
    a, b, without, gone = (state(contents=items) for items in ({"t": "1"}, {"t": "2"}, {}, None))
    assert Witness([(a, a)]).still("db-1", "contents", "t")
    assert not Witness([(a, b)]).still("db-1", "contents", "t")
    assert not Witness([(a, a), (a, b)]).still("db-1", "contents", "t")
    assert not Witness([(without, without)]).still("db-1", "contents", "t")
    assert Witness([(without, without), (a, a)]).still("db-1", "contents", "t")
    assert not Witness([(without, a)]).still("db-1", "contents", "t")
    for pair in ((gone, a), (a, gone), (state(), a), (a, state())):
        assert not Witness([pair]).knows("db-1", "contents")
        assert Witness([pair, (a, a)]).knows("db-1", "contents")
    assert not Witness([(a, a)]).knows("db-2", "contents")
    assert not Witness([(a, a)]).knows("db-1", "values")
    assert (bool(Witness([(a, a)])), bool(Witness())) == (True, False)


def test_a_witness_of_numbers_looks_at_what_was_counted_wholly() -> None:
    def counted(count: int | None, *, partial: bool = False) -> Fingerprint:
        items = {} if count is None else {"a": {**key(), "count": count}, "b": "odd"}
        return Fingerprint({"db-1": {"keys": StatePart(items, partial=partial)}})

    three, four, sample = counted(3), counted(4), counted(3, partial=True)
    assert Witness([(three, three)]).still_counted("db-1", "a")
    assert not Witness([(three, four)]).still_counted("db-1", "a")
    assert not Witness([(sample, sample)]).still_counted("db-1", "a")
    assert not Witness([(three, sample)]).still_counted("db-1", "a")
    assert not Witness([(three, three)]).still_counted("db-1", "b")
    assert not Witness([(counted(None), counted(None))]).still_counted("db-1", "a")


def test_what_is_usual_was_seen_on_both_sides_by_then_with_the_seconds_between() -> None:
    early, middle, late = (state(at, contents={"t": at}) for at in (1.0, 4.0, 9.0))
    other = state(2.0, contents={"u": 1})
    witness = Witness([(early, middle), (middle, late), (early, other), (other, middle), (state(), state())])
    assert witness.usual("db-1", "contents", "t", 4.0) == [(1.0, 4.0, 3.0)]
    assert witness.usual("db-1", "contents", "t", 9.0) == [(1.0, 4.0, 3.0), (4.0, 9.0, 5.0)]
    assert witness.usual("db-2", "contents", "t", 9.0) == []


def test_a_type_that_is_frequent_now_was_not_missed() -> None:
    one = {**key("string", "none", "json"), "count": 100, "types": {"string": 100}}
    many = {**key("hash or string", "none", "json"), "count": 100, "types": {"hash": 50, "string": 50}}
    assert not as_traffic_has_it("keys", one, many, sampled=SAMPLED)
    for lacks in ("count", "types"):
        assert as_traffic_has_it("keys", one, {**many, lacks: None}, sampled=SAMPLED), "nobody counted them"
    assert as_traffic_has_it("keys", {**one, "count": 2}, many, sampled=SAMPLED), "of two, both may be of one kind"
    assert as_traffic_has_it("keys", {**one, "count": None}, many, sampled=SAMPLED)
