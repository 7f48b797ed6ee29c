"""A fingerprint as data, and its form in the history.

An event `fingerprint` has `replicas`, a mapping replica -> part -> one of

- `{"items": {...}}`: what was found, by name; `{"same": "<digest>"}` instead where it stands under `contents`, which
  holds what several replicas have in common (the packages of an image) once;
- `{"items": null, "error": "..."}`: it could not be taken;
- `{"items": null, "absent": "..."}`: the replica has no such thing, e.g. no package database.

`note` beside them says what the items leave out; `partial` is true where they are a sample; `unseen` names what of this
kind of state is never looked at.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from harness.errors import NotMeasured
from harness.events import FingerprintTaken
from harness.fingerprint.allow import Allowance
from harness.fingerprint.compare import Comparison, compare
from harness.fingerprint.moving import Pair
from harness.fingerprint.parts import StatePart
from harness.fingerprint.words import explained

SAID = ("error", "absent", "note", "partial", "unseen")
WORTH_SHARING = 5  # items; fewer are shorter than the reference to them


@dataclass(frozen=True, slots=True, eq=False)
class Fingerprint:
    """The state of an environment. Two are equal when all that differs is declared.

    Attributes:
        replicas: by replica, by part.
        taken: second of the history at which it was.
        name: what it is called in the history.
        allow: the differences that are meant to be there.
        event: the id of its event.
        quiet: earlier fingerprints, two and two, with nothing but load between them: what moves by itself.
    """

    replicas: Mapping[str, Mapping[str, StatePart]]
    taken: float = 0.0
    name: str = ""
    allow: tuple[Allowance, ...] = ()
    event: int | None = None
    quiet: tuple[Pair, ...] = ()

    def __eq__(self, other: object) -> bool:
        """Whether nothing differs but what is declared.

        Raises:
            NotMeasured: nothing does, and something could not be told: that is neither yes nor no.
        """
        if not isinstance(other, Fingerprint):
            return NotImplemented
        found = _compared(self, other)
        if found.untold and not found.differences:
            raise NotMeasured(
                "Whether the fingerprints are equal cannot be told",
                got="; ".join(found.untold[:3]),
                expected="every part of every replica in both",
                hint="see the events `fingerprint` of the history",
            )
        return not found.differences

    __hash__ = None  # type: ignore[assignment]

    def explain(self, other: Fingerprint) -> list[str]:
        """What differs between this and another one, in words, the earlier one being what was before."""
        return explained(_compared(self, other))

    def body(self, seconds: float | None = None, took: Mapping[str, Any] | None = None) -> FingerprintTaken:
        """What its event holds, with the seconds that it took, in all and for each replica."""
        digests: dict[int, str] = {}
        seen: Counter[str] = Counter()
        for parts in self.replicas.values():
            for part in parts.values():
                if part.items is not None and len(part.items) >= WORTH_SHARING:
                    digests[id(part)] = digest = _digest(part.items)
                    seen[digest] += 1
        contents: dict[str, Any] = {}
        replicas = {
            replica: {name: _data(part, digests.get(id(part), ""), seen, contents) for name, part in parts.items()}
            for replica, parts in self.replicas.items()
        }
        return FingerprintTaken(self.name, replicas, contents, seconds, took or {})

    @classmethod
    def of(cls, body: FingerprintTaken, *, taken: float = 0.0, event: int | None = None) -> Fingerprint:
        """The one that an event holds."""
        replicas = {
            replica: {name: _part(part, body.contents) for name, part in parts.items()}
            for replica, parts in body.replicas.items()
        }
        return cls(replicas, taken, body.name, event=event)


def _compared(one: Fingerprint, other: Fingerprint) -> Comparison:
    before, after = (one, other) if (one.taken, one.event or 0) <= (other.taken, other.event or 0) else (other, one)
    return compare(before, after, tuple(dict.fromkeys((*before.allow, *after.allow))), after.quiet)


def _digest(items: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(items, sort_keys=True).encode()).hexdigest()[:16]


def _data(part: StatePart, digest: str, seen: Counter[str], contents: dict[str, Any]) -> dict[str, Any]:
    said = {key: found for key in SAID if (found := getattr(part, key))}
    if seen[digest] > 1:
        contents[digest] = part.items
        return {"same": digest, **said}
    return {"items": part.items, **said}


def _part(data: Mapping[str, Any], contents: Mapping[str, Any]) -> StatePart:
    said = {key: data[key] for key in SAID if data.get(key)}
    if "unseen" in said:
        said["unseen"] = tuple(map(str, said["unseen"]))
    found = contents.get(data["same"]) if "same" in data else data.get("items")
    if found is None and not said.keys() & {"error", "absent"}:
        said["error"] = "the history does not contain it"
    return StatePart(found, **said)
