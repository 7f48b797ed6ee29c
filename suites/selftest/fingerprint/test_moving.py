"""What traffic changes by itself is no difference; what it cannot change is one."""

from __future__ import annotations

from typing import Any

import pytest

from harness.fingerprint import StatePart
from harness.fingerprint.moving import as_traffic_has_it, may_be_missed


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
