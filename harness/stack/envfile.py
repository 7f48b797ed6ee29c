"""`.env` files: `NAME=value` lines with quotes, comments, `export` and variables, as Compose reads them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from harness.errors import StackError
from harness.stack import interpolate
from harness.stack.interpolate import Unset, ignore_unset
from harness.stack.nodes import Place

_KEY = re.compile(r"[ \t]*(?:export[ \t]+)?([A-Za-z_][\w.-]*)[ \t]*(=|:(?=\s)|(?=\s*(?:#.*)?$))[ \t]*")
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\", "'": "'"}


def read(
    file: Path, name: str, variables: Mapping[str, str], *, raw: bool = False, unset: Unset = ignore_unset
) -> dict[str, str]:
    """The variables of a file, in its order.

    Args:
        file: what to read.
        name: how messages name it.
        variables: what `$NAME` in values, and a `NAME` alone, stand for; the file's own earlier lines are added.
        raw: take values as they are, without quotes, comments and variables (`format: raw`).
        unset: called for a variable that has no value.

    Raises:
        StackError: the file cannot be read, or a line is none of the above.
    """
    try:
        content = file.read_text(encoding="utf-8-sig")
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "bytes that are not UTF-8"
        raise StackError("The environment file cannot be read", where=name, got=reason, expected="text") from None
    return parse(content, name, variables, raw=raw, unset=unset)


def parse(
    content: str, name: str, variables: Mapping[str, str], *, raw: bool = False, unset: Unset = ignore_unset
) -> dict[str, str]:
    """As `read`, for a text."""
    found: dict[str, str] = {}
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
        place = Place(name, number, match[1])
        rest = line[match.end() :]
        if not match[2]:
            if match[1] in variables:
                found[match[1]] = variables[match[1]]
        elif raw:
            found[match[1]] = line.split("=", 1)[-1]
        else:
            while rest[:1] in ("'", '"') and _closing(rest) < 0 and number < len(lines):
                rest += "\n" + lines[number].rstrip("\r")
                number += 1
            found[match[1]] = _value(rest, {**found, **variables}, place, unset)
    return found


def _form_of(line: str) -> str:
    """What is wrong with a line, without its text: it may hold a secret."""
    name = re.match(r"\s*(?:export\s+)?([^\s=]*)", line)
    if "=" not in line:
        return "a line without ="
    if name is not None and not name[1]:
        return "nothing before the ="
    return "a name that is none before the ="


def _value(written: str, variables: Mapping[str, str], place: Place, unset: Unset) -> str:
    if written[:1] in ("'", '"'):
        end = _closing(written)
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
        return interpolate.value(plain, variables, place, unset, quoted=False)
    plain = re.split(r"(?:^|\s)#", written, maxsplit=1)[0].strip()
    return interpolate.value(plain, variables, place, unset, quoted=False)


def _closing(written: str) -> int:
    """Where the quote that begins a text is closed; -1 where it never is."""
    quote, position = written[0], 1
    while position < len(written):
        if written[position] == "\\" and quote == '"':
            position += 1
        elif written[position] == quote:
            return position
        position += 1
    return -1
