"""A value of an experiment, which knows where it stands."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from harness.errors import UsageError
from harness.printable import shortened
from harness.stack import nodes
from harness.stack.nodes import Node
from harness.stack.plainwords import meant, one_of

KINDS = {
    str: "text",
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    list: "a list",
    dict: "a mapping",
}
_VARIABLE = re.compile(r"\$\{([^}]*)\}")


@dataclass(frozen=True, slots=True)
class Place:
    """A value with its JSON pointer (RFC 6901) and, where it was read from a file, its line.

    Attributes:
        value: plain data.
        path: the keys and numbers that lead to it.
        file: as the user named it; empty for data that is in no file.
        root: the tree of that file.
    """

    value: Any
    path: tuple[str | int, ...] = ()
    file: str = ""
    root: Node | None = None

    @property
    def pointer(self) -> str:
        """`/method/0/provider`; empty for the whole."""
        return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in self.path)

    def __str__(self) -> str:
        line = "" if self.root is None else f", line {nodes.find(self.root, *self.path).line}"
        return ": ".join(part for part in (f"{self.file}{line}", self.pointer) if part)

    def refusal(
        self, what: str, *, got: object = None, expected: str | None = None, hint: str | None = None
    ) -> UsageError:
        """The error that this value is none that can be taken. `got` is the value itself where it is left out."""
        said = _written(self.value) if got is None else str(got)
        return UsageError(what, where=str(self) or "the experiment", got=shortened(said), expected=expected, hint=hint)

    def at(self, part: str | int) -> Place:
        """The value below a key or number, None where there is none."""
        try:
            value = self.value[part]
        except (KeyError, IndexError, TypeError):
            value = None
        return Place(value, (*self.path, part), self.file, self.root)

    def __contains__(self, key: str) -> bool:
        return isinstance(self.value, Mapping) and self.value.get(key) is not None

    def items(self) -> Iterator[Place]:
        """What a list holds, or a mapping, in order."""
        keys: Iterable[str | int] = self.value if isinstance(self.value, dict) else range(len(self.value or ()))
        return (self.at(key) for key in keys)

    def must_be(self, *kinds: type, what: str = "") -> Place:
        """The value itself, once its type is known. Raises UsageError for another one."""
        if (isinstance(self.value, bool) and bool not in kinds) or not isinstance(self.value, kinds):
            expected = what or " or ".join(KINDS[kind] for kind in kinds if kind is not float or int not in kinds)
            raise self.refusal("A value has the wrong type", expected=expected)
        return self

    def word(self, what: str) -> str:
        """A text that is not empty."""
        if not isinstance(self.value, str) or not self.value.strip():
            raise self.refusal("A text is missing", expected=what)
        return self.value

    def one_of(self, *known: str) -> str:
        """One of some texts."""
        if self.value not in known:
            near = meant(self.value, known) if isinstance(self.value, str) else ""
            raise self.refusal("This is not known", expected=one_of(known) + near)
        return str(self.value)

    def only(self, *known: str) -> None:
        """Refuse keys that are not known: what is not understood is not dropped in silence."""
        for key in self.must_be(dict).value:
            if key not in known and not key.startswith("x-"):
                said = one_of(known) + meant(key, known)
                raise self.at(key).refusal("A key is not known", got=key, expected=said)

    def variables(self) -> Iterator[tuple[Place, str]]:
        """Every `${name}` in it and below, with where it stands."""
        if isinstance(self.value, str):
            yield from ((self, name) for name in _VARIABLE.findall(self.value))
        elif isinstance(self.value, dict | list):
            for one in self.items():
                yield from one.variables()


def _written(value: object) -> str:
    return "nothing" if value is None else repr(value) if isinstance(value, str) else str(value)
