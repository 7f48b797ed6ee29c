"""What traffic changes without anybody having deployed anything, which is no difference; and what a sample can say.

Two kinds of parts are compared. Most are as they are whatever the traffic does. Values that the load may move
(`WITNESSED`) are compared only where an earlier pair of fingerprints, with nothing but load between the two, says that
they stood still: what moved there is set apart, and what no pair tells of is not compared.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from harness.fingerprint.parts import State, StatePart

# Classes of the longest time to live that was seen among the keys of a pattern, in their order.
TTL_CLASSES = ("none", "< 1 min", "< 1 h", "< 1 d", ">= 1 d")
WITNESSED = ("contents", "values")
FEW = 20  # keys of a pattern whose number counts exactly, and whose values are compared
MANIFOLD = 2.0  # of more keys, so many times as many or as few: caches are emptied and fill again
BY_CHANCE = 1e-4  # how likely it may be that a sample missed what another one shows

Pair = tuple[State, State]


class Witness:
    """Says what stood still while there was nothing but load.

    Args:
        pairs: fingerprints with nothing deployed between the two.
    """

    def __init__(self, pairs: Sequence[Pair] = ()) -> None:
        self._pairs = pairs

    def __bool__(self) -> bool:
        """There is anything to say."""
        return bool(self._pairs)

    def _told(self, replica: str, part: str) -> list[tuple[StatePart, StatePart]]:
        found = [(one.replicas.get(replica, {}).get(part), two.replicas.get(replica, {}).get(part))
                 for one, two in self._pairs]  # fmt: skip
        return [(one, two) for one, two in found if one and two and one.items is not None and two.items is not None]

    def knows(self, replica: str, part: str) -> bool:
        """A pair tells of this part."""
        return bool(self._told(replica, part))

    def still(self, replica: str, part: str, key: str) -> bool:
        """A pair has this item on both sides, and none has it changed."""
        seen = [((one.items or {}).get(key), (two.items or {}).get(key)) for one, two in self._told(replica, part)]
        return any(one is not None for one, _ in seen) and all(one == two for one, two in seen)

    def usual(self, replica: str, part: str, key: str, until: float) -> list[tuple[Any, Any, float]]:
        """This item on both sides of every pair that was taken by then, and the seconds between the two."""
        found = []
        for one, two in self._pairs:
            items = [(state.replicas.get(replica, {}).get(part) or StatePart(None)).items or {} for state in (one, two)]
            if key in items[0] and key in items[1] and two.taken <= until:
                found.append((items[0][key], items[1][key], two.taken - one.taken))
        return found

    def still_counted(self, replica: str, key: str) -> bool:
        """A pair has as many keys of this pattern on both sides, and none has another number."""
        seen = [(_count(one, key), _count(two, key)) for one, two in self._told(replica, "keys")]
        return any(one is not None for one, _ in seen) and all(one == two for one, two in seen)


def as_traffic_has_it(
    part: str, before: Any, after: Any, *, still: bool = False, sampled: tuple[bool, bool] = (False, False)
) -> bool:
    """Whether this change of an item is what normal traffic does, or what a sample may have missed.

    Args:
        still: a witness says that the number of these keys stood still.
        sampled: whether what was before, and what is now, are samples.
    """
    if part == "keys":
        return _keys(before, after, still, sampled)
    if part == "queues":  # one that is empty has no format
        return before is not None and after is not None and (
            not before["format"] or not after["format"] or _no_new_format(before, after)
        )  # fmt: skip
    return False


def may_be_missed(sampled: StatePart, item: Any) -> bool:
    """Whether what a sample lacks may have been there all the same. No sample shows that something is not there."""
    return sampled.partial and item is not None


def manifold(before: Any, after: Any) -> bool:
    """Whether keys that do not expire became many times more or fewer; of a few, whether there is one more or less."""
    was, now = before.get("count"), after.get("count")
    if was is None or now is None or "none" not in (before["ttl"], after["ttl"]):
        return False
    return bool(was != now if max(was, now) <= FEW else now > MANIFOLD * was or now * MANIFOLD < was)


def _keys(before: Any, after: Any, still: bool, sampled: tuple[bool, bool]) -> bool:
    if before is None:
        return False
    if after is None:  # what has a time to live goes away by itself
        return bool(before["ttl"] != "none")
    same = _same_lives(before, after, sampled) and _same_types(before, after, sampled) and _no_new_format(before, after)
    return bool(same and not (still and not any(sampled) and manifold(before, after)))


def _same_lives(before: Any, after: Any, sampled: tuple[bool, bool]) -> bool:
    first, second = (TTL_CLASSES.index(item["ttl"]) for item in (before, after))
    if 0 not in (first, second):
        return abs(first - second) <= 1 or any(sampled)  # time passes between two looks
    if first == second:
        return True
    if second == 0:  # some of them do not expire now
        return sampled[0] and _missed(after.get("lasting"), after.get("count"), before.get("count"))
    return sampled[1]


def _same_types(before: Any, after: Any, sampled: tuple[bool, bool]) -> bool:
    first, second = (set(item["type"].split(" or ")) for item in (before, after))
    counts = after.get("types") or {}
    known = all(
        sampled[0] and _missed(counts.get(one), after.get("count"), before.get("count")) for one in second - first
    )
    return known and (sampled[1] or first <= second)


def _no_new_format(before: Any, after: Any) -> bool:
    """A format that is seen no more is chance: only some of the values are looked at. A new one is a difference, unless
    the values that were looked at before may have missed it.
    """
    new = set(after["format"]) - set(before["format"])
    looked, there = before.get("looked"), before.get("there")
    if not new or looked is None or there is None or looked >= there:
        return not new
    return all(_missed((after.get("forms") or {}).get(one), after.get("looked"), looked) for one in new)


def _missed(seen: Any, of: Any, looked: Any) -> bool:
    """Whether `looked` things may by chance have held none of what `seen` of `of` are now."""
    if not seen or not of or looked is None:
        return True
    return bool((1 - seen / of) ** looked > BY_CHANCE)


def _count(part: StatePart, key: str) -> Any:
    found = (part.items or {}).get(key)
    return found.get("count") if isinstance(found, dict) and not part.partial else None
