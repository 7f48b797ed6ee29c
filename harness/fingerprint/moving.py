"""What traffic changes without anybody having deployed anything: which of it is no difference."""

from __future__ import annotations

from typing import Any

from harness.fingerprint.parts import StatePart

# Classes of the longest time to live that was seen among the keys of a pattern, in their order.
TTL_CLASSES = ("none", "< 1 min", "< 1 h", "< 1 d", ">= 1 d")


def as_traffic_has_it(part: str, before: Any, after: Any) -> bool:
    """Whether this change of an item is what normal traffic does."""
    if part == "keys":
        return _keys(before, after)
    if part == "queues":  # one that is empty has no format
        return before is not None and after is not None and (
            not before["format"] or not after["format"] or _no_new_format(before, after)
        )  # fmt: skip
    return False


def may_be_missed(sampled: StatePart, item: Any) -> bool:
    """Whether an item that a sample lacks may have been there all the same, because it is rare."""
    return sampled.partial and isinstance(item, dict) and not item.get("common", False)


def _keys(before: Any, after: Any) -> bool:
    if before is None:
        return False
    if after is None:  # what has a time to live goes away by itself
        return bool(before["ttl"] != "none")
    first, second = (TTL_CLASSES.index(item["ttl"]) for item in (before, after))
    lives = first == second if 0 in (first, second) else abs(first - second) <= 1  # time passes between two looks
    return bool(lives and before["type"] == after["type"] and _no_new_format(before, after))


def _no_new_format(before: Any, after: Any) -> bool:
    """A format that is seen no more is chance: only some of the values are looked at. A new one is not."""
    return set(after["format"]) <= set(before["format"])
