"""Differences in words, by cause, grouped by replica."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from harness.fingerprint.causes import Cause, causes, table_of
from harness.fingerprint.compare import Comparison, Difference
from harness.fingerprint.profiles import Novelty
from harness.fingerprint.sums import Jump
from harness.fingerprint.words_of_files import files

VALUE = 160  # characters of a value that are shown
MAX_NAMES = 6  # things of one kind that are named
MAX_BRIEF, NAME = 12, 80  # causes of a kind that are named beside those that are spelt out, and characters of each
Say = Callable[[Difference], str]


@dataclass(slots=True)
class _Told:
    """A cause in words, and the replicas that it is seen on."""

    sentence: str
    cause: Cause
    replicas: list[str]

    @property
    def explains(self) -> int:
        return self.cause.explains * len(self.replicas)


def in_words(differences: Iterable[Difference], limit: int = 12) -> list[str]:
    """A line for each group of replicas: `backend-2: /srv/backend/current points to releases/4.1.1, before: ...; ...`.

    One cause is one sentence, for all replicas that it is seen on; what explains most comes first. About `limit`
    sentences in all; of every kind of cause there is at least one, and the rest is named.
    """
    told = _told(differences)
    shown = _chosen(told, limit)
    lines: dict[tuple[str, ...], list[_Told]] = {}
    for one in told:
        lines.setdefault(tuple(one.replicas), []).append(one)
    return [f"{', '.join(replicas)}: {_line(group, shown)}" for replicas, group in lines.items()]


def number_of_causes(differences: Iterable[Difference]) -> int:
    """How many causes the differences have; the same on several replicas is one."""
    return len(_told(differences))


def _told(differences: Iterable[Difference]) -> list[_Told]:
    by_replica: dict[str, list[Difference]] = {}
    for one in sorted(differences, key=lambda found: found.replica):
        by_replica.setdefault(one.replica, []).append(one)
    found: dict[str, _Told] = {}
    for replica, every in by_replica.items():
        for cause in causes(every):
            sentence = _sentence(cause)
            found.setdefault(sentence, _Told(sentence, cause, [])).replicas.append(replica)
    return sorted(found.values(), key=lambda one: -one.explains)


def _chosen(told: list[_Told], limit: int) -> set[str]:
    """The sentences that are spelt out: the first of every kind on every group of replicas, then what explains most."""
    first = {(tuple(one.replicas), one.cause.kind): one.sentence for one in reversed(told)}
    chosen = set(first.values())
    for one in told:
        if len(chosen) >= limit:
            break
        chosen.add(one.sentence)
    return chosen


def _line(group: list[_Told], shown: set[str]) -> str:
    said = [one.sentence for one in group if one.sentence in shown]
    rest = [one for one in group if one.sentence not in shown]
    if not rest:
        return "; ".join(said)
    kinds: dict[str, list[str]] = {}
    for one in rest:
        kinds.setdefault(one.cause.kind, []).append(one.cause.heads[0].key[:NAME])
    named = "; ".join(f"{kind}: {_named(names, MAX_BRIEF)}" for kind, names in kinds.items())
    return f"{'; '.join(said)}; and {len(rest)} more ({named})"


def explained(comparison: Comparison) -> list[str]:
    """What a failed comparison has to say, line by line."""
    count = number_of_causes(comparison.differences)
    head = f"{count} difference{'' if count == 1 else 's'} that {'was' if count == 1 else 'were'} not declared"
    lines = [head, *in_words(comparison.differences, limit=60)]
    lines += [f"not known: {sentence}" for sentence in comparison.untold]
    lines += [f"declared: {allowance}" for allowance in comparison.allowed]
    return lines + [f"declared, and matched nothing: {allowance}" for allowance in comparison.stale]


def _sentence(cause: Cause) -> str:
    head = cause.heads[0]
    if cause.part == "files":
        return _files(cause)
    if cause.part == "packages":
        return _packages(list(cause.heads))
    if cause.part == "contents":
        return _contents(list(cause.heads))
    said = SAYS.get(cause.part, _thing)(head)
    if not cause.followers:
        return said
    if all(one.part == "packages" for one in cause.followers):
        return f"{said}, and with it {len(cause.followers)} package{'s' * (len(cause.followers) > 1)}"
    what = {"processes": "its variables"}.get(cause.part, f"{len(cause.followers)} more")
    names = [one.key.partition(" of ")[0] if cause.part == "processes" else one.key for one in cause.followers]
    return f"{said}, with {what} ({_named(names)})"


def _files(cause: Cause) -> str:
    every = [(one.key, one.before, one.after) for one in cause.heads]
    below = [(one.key, one.before, one.after) for one in cause.followers]
    if below and cause.heads[0].before is not None and cause.heads[0].after is not None:
        return f"{'; '.join(files(every))}, and with it {', '.join(files(below))}"
    return "; ".join(files([*every, *below]))


def _named(names: Iterable[str], most: int = MAX_NAMES) -> str:
    every = [_short(one) for one in names]
    return ", ".join(every[:most]) + (f" and {len(every) - most} more" if len(every) > most else "")


def _short(value: Any) -> str:
    text = str(value)
    return repr(text[:VALUE])[1:-1] + ("..." if len(text) > VALUE else "")


def _thing(one: Difference) -> str:
    """For items whose name says what they are: `column plans.tier`."""
    if one.before is None:
        return f"{_short(one.key)} exists now" + ("" if one.after in ("", True, 1) else f" ({_short(one.after)})")
    if one.after is None:
        return f"{_short(one.key)} is gone" + ("" if one.before in ("", True, 1) else f" (it was {_short(one.before)})")
    return f"{_short(one.key)} is {_short(one.after)}, before: {_short(one.before)}"


def _process(one: Difference) -> str:
    if not one.before:
        return f"{_short(one.key)} runs now" + (f", {one.after} times" if one.after > 1 else "")
    if not one.after:
        return f"{_short(one.key)} does not run any more"
    return f"{_short(one.key)} runs {one.after} times, before: {one.before}"


def _socket(one: Difference) -> str:
    return f"something listens on {_short(one.key)} now" if one.before is None else (
        f"nothing listens on {_short(one.key)} any more"
    )  # fmt: skip


def _variable(one: Difference) -> str:
    return _thing(replace(one, key=f"variable {one.key}"))


def _keys(one: Difference) -> str:
    def described(item: Any) -> str:
        return f"{item['type']} of {' or '.join(item['format']) or 'nothing'}, time to live: {item['ttl']}"

    name = f"keys like {_short(one.key)}"
    if one.before is None:
        return f"{name} exist now ({described(one.after)})"
    if one.after is None:
        return f"{name} are gone (they were {described(one.before)})"
    if described(one.before) == described(one.after):
        return f"there are {one.after.get('count')} {name}, before: {one.before.get('count')}"
    return f"{name} are {described(one.after)}, before: {described(one.before)}"


def _queue(one: Difference) -> str:
    was, now = (" or ".join((item or {}).get("format", ())) or "nothing" for item in (one.before, one.after))
    return f"queue {_short(one.key)} holds {now}, before: {was}"


def _value(one: Difference) -> str:
    was, now = (item.get("value") if isinstance(item, dict) else item for item in (one.before, one.after))
    return _thing(replace(one, key=f"value of key {one.key}", before=was, after=now))


def _contents(found: list[Difference]) -> str:
    """A table is one sentence: its rows where their number changed, else the columns."""
    table = table_of(found[0].key)
    new = [f"{_short(one.key.replace('/', '.'))} {one.after}" for one in found if isinstance(one.after, Novelty | Jump)]
    found = [one for one in found if not isinstance(one.after, Novelty | Jump)]
    return "; ".join([*([_rows_or_columns(table, found)] if found else []), *new])


def _rows_or_columns(table: str, found: list[Difference]) -> str:
    rows = next((one for one in found if one.key == table), None)
    if rows is not None:
        return f"table {_short(table)} has {_short(rows.after)}, before: {_short(rows.before)}"
    names = [one.key.removeprefix(f"{table}/") for one in found]
    return (
        f"column{'s' * (len(names) > 1)} {_named(names)} of table {_short(table)} {_HOLD[len(names) > 1]} other values"
    )


def _packages(found: list[Difference]) -> str:
    """Packages come in dozens: one sentence for each direction."""
    return "; ".join(_by_direction(found))


def _by_direction(found: list[Difference]) -> Iterator[str]:
    for what, chosen in (
        ("changed", [f"{o.key} {o.after}, before: {o.before}" for o in found if o.before and o.after]),
        ("more", [f"{o.key} {o.after}" for o in found if o.before is None]),
        ("fewer", [f"{o.key} {o.before}" for o in found if o.after is None]),
    ):
        if chosen:
            kind = "package" if len(chosen) == 1 else "packages"
            rest = f"; and {len(chosen) - 5} more" if len(chosen) > 5 else ""
            yield f"{len(chosen)} {kind} {what} ({_short('; '.join(chosen[:5]))}{rest})"


_HOLD = {False: "holds", True: "hold"}
SAYS: dict[str, Say] = {
    "processes": _process,
    "sockets": _socket,
    "environment": _variable,
    "keys": _keys,
    "queues": _queue,
    "values": _value,
    "image": lambda one: f"the image is {_short(one.after)}, before: {_short(one.before)}",
    "migrations": lambda one: _thing(Difference(one.replica, one.part, f"migration {one.key}", one.before, one.after)),
    "tables": lambda one: _thing(Difference(one.replica, one.part, f"table {one.key}", one.before, one.after)),
    "servers": lambda one: _thing(Difference(one.replica, one.part, f"server {one.key}", one.before, one.after)),
    "settings": lambda one: _thing(Difference(one.replica, one.part, f"setting {one.key}", one.before, one.after)),
    "roles": lambda one: _thing(Difference(one.replica, one.part, f"role {one.key}", one.before, one.after)),
}
