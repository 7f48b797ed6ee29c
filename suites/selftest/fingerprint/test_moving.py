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


def test_a_sample_may_have_missed_what_is_rare_and_not_what_is_common() -> None:
    sample, whole = StatePart({}, partial=True), StatePart({})
    assert may_be_missed(sample, {"common": False})
    assert not may_be_missed(sample, {"common": True})
    assert not may_be_missed(whole, {"common": False})
