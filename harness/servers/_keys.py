"""What kinds of keys a store has, by pattern: how many, type, time to live, form of the values; and values of few keys.

Numbers, hexadecimal words and UUIDs in names become placeholders; the names of the stack's releases stay, so that what
was written by one release is told apart from what was written by another.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from harness import redaction
from harness.fingerprint import StatePart
from harness.fingerprint.moving import FEW, TTL_CLASSES

MAX_KEYS = 20_000  # that are looked at; of a larger store that is a sample
MAX_VALUES = 500  # keys whose values are compared
UNSEEN = (f"values of keys that expire, or of which there are more than {FEW} alike,",)
MAX_PATTERNS = 300  # more means that names are not made of what the placeholders stand for
CHANCE = re.compile(
    r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"
    r"|(?<![0-9A-Za-z])(?=[a-fA-F]*\d)[0-9a-fA-F]{6,}(?![0-9A-Za-z])|\d+"
)


@dataclass
class KeyKind:
    """The keys of one pattern."""

    types: Counter[str] = field(default_factory=Counter)
    ttl: int = 0
    lasting: int = 0
    formats: Counter[str] = field(default_factory=Counter)
    count: int = 0
    looked: int = 0
    there: int = 0
    few: dict[str, str] = field(default_factory=dict)

    def add(
        self, kind: str, ttl: int, values: Collection[bytes] = (), *, size: int = 0, name: str = "", holds: str = ""
    ) -> None:
        """One more key.

        Args:
            ttl: its class of `TTL_CLASSES`.
            values: some of its values; of a hash or a stream, names of fields.
            size: how many elements it has.
            name: the key.
            holds: all of its value, or a digest of it; empty where that is not compared.
        """
        self.count += 1
        self.types[kind] += 1
        self.ttl = max(self.ttl, ttl)
        self.lasting += ttl == 0
        many = kind in ("list", "set", "zset")
        self.looked += len(values) if many else bool(values)
        self.there += max(size, len(values)) if many else 1
        if holds and self.count <= FEW:
            self.few[name] = holds
        if kind in ("hash", "stream"):
            if values:
                names = sorted({CHANCE.sub("<n>", decode(name)) for name in values})
                self.formats[f"fields {', '.join(names[:30])}"] += 1
        else:
            self.formats.update(form(value) for value in values)

    def sample(self) -> dict[str, Any]:
        """How many values were looked at of how many, and what they were; nothing where that is all of them."""
        if self.looked >= self.there or not self.formats:
            return {}
        return {"looked": self.looked, "there": self.there, "forms": dict(self.formats)}


def decode(raw: bytes) -> str:
    """A name as text that JSON can hold; bytes that are not UTF-8 as `\\xNN`."""
    return raw.decode("utf-8", "backslashreplace")


def pattern(key: str, releases: Collection[str]) -> str:
    """A key with placeholders for what is different in every key of its kind."""
    if not releases:
        return CHANCE.sub("<n>", key)
    names = "|".join(re.escape(name) for name in sorted(releases, key=len, reverse=True))
    pieces = re.split(rf"(?<![0-9A-Za-z.])({names})(?![0-9A-Za-z.])", key)
    return "".join(piece if at % 2 else CHANCE.sub("<n>", piece) for at, piece in enumerate(pieces))


def form(value: bytes) -> str:
    """What a value is: `number`, `json {a, b}`, `json list`, `text`, `binary`, `empty`."""
    try:
        text = value.decode()
    except UnicodeDecodeError as error:
        if error.start < len(value) - 4 or len(value) < 4096:
            return "binary"
        text = value[: error.start].decode()  # cut in the middle of a character
    if not text:
        return "empty"
    if re.fullmatch(r"-?\d+(\.\d+)?([eE][-+]?\d+)?", text):
        return "number"
    if text[0] in "{[":
        try:
            found = json.loads(text)
        except ValueError:
            return "long json" if len(value) >= 4096 else "text"
        return f"json {{{', '.join(_names(found))}}}" if isinstance(found, dict) else "json list"
    return "text" if all(one.isprintable() or one in "\r\n\t" for one in text) else "binary"


def _names(found: Mapping[str, Any]) -> list[str]:
    names = sorted({CHANCE.sub("<n>", name) for name in found})
    return [*names[:30], *(["..."] if len(names) > 30 else [])]


def keys_part(kinds: Mapping[str, KeyKind], looked: int, total: int | None) -> StatePart:
    """The part `keys`. `total` is the number of keys that there are, where only some were looked at; else None."""
    if len(kinds) > MAX_PATTERNS:
        few = ", ".join(list(kinds)[:3])
        why = f"the keys have more than {MAX_PATTERNS} patterns ({few}, ...): nothing can be said about kinds of keys"
        return StatePart(None, why)
    items = {name: _item(one, sampled=total is not None) for name, one in sorted(kinds.items())}
    if total is None:
        return StatePart(items)
    note = f"{looked} of {total} keys were looked at: a sample, which shows nothing to be gone or new"
    return StatePart(items, note=note, partial=True)


def _item(one: KeyKind, *, sampled: bool) -> dict[str, Any]:
    item: dict[str, Any] = {
        "type": " or ".join(sorted(one.types)),
        "ttl": "none" if one.lasting else TTL_CLASSES[one.ttl],
        "format": sorted(one.formats),
        "count": one.count,
    }
    if sampled:
        item |= {"types": dict(one.types), "lasting": one.lasting}
    return item | one.sample()


def values_part(kinds: Mapping[str, KeyKind]) -> StatePart:
    """The part `values`: of keys that do not expire and of which there are few of a kind, such as flags."""
    found = [one for kind in kinds.values() if kind.count <= FEW for one in sorted(kind.few.items())]
    items = {name: redaction.setting(name, holds) for name, holds in found[:MAX_VALUES]}
    more = len(found) - MAX_VALUES
    note = f"the values of {more} more keys were not looked at" if more > 0 else None
    return StatePart(items, note=note, unseen=UNSEEN)
