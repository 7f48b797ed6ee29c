"""`.env` files: `NAME=value` lines with quotes, comments, `export` and variables, as Compose reads them."""

from __future__ import annotations

import re
from collections import ChainMap
from collections.abc import Mapping
from pathlib import Path

from harness import reading
from harness.errors import StackError
from harness.stack import interpolate
from harness.stack.interpolate import Room, Unset, ignore_unset
from harness.stack.nodes import SourceLocation

_KEY = re.compile(r"[ \t]*(?:export[ \t]+)?([A-Za-z_][\w.-]*)[ \t]*(=|:(?=\s)|(?=\s*(?:#.*)?$))[ \t]*")
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\", "'": "'"}


def read(
    file: Path,
    name: str,
    variables: Mapping[str, str],
    *,
    raw: bool = False,
    unset: Unset = ignore_unset,
    room: Room | None = None,
) -> dict[str, str]:
    """The variables of a file, in its order.

    Args:
        file: what to read.
        name: how messages name it.
        variables: what `$NAME` in values, and a `NAME` alone, stand for; the file's own earlier lines are added.
        raw: take values as they are, without quotes, comments and variables (`format: raw`).
        unset: called for a variable that has no value.
        room: what may still be read for the stack.

    Raises:
        StackError: the file cannot be read, or a line is none of the above. Values are not quoted in it.
    """
    content = reading.text(file, "The environment file", name=name, kind=StackError)
    room = room or Room()
    room.take(len(content), name)
    return parse(content, name, variables, raw=raw, unset=unset, room=room)


def parse(
    content: str,
    name: str,
    variables: Mapping[str, str],
    *,
    raw: bool = False,
    unset: Unset = ignore_unset,
    room: Room | None = None,
) -> dict[str, str]:
    """As `read`, for a text."""
    found: dict[str, str] = {}
    known, room = ChainMap(dict(variables), found), room or Room()  # the caller's variables go before the file's
    lines = content.split("\n")
    number = 0
    while number < len(lines):
        line = lines[number].rstrip("\r")
        number += 1
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        match = _KEY.match(line)
        if not match:
            raise StackError(
                "A line of an environment file cannot be read",
                where=f"{name}, line {number}",
                got=_form_of(line),
                expected="NAME=value, # a comment, or nothing",
            )
        place = SourceLocation(name, number, match[1])
        rest = line[match.end() :]
        if not match[2]:
            if match[1] in variables:
                found[match[1]] = variables[match[1]]
        elif raw:
            found[match[1]] = line.split("=", 1)[-1]
        else:
            if rest[:1] in ("'", '"'):
                rest, number = _quoted(rest, lines, number)
            found[match[1]] = _value(rest, known, place, unset, room)
    return found


def _form_of(line: str) -> str:
    """What is wrong with a line, without its text: it may hold a secret."""
    name = re.match(r"\s*(?:export\s+)?([^\s=]*)", line)
    if "=" not in line:
        return "a line without ="
    return "nothing before the =" if name is not None and not name[1] else "an invalid name before the ="


def _quoted(rest: str, lines: list[str], number: int) -> tuple[str, int]:
    """A quoted value with the lines that it goes on in, and the number of the line after it."""
    parts, closed = [rest], _closing(rest, rest[0], 1) >= 0
    while not closed and number < len(lines):
        parts.append(lines[number].rstrip("\r"))
        closed = _closing(parts[-1], rest[0], 0) >= 0  # a backslash at a line's end is about that end
        number += 1
    return "\n".join(parts), number


def _value(written: str, variables: Mapping[str, str], place: SourceLocation, unset: Unset, room: Room) -> str:
    if written[:1] in ("'", '"'):
        end = _closing(written, written[0], 1)
        after = written[end + 1 :].strip()
        if end < 0 or (after and not after.startswith("#")):
            raise StackError(
                "A quoted value of an environment file cannot be read",
                where=str(place),
                got="a quote that is never closed" if end < 0 else "more after the closing quote",
                expected=f"{place.path}={written[0]}value{written[0]}",
            )
        inner = written[1:end]
        if written[0] == "'":
            return inner
        # An escaped dollar is meant as such: the same as $$ to the interpolation that follows.
        plain = re.sub(r"\\(.)", lambda match: "$$" if match[1] == "$" else _ESCAPES.get(match[1], match[0]), inner)
        return interpolate.value(plain, variables, place, unset, room, quoted=False)
    plain = re.split(r"(?:^|\s)#", written, maxsplit=1)[0].strip()
    return interpolate.value(plain, variables, place, unset, room, quoted=False)


def _closing(written: str, quote: str, position: int) -> int:
    """Where a quote is closed, looked for from a position on; -1 where it is not."""
    while position < len(written):
        if written[position] == "\\" and quote == '"':
            position += 1
        elif written[position] == quote:
            return position
        position += 1
    return -1
