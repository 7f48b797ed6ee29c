"""Mistakes found in a stack, collected so that the first of them in the file's order can be reported."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from harness.errors import StackError
from harness.redaction import SECRET_NAME
from harness.stack import plainwords
from harness.stack.nodes import Node, Scalar, SourceLocation, SourceMapping, SourceSequence, walk


def written(node: Node) -> str:
    """A node as it is quoted in a message; not the value of what its name tells to be a secret."""
    if SECRET_NAME.search(re.sub(r"\[\d+\]$", "", node.place.path).rpartition(".")[2]) and not isinstance(
        node, SourceMapping
    ):
        return "a list" if isinstance(node, SourceSequence) else "a value that is not shown here"
    if isinstance(node, SourceMapping):
        return "a mapping with " + plainwords.short(", ".join(node.fields)) if node.fields else "an empty mapping"
    if isinstance(node, SourceSequence):
        inner = ", ".join(item.text if isinstance(item, Scalar) else "..." for item in node.items)
        return f"[{plainwords.short(inner)}]" if node.items else "an empty list"
    if node.value is None:
        return "nothing"
    return plainwords.short(node.value if isinstance(node.value, str) else node.text) or '""'


def mistake(
    what: str, place: SourceLocation, *, got: str, expected: str | None = None, hint: str | None = None
) -> StackError:
    """An error at a place."""
    return StackError(what, where=str(place), got=got, expected=expected, hint=hint)


def wrong_value(node: Node, expected: str, hint: str | None = None) -> StackError:
    """A value that is not what it has to be."""
    what = "A value does not have the form that it needs"
    return mistake(what, node.place, got=written(node), expected=expected, hint=hint)


def refuse_zero_bytes(node: Node) -> None:
    """No argument, variable, name or path can hold one: what follows it would be cut off. Raises StackError."""
    for part in walk(node):
        names = part.fields if isinstance(part, SourceMapping) else ()
        if (isinstance(part, Scalar) and "\0" in str(part.value)) or any("\0" in name for name in names):
            raise wrong_value(part, "text without a zero byte", "remove the \\0")


_MAX_MISTAKES = 200  # after which no more are looked for: one is told, and a hostile file has a hundred thousand


@dataclass
class StackFindings:
    """What a reading found beside the stack itself.

    Attributes:
        main: the file that was asked for; its mistakes come before those of others.
        mistakes, absent: with their places.
        ignored: keys that do not matter to the harness.
        unset: variables without a value, with the first place of each.
        deprecated: keys that still work, with what to write instead.
    """

    main: str
    mistakes: list[tuple[SourceLocation, StackError]] = field(default_factory=list)
    absent: list[tuple[SourceLocation, StackError]] = field(default_factory=list)
    ignored: dict[SourceLocation, None] = field(default_factory=dict)
    unset: dict[str, SourceLocation] = field(default_factory=dict)
    deprecated: dict[SourceLocation, str] = field(default_factory=dict)

    def wrong(self, place: SourceLocation, error: StackError, *, absent: bool = False) -> None:
        """Keep a mistake. One about something `absent` has no line of its own and comes after those that have:
        a key that is missing is often there, misspelt."""
        (self.absent if absent else self.mistakes).append((place, error))
        if self.count() >= _MAX_MISTAKES:
            self.stop_if_any()

    def count(self) -> int:
        """How many mistakes there are."""
        return len(self.mistakes) + len(self.absent)

    def no_value(self, name: str, place: SourceLocation) -> None:
        """Keep a variable that has no value."""
        self.unset.setdefault(name, place)

    def stop_if_any(self) -> None:
        """Raise the first mistake in the file's order, if there is one."""
        for found in (self.mistakes, self.absent):
            if not found:
                continue
            _, error = min(found, key=lambda one: (one[0].file != self.main, one[0].file, one[0].line))
            raise error

    def warnings(self) -> tuple[str, ...]:
        """One sentence for each variable without a value and each deprecated key, one for all ignored keys together."""
        found = [
            f"The variable {name} is not set; it stands for nothing ({place})" for name, place in self.unset.items()
        ]
        found += [
            f"{key.path} is deprecated ({key.file}, line {key.line}): {what}" for key, what in self.deprecated.items()
        ]
        if self.ignored:
            keys = ", ".join(f"{place.path} ({place.file}, line {place.line})" for place in self.ignored)
            found.append(f"These keys do not matter to the harness and are ignored: {keys}")
        return tuple(found)
