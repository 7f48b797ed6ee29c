"""Variables in a Compose file: `$VAR`, `${VAR}`, and the forms with a default, an error or a replacement."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Literal

from harness.errors import StackError
from harness.redaction import SECRET_NAME
from harness.stack.nodes import Node, Scalar, SourceLocation, SourceMapping, SourceSequence
from harness.stack.plainwords import short

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_PLAIN, _PLAIN_INSIDE = re.compile(r"[^$]+"), re.compile(r"[^$}]+")
_OPERATOR = re.compile(r":?[-?+]")
_DEEPEST = 50
MAX_VALUE = 128 << 10  # characters; the kernel gives no process more in one variable or word
MAX_TOTAL = 16 << 20

Unset = Callable[[str, SourceLocation], None]


class Room:
    """How much may still be read for one stack: the bytes of its files, and what variables bring into them.

    A file of a few lines can stand for gigabytes (`A=$B$B`, `B=$C$C`, ...), and a list can name one file a thousand
    times. So it is counted wherever it is used.
    """

    def __init__(self, most: int = MAX_TOTAL) -> None:
        self.most = self.left = most

    def take(self, size: int, where: object) -> None:
        """Count so much. Raises StackError, with the place, where that is too much."""
        self.left -= size
        if self.left < 0:
            raise StackError(
                "The stack's files are too large together",
                where=str(where),
                got="files and variables, counted wherever they are used",
                expected=f"{self.most >> 20} MiB or less",
            )


def ignore_unset(name: str, place: SourceLocation) -> None:
    """For callers that do not warn of variables that are not set."""


def tree(node: Node, variables: Mapping[str, str], unset: Unset = ignore_unset, room: Room | None = None) -> Node:
    """The tree with every value's variables filled in; keys stay as they are.

    Args:
        node: what was read.
        variables: the values by name.
        unset: called with the name and the place of a variable that has neither a value nor a default.
        room: what the variables may bring in, together.

    Raises:
        StackError: a `$` that begins no variable, a `${VAR:?message}` without its variable, or too much text.
    """
    room = room or Room()
    if isinstance(node, Scalar):
        if not isinstance(node.value, str) or "$" not in node.value:
            return node
        return replace(node, value=value(node.value, variables, node.place, unset, room))
    if isinstance(node, SourceSequence):
        return replace(node, items=tuple(tree(item, variables, unset, room) for item in node.items))
    return fields(node, variables, unset, room)


def fields(
    node: SourceMapping, variables: Mapping[str, str], unset: Unset = ignore_unset, room: Room | None = None
) -> SourceMapping:
    """As `tree`, for a mapping."""
    room = room or Room()
    return replace(node, fields={key: tree(child, variables, unset, room) for key, child in node.fields.items()})


def value(
    written: str,
    variables: Mapping[str, str],
    place: SourceLocation,
    unset: Unset = ignore_unset,
    room: Room | None = None,
    *,
    quoted: bool = True,
) -> str:
    """One text with its variables filled in. Raises StackError, see `tree`.

    Args:
        quoted: whether messages quote the text; an environment file's may be a password.
    """
    return _Text(written, variables, place, unset, room or Room(), quoted=quoted).until(end=None, wanted=True)


class _Text:
    """A recursive descent over one text."""

    def __init__(
        self,
        written: str,
        variables: Mapping[str, str],
        place: SourceLocation,
        unset: Unset,
        room: Room,
        *,
        quoted: bool,
    ) -> None:
        self.written, self.variables, self.place, self.unset = written, variables, place, unset
        self.room = room
        self.quoted = quoted and not SECRET_NAME.search(place.path.rpartition(".")[2])
        self.position = self.depth = self.brought = 0

    def until(self, end: Literal["}"] | None, *, wanted: bool) -> str:
        """The text up to `end`. Where it is not wanted, its variables need not have values."""
        parts: list[str] = []
        plain = _PLAIN if end is None else _PLAIN_INSIDE
        while self.position < len(self.written):
            if match := plain.match(self.written, self.position):
                parts.append(match[0])
                self.position = match.end()
            elif self.written[self.position] == "$":
                self.position += 1
                parts.append(self.variable(wanted=wanted))
            else:
                return "".join(parts)
        if end is not None:
            raise self.invalid("a ${ that is never closed")
        return "".join(parts)

    def variable(self, *, wanted: bool) -> str:
        """What stands for the variable after a `$`."""
        if self.written.startswith("$", self.position):
            self.position += 1
            return "$"
        braced = self.written.startswith("{", self.position)
        self.position += braced
        match = _NAME.match(self.written, self.position)
        if not match:
            raise self.invalid("a $ that does not begin a variable")
        self.position = match.end()
        if not braced:
            return self.plain(match[0], wanted=wanted)
        self.depth += 1
        if self.depth > _DEEPEST:
            raise self.invalid(f"more than {_DEEPEST} variables inside each other")
        found = self.braced(match[0], wanted=wanted)
        self.position += 1
        self.depth -= 1
        return found

    def plain(self, name: str, *, wanted: bool) -> str:
        if name not in self.variables and wanted:
            self.unset(name, self.place)
        return self.filled_in(self.variables.get(name, ""))

    def filled_in(self, found: str) -> str:
        """What a variable stands for, after it has been counted."""
        self.brought += len(found)
        if self.brought > MAX_VALUE:
            raise StackError(
                "Variables make a value too long",
                where=str(self.place),
                got=f"more than {MAX_VALUE >> 10} KiB",
                expected=f"{MAX_VALUE >> 10} KiB or less, as much as a process can be given in one variable",
            )
        self.room.take(len(found), self.place)
        return found

    def braced(self, name: str, *, wanted: bool) -> str:
        """The rest of `${NAME...`, up to its closing brace."""
        if self.written.startswith("}", self.position):
            return self.plain(name, wanted=wanted)
        operator = _OPERATOR.match(self.written, self.position)
        if not operator:
            if self.position >= len(self.written):
                raise self.invalid("a ${ that is never closed")
            raise self.invalid(f"{self.written[self.position]!r} after the name {name}")
        self.position = operator.end()
        current = self.variables.get(name)
        is_set = bool(current) if operator[0].startswith(":") else current is not None
        kind = operator[0][-1]
        rest = self.until("}", wanted=wanted and is_set is (kind == "+"))
        if kind == "?" and not is_set and wanted:
            raise StackError(
                f"A variable that the stack requires is {'empty' if current == '' else 'not set'}",
                where=str(self.place),
                got=f"no value for {name}",
                expected=rest or f"a value for {name}",
                hint=f"set {name} in the environment, or in the .env file beside the Compose file",
            )
        if kind == "+":
            return rest if is_set else ""
        return self.filled_in(current or "") if is_set else rest

    def invalid(self, got: str) -> StackError:
        return StackError(
            "A variable cannot be read",
            where=str(self.place),
            got=f"{got}, in {short(self.written)}" if self.quoted else got,
            expected="$NAME, ${NAME}, ${NAME:-default}, ${NAME:?message} or ${NAME:+replacement}",
            hint="write $$ for a dollar sign that is meant as such",
        )
