"""What kinds of keys a store has, by pattern: type, time to live, and the form of the values.

Numbers, hexadecimal words and UUIDs in names become placeholders; the names of the stack's releases stay, so that what
was written by one release is told apart from what was written by another.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.fingerprint import StatePart
from harness.fingerprint.moving import TTL_CLASSES

MAX_KEYS = 20_000  # that are looked at; of a larger store that is a sample
COMMON = 0.001  # of the keys: a pattern with less may be missing from a sample by chance
MAX_PATTERNS = 300  # more means that names are not made of what the placeholders stand for
CHANCE = re.compile(
    r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"
    r"|(?<![0-9A-Za-z])(?=[a-fA-F]*\d)[0-9a-fA-F]{6,}(?![0-9A-Za-z])|\d+"
)


@dataclass
class KeyKind:
    """The keys of one pattern."""

    types: set[str] = field(default_factory=set)
    ttl: int = 0
    lasting: bool = False
    formats: set[str] = field(default_factory=set)
    count: int = 0

    def add(self, kind: str, ttl: int, values: Collection[bytes] = ()) -> None:
        """One more key.

        Args:
            ttl: its class of `TTL_CLASSES`.
            values: some of its values; of a hash or a stream, names of fields.
        """
        self.count += 1
        self.types.add(kind)
        self.ttl = max(self.ttl, ttl)
        self.lasting |= ttl == 0
        if kind in ("hash", "stream"):
            if values:
                names = sorted({CHANCE.sub("<n>", decode(name)) for name in values})
                self.formats.add(f"fields {', '.join(names[:30])}")
        else:
            self.formats |= {form(value) for value in values}


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
    items = {
        name: {
            "type": " or ".join(sorted(one.types)),
            "ttl": "none" if one.lasting else TTL_CLASSES[one.ttl],
            "format": sorted(one.formats),
            **({"common": True} if total is not None and one.count >= COMMON * looked else {}),
        }
        for name, one in sorted(kinds.items())
    }
    note = f"{looked} of {total} keys were looked at" if total is not None else None
    return StatePart(items, note=note, partial=total is not None)
