"""Redis: what kinds of keys there are, by pattern: type, time to live, and the form of the values.

Numbers, hexadecimal words and UUIDs in names become placeholders; the names of the stack's releases stay, so that what
was written by one release is told apart from what was written by another. Keys are read in small steps of SCAN, at most
`MOST` of them and for at most `LONGEST` seconds; of a larger database that is a sample.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from importlib.resources import files
from typing import Any

from harness.clock import Clock
from harness.environment.fingerprint.sections import decode
from harness.environment.shell import RawAnswer
from harness.fingerprint import Part
from harness.fingerprint.moving import TTL_CLASSES
from harness.stack import Redis

MOST = 20_000
LONGEST = 1.0  # s
STEP = 250  # keys of one call: the server answers nobody else meanwhile, for about a millisecond
COMMON = 0.001  # of the keys: a pattern with less may be missing from a sample by chance
MANY = 300  # patterns; more means that names are not made of what the placeholders stand for
CHANCE = re.compile(
    r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"
    r"|(?<![0-9A-Za-z])(?=[a-fA-F]*\d)[0-9a-fA-F]{6,}(?![0-9A-Za-z])|\d+"
)


@dataclass
class _Kind:
    types: set[str] = field(default_factory=set)
    ttl: int = 0
    lasting: bool = False
    formats: set[str] = field(default_factory=set)
    count: int = 0


def take(run: Callable[[str], RawAnswer], declared: Redis, releases: Collection[str], clock: Clock) -> dict[str, Part]:
    """Ask the server and sum up.

    Args:
        run: runs a shell text in the replica.
        releases: names that are no placeholders.
    """
    kinds: dict[str, _Kind] = {}
    queues: dict[str, _Kind] = {name: _Kind() for name in declared.queues}
    word = shlex.join(["redis-cli", "-n", str(declared.database)])
    script = shlex.quote(files("harness.environment.fingerprint").joinpath("redis.lua").read_text(encoding="utf-8"))
    cursor, looked, began, total = "0", 0, clock.monotonic(), 0
    while True:
        answer = run(
            f"{word} EVAL {script} 0 {cursor} {STEP}" + (f"; {word} DBSIZE" if cursor == "0" and not looked else "")
        )
        if answer.exit_code or not re.match(rb"\d+:", answer.stdout):
            return dict.fromkeys(("keys", "queues"), Part(None, f"redis-cli: {_complaint(answer)}"))
        fields = netstrings(answer.stdout)
        cursor = next(fields).decode()
        if not looked:
            total = _number(answer.stdout)
        for key, kind, ttl, values in _keys(fields):
            looked += 1
            queue = next((name for name in queues if fnmatchcase(decode(key), name)), None)
            into = queues[queue] if queue else kinds.setdefault(pattern(decode(key), releases), _Kind())
            _add(into, kind, ttl, values)
        if cursor == "0":
            return _parts(kinds, queues, looked, None)
        if looked >= MOST or clock.monotonic() - began >= LONGEST:
            return _parts(kinds, queues, looked, max(total, looked))


def pattern(key: str, releases: Collection[str]) -> str:
    """A key with placeholders for what is different in every key of its kind."""
    if not releases:
        return CHANCE.sub("<n>", key)
    names = "|".join(re.escape(name) for name in sorted(releases, key=len, reverse=True))
    pieces = re.split(rf"(?<![0-9A-Za-z.])({names})(?![0-9A-Za-z.])", key)
    return "".join(piece if at % 2 else CHANCE.sub("<n>", piece) for at, piece in enumerate(pieces))


def netstrings(raw: bytes) -> Iterator[bytes]:
    """The texts of `5:hello3:you`; ends where it is no such thing any more. ValueError where the last one is torn."""
    at = 0
    while found := re.compile(rb"(\d+):").match(raw, at):
        end = found.end() + int(found[1])
        if end > len(raw):
            raise ValueError(f"{end - len(raw)} bytes are missing at its end")
        yield raw[found.end() : end]
        at = end
    if raw[at : at + 1].isdigit():
        raise ValueError("its last length is torn")


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
        return f"json {{{', '.join(_fields(found))}}}" if isinstance(found, dict) else "json list"
    return "text" if all(one.isprintable() or one in "\r\n\t" for one in text) else "binary"


def _fields(found: dict[str, Any]) -> list[str]:
    names = sorted({CHANCE.sub("<n>", name) for name in found})
    return [*names[:30], *(["..."] if len(names) > 30 else [])]


def _keys(fields: Iterator[bytes]) -> Iterator[tuple[bytes, str, int, list[bytes]]]:
    for key in fields:
        kind, ttl, count = (next(fields).decode() for _ in range(3))
        yield key, kind, int(ttl), [next(fields) for _ in range(int(count))]


def _add(into: _Kind, kind: str, ttl: int, values: list[bytes]) -> None:
    into.count += 1
    into.types.add(kind)
    into.ttl = max(into.ttl, ttl)
    into.lasting |= ttl == 0
    if kind in ("hash", "stream"):
        if values:
            names = sorted({CHANCE.sub("<n>", decode(name)) for name in values})
            into.formats.add(f"fields {', '.join(names[:30])}")
    else:
        into.formats |= {form(value) for value in values}


def _parts(kinds: dict[str, _Kind], queues: dict[str, _Kind], looked: int, total: int | None) -> dict[str, Part]:
    if len(kinds) > MANY:
        few = ", ".join(list(kinds)[:3])
        why = f"the keys have more than {MANY} patterns ({few}, ...): nothing can be said about kinds of keys"
        return {"keys": Part(None, why), "queues": _queues(queues)}
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
    return {"keys": Part(items, note=note, partial=total is not None), "queues": _queues(queues)}


def _queues(queues: dict[str, _Kind]) -> Part:
    if not queues:
        return Part(None, absent="no queues are declared")
    return Part({name: {"format": sorted(one.formats)} for name, one in queues.items()})


def _number(output: bytes) -> int:
    last = output.strip().rpartition(b"\n")[2]
    return int(last) if last.isdigit() else 0


def _complaint(answer: RawAnswer) -> str:
    said = (answer.stderr + answer.stdout).decode("utf-8", "replace").strip().splitlines()
    return said[0][:200] if said else f"exit code {answer.exit_code}"
