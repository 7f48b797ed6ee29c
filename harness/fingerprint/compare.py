"""Two fingerprints, one taken before the other: what differs, what was declared, what is unknown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.fingerprint import moving
from harness.fingerprint.allow import Allowance
from harness.fingerprint.moving import Pair, Witness
from harness.fingerprint.parts import PARTS, State, StatePart
from harness.fingerprint.profiles import SUFFIX, Usual, is_profile, left, novel
from harness.fingerprint.sums import jumped
from harness.fingerprint.unseen import unseen


@dataclass(frozen=True, slots=True)
class Difference:
    """One item of one replica that is not as it was. `before` and `after` are None where it was or is not there."""

    replica: str
    part: str
    key: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class Comparison:
    """What came of comparing two fingerprints.

    Attributes:
        differences: that are not declared, the most telling first.
        allowed: by exception: the differences that it covers.
        stale: exceptions that nothing matched.
        untold: sentences: what could not be compared.
        notes: sentences: what was left out of the comparison.
        unseen: what nobody looked at, or could not compare, in a few words each.
        items: how many items were compared.
        replicas: how many replicas.
    """

    differences: tuple[Difference, ...]
    allowed: Mapping[Allowance, tuple[Difference, ...]]
    stale: tuple[Allowance, ...]
    untold: tuple[str, ...]
    notes: tuple[str, ...]
    items: int
    replicas: int
    unseen: tuple[str, ...] = ()


def compare(
    before: State,
    after: State,
    allow: Iterable[Allowance] = (),
    quiet: Sequence[Pair] = (),
    between: Sequence[State] = (),
) -> Comparison:
    """Compare two fingerprints of one environment, item by item.

    Args:
        quiet: earlier fingerprints, two and two, between which nothing was deployed: what the load moves.
        between: fingerprints that were taken between the two: what was new in them, and is left.
    """
    witness = Witness(quiet)
    differences: list[Difference] = []
    allowed: dict[Allowance, list[Difference]] = {one: [] for one in dict.fromkeys(allow)}
    untold: list[str] = []
    notes: list[str] = []
    items = 0
    replicas = tuple(dict.fromkeys((*before.replicas, *after.replicas)))
    for replica, name in ((one, name) for one in replicas for name in _parts(one, before, after)):
        was, now = (found.replicas.get(replica, {}).get(name) for found in (before, after))
        said = _untold(replica, name, was, now)
        if said or was is None or now is None:
            untold.append(said)
            continue
        notes += [f"{name} of {replica}: {part.note}" for part in (now, was) if part.note][:1]
        items += len((now.items or {}).keys() | (was.items or {}).keys())
        for found in _differences(replica, name, was, now, witness):
            _file(found, allowed, differences)
        for found in _novelties(replica, name, (before, *between, after), witness):
            _file(found, allowed, differences)
    if not items and not untold:
        untold.append("nothing was compared: the fingerprints are empty")
    differences.sort(key=lambda found: PARTS.index(found.part) if found.part in PARTS else len(PARTS))
    return Comparison(
        tuple(differences),
        {one: tuple(found) for one, found in allowed.items() if found},
        tuple(one for one, found in allowed.items() if not found),
        tuple(untold),
        tuple(notes),
        items,
        len(replicas),
        tuple(unseen(before, after, witness)),
    )


def _file(found: Difference, allowed: dict[Allowance, list[Difference]], differences: list[Difference]) -> None:
    covering = [one for one in allowed if one.covers(found.replica, found.part, found.key)]
    for one in covering:
        allowed[one].append(found)
    if not covering:
        differences.append(found)


def _parts(replica: str, before: State, after: State) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*before.replicas.get(replica, {}), *after.replicas.get(replica, {}))))


def _untold(replica: str, name: str, was: StatePart | None, now: StatePart | None) -> str:
    """Why a part cannot be compared; empty where it can."""
    for when, part in (("before", was), ("after", now)):
        if part is None:
            return f"the {name} of {replica} were not taken {when}"
        if part.error is not None:
            return f"the {name} of {replica} could not be taken {when}: {part.error}"
    return ""


def _differences(replica: str, name: str, was: StatePart, now: StatePart, witness: Witness) -> Iterator[Difference]:
    first, second = was.items or {}, now.items or {}
    for key in dict.fromkeys((*first, *second)):
        before, after = first.get(key), second.get(key)
        if (
            before == after
            or is_profile(before)
            or is_profile(after)
            or _is_no_claim(replica, name, key, was, now, witness)
        ):
            continue
        still = name == "keys" and witness.still_counted(replica, key)
        if not moving.as_traffic_has_it(name, before, after, still=still, sampled=(was.partial, now.partial)):
            yield Difference(replica, name, key, before, after)


def _novelties(replica: str, name: str, states: Sequence[State], witness: Witness) -> Iterator[Difference]:
    """What columns that the load moves have at last, and never had in the first of these states; one that stood
    still is compared by its hash. The load writes over what was new: it counts as it was when most of it was seen.
    """
    first, last = states[0], states[-1]
    for key, item in _items(last, replica, name).items():
        old, column = _items(first, replica, name).get(key), key.removesuffix(SUFFIX)
        if not is_profile(item) or not is_profile(old) or witness.still(replica, name, column):
            continue
        usual = [Usual(*one) for one in witness.usual(replica, name, key, first.taken)]
        seen_at = [(state.taken, _items(state, replica, name).get(key)) for state in states]
        jump = jumped([(at, seen) for at, seen in seen_at if is_profile(seen)], usual)
        if jump is not None:
            yield Difference(replica, name, column, old, jump)
        for state in reversed(states[1:]):
            seen = _items(state, replica, name).get(key)
            new = novel(old, seen, usual, state.taken - first.taken) if is_profile(seen) else None
            found = left(new, item) if new is not None else None
            if found is not None:
                yield Difference(replica, name, column, old, found)
                break


def _items(state: State, replica: str, name: str) -> Mapping[str, Any]:
    part = state.replicas.get(replica, {}).get(name)
    return (part.items if part is not None else None) or {}


def _is_no_claim(replica: str, name: str, key: str, was: StatePart, now: StatePart, witness: Witness) -> bool:
    """Whether nothing can be said of an item that is not the same: a sample may have missed it, or nobody knows whether
    it moves by itself.
    """
    before, after = (part.items.get(key) if part.items else None for part in (was, now))
    if (before is None and moving.may_be_missed(was, after)) or (after is None and moving.may_be_missed(now, before)):
        return True
    # What is new or gone of these is told by the schema, or by the number of keys.
    return name in moving.WITNESSED and (before is None or after is None or not witness.still(replica, name, key))
