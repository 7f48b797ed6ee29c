"""Differences in words, grouped by replica."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from typing import Any

from harness.fingerprint.compare import Comparison, Difference
from harness.fingerprint.parts import PARTS
from harness.fingerprint.words_of_files import files

VALUE = 160  # characters of a value that are shown
Say = Callable[[Difference], str]


def in_words(differences: Iterable[Difference], limit: int = 12) -> list[str]:
    """A line for each replica: `backend-2: /srv/backend/current points to releases/4.1.1, before: releases/4.1.0; ...`.

    Replicas of which the same is said share a line. At most `limit` sentences in all, the most telling of each replica
    first; what is left out is counted.
    """
    said: dict[str, list[str]] = {}
    for one in sorted(differences, key=lambda found: found.replica):
        said.setdefault(one.replica, [])
    for replica in said:
        said[replica] = list(_sentences([one for one in differences if one.replica == replica]))
    lines: dict[tuple[str, ...], list[str]] = {}
    for replica, sentences in said.items():
        lines.setdefault(tuple(sentences), []).append(replica)
    left = limit
    found = []
    for number, (told, replicas) in enumerate(lines.items(), start=1):
        share = max(1, left // (len(lines) - number + 1))
        shown, more = told[:share], len(told) - share
        left -= len(shown)
        rest = f"; and {more} more" if more > 0 else ""
        found.append(f"{', '.join(replicas)}: {'; '.join(shown)}{rest}")
    return found


def explained(comparison: Comparison) -> list[str]:
    """What a failed comparison has to say, line by line."""
    count = len(comparison.differences)
    head = f"{count} difference{'' if count == 1 else 's'} that {'was' if count == 1 else 'were'} not declared"
    lines = [head, *in_words(comparison.differences, limit=60)]
    lines += [f"not known: {sentence}" for sentence in comparison.untold]
    lines += [f"declared: {allowance}" for allowance in comparison.allowed]
    return lines + [f"declared, and matched nothing: {allowance}" for allowance in comparison.stale]


def _sentences(differences: list[Difference]) -> Iterator[str]:
    ordered = sorted(differences, key=lambda one: PARTS.index(one.part) if one.part in PARTS else len(PARTS))
    for part, group in groupby(ordered, key=lambda one: one.part):
        if part == "files":
            yield from files((one.key, one.before, one.after) for one in group)
        elif part == "packages":
            yield from _packages(list(group))
        else:
            yield from map(SAYS.get(part, _thing), group)


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else str(value)
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
    return _thing(Difference(one.replica, one.part, f"variable {one.key}", one.before, one.after))


def _keys(one: Difference) -> str:
    def described(item: Any) -> str:
        return f"{item['type']} of {' or '.join(item['format']) or 'nothing'}, time to live: {item['ttl']}"

    name = f"keys like {_short(one.key)}"
    if one.before is None:
        return f"{name} exist now ({described(one.after)})"
    if one.after is None:
        return f"{name} are gone (they were {described(one.before)})"
    return f"{name} are {described(one.after)}, before: {described(one.before)}"


def _queue(one: Difference) -> str:
    was, now = (" or ".join((item or {}).get("format", ())) or "nothing" for item in (one.before, one.after))
    return f"queue {_short(one.key)} holds {now}, before: {was}"


def _packages(found: list[Difference]) -> Iterator[str]:
    """Packages come in dozens: one sentence for each direction."""
    for what, chosen in (
        ("changed", [f"{o.key} {o.after}, before: {o.before}" for o in found if o.before and o.after]),
        ("more", [f"{o.key} {o.after}" for o in found if o.before is None]),
        ("fewer", [f"{o.key} {o.before}" for o in found if o.after is None]),
    ):
        if chosen:
            kind = "package" if len(chosen) == 1 else "packages"
            rest = f"; and {len(chosen) - 5} more" if len(chosen) > 5 else ""
            yield f"{len(chosen)} {kind} {what} ({_short('; '.join(chosen[:5]))}{rest})"


SAYS: dict[str, Say] = {
    "processes": _process,
    "sockets": _socket,
    "environment": _variable,
    "keys": _keys,
    "queues": _queue,
    "image": lambda one: f"the image is {_short(one.after)}, before: {_short(one.before)}",
    "migrations": lambda one: _thing(Difference(one.replica, one.part, f"migration {one.key}", one.before, one.after)),
    "tables": lambda one: _thing(Difference(one.replica, one.part, f"table {one.key}", one.before, one.after)),
    "servers": lambda one: _thing(Difference(one.replica, one.part, f"server {one.key}", one.before, one.after)),
    "settings": lambda one: _thing(Difference(one.replica, one.part, f"setting {one.key}", one.before, one.after)),
    "roles": lambda one: _thing(Difference(one.replica, one.part, f"role {one.key}", one.before, one.after)),
}
