"""What a Redis or Valkey is configured to do: CONFIG, users, functions, modules.

`redis-cli --no-raw` writes every text in quotes, so that no value can be taken for another. What the server does not
know, or does not allow, is no part of it and is named as such.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from itertools import pairwise

from harness import redaction
from harness.fingerprint import StatePart
from harness.servers._base import RawAnswer, complaint

MARK = ":::"
ASKED = {
    "config": "CONFIG GET *",
    "users": "ACL LIST",
    "functions": "FUNCTION LIST WITHCODE",
    "modules": "MODULE LIST",
}
UNSEEN = ("cached scripts, other databases",)
_TEXT = re.compile(r'"((?:[^"\\]|\\.)*)"|\(integer\) (-?\d+)')
_ESCAPED = re.compile(r"\\(x[0-9a-f]{2}|.)")
_SIGNS = {"n": "\n", "r": "\r", "t": "\t", "a": "\a", "b": "\b"}
_SECRET = re.compile(r"([#>])(\S+)")
_REFUSED = re.compile(r"^\(error\) .*", re.MULTILINE)


def asks(shell: str) -> str:
    """The shell text that asks for all of it, over one client."""
    lines = "".join(f'ECHO "{MARK} {name}"\n{command}\n' for name, command in ASKED.items())
    return f"printf %s '{lines}' | (\n{shell}\n) 2>&1"


def read(answer: RawAnswer) -> dict[str, StatePart]:
    """The parts `settings`, `roles` and `schema`."""
    pieces = re.split(rf'^"{MARK} (\w+)"$', answer.stdout.decode("utf-8", "replace"), flags=re.MULTILINE)
    said = dict(zip(pieces[1::2], pieces[2::2], strict=True))
    if answer.exit_code or set(said) != set(ASKED):
        return dict.fromkeys(("settings", "roles", "schema"), StatePart(None, f"redis-cli: {complaint(answer)}"))
    refused = {name: found[0] for name, text in said.items() if (found := _REFUSED.search(text)) is not None}
    texts = {name: _texts(text) for name, text in said.items() if name not in refused}
    config = dict(zip(texts["config"][::2], texts["config"][1::2], strict=False)) if "config" in texts else None
    settings = {name: redaction.setting(name, value) for name, value in (config or {}).items()}
    loaded = {**_functions(texts.get("functions", [])), **_modules(texts.get("modules", []))}
    return {
        "settings": _part(settings, ("config",), refused),
        "roles": _part(_users(texts.get("users", [])), ("users",), refused),
        "schema": _part(loaded, ("functions", "modules"), refused),
    }


def _part(items: Mapping[str, str], names: tuple[str, ...], refused: Mapping[str, str]) -> StatePart:
    """What was told; what was refused is named, and where all of it was there is no such part."""
    missing = [f"{ASKED[name]} ({refused[name][8:].strip()[:60]})" for name in names if name in refused]
    if len(missing) == len(names):
        return StatePart(None, absent=f"refused: {', '.join(missing)}", unseen=tuple(missing))
    return StatePart(dict(sorted(items.items())), unseen=(*UNSEEN, *missing))


def _texts(said: str) -> list[str]:
    """All texts and numbers of an answer, in their order."""
    return [_plain(text) if number == "" else number for text, number in _TEXT.findall(said)]


def _plain(text: str) -> str:
    return _ESCAPED.sub(lambda found: _sign(found[1]), text)


def _sign(escape: str) -> str:
    return chr(int(escape[1:], 16)) if len(escape) == 3 else _SIGNS.get(escape, escape)


def _users(lines: list[str]) -> dict[str, str]:
    """`default` -> `on ~* +@all`, with digests of passwords that mean nothing elsewhere."""
    rows = (line.split(" ", 2) for line in lines)
    hidden = {row[1]: row[2] for row in rows if len(row) == 3}
    return {
        f"user {name}": _SECRET.sub(lambda found: f"{found[1]}{redaction.redacted(found[2])}", rights)
        for name, rights in hidden.items()
    }


def _functions(texts: list[str]) -> dict[str, str]:
    """`library <name>` -> a digest of its code."""
    items: dict[str, str] = {}
    name = ""
    for key, value in pairwise(texts):
        if key == "library_name":
            name = value
        elif key == "library_code":
            items[f"library {name}"] = f"hash {hashlib.sha256(value.encode()).hexdigest()[:16]}"
    return items


def _modules(texts: list[str]) -> dict[str, str]:
    """`module <name>` -> its version."""
    found: dict[str, str] = {}
    name = ""
    for key, value in pairwise(texts):
        if key == "name":
            name = value
        elif key == "ver":
            found[f"module {name}"] = value
    return found
