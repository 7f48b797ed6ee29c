"""The one place through which everything passes that a run keeps or shows."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from harness.errors import HarnessError
from harness.redaction import patterns
from harness.redaction.known import Known
from harness.redaction.placeholder import redacted

MAX_CHARACTERS, MAX_TEXTS = 200, 20_000  # characters of a text that is remembered as one without a secret; how many are
SHORTEST = 4  # characters of a declared secret; a shorter one occurs in too much that is not secret
# Keys of mappings in events whose value is a secret. Names of state (`fingerprint`) are not looked at in this way.
_KEY = re.compile(
    r"pass(word|wd|phrase)|secret|token|credential|api[_-]?key|access[_-]?key|private[_-]?key", re.IGNORECASE
)
_HEADER = re.compile(r"auth|cookie|token|secret|key|pass|credential|session|signature", re.IGNORECASE)
_SCALARS = frozenset({int, float, bool, type(None)})
_ERROR_PARTS = ("what", "where", "got", "expected", "hint", "detail")


class Redactor:
    """Replaces secrets by digests that can be compared within a run (`hidden:1f2e3d4c5b6a`).

    Args:
        secrets: known values; they are found wherever they occur, also encoded. What only looks like a secret is found
            by what stands around it.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._secrets = tuple(secrets)
        self._known = Known(self._secrets, SHORTEST)
        # Texts without a secret, and keys that tell none: nearly all events consist of what was in others before.
        self._clean: set[str] = set()
        self._plain: set[str] = set()

    def learn(self, secrets: Iterable[str]) -> None:
        """Further known values, of which nothing was recorded yet."""
        self._secrets += tuple(secrets)
        self._known = Known(self._secrets, SHORTEST)
        self._clean.clear()
        self._plain.clear()

    def text(self, value: str) -> str:
        """A text of any length."""
        return patterns.text(self._known.hide(value))

    def event(self, kind: str, data: dict[str, Any]) -> dict[str, Any]:
        """The fields of an event, with every text within them redacted; what is no text stays as it is."""
        named = kind != "fingerprint"  # there the names are those of files, columns and keys
        if self._is_clean(data, named):
            return data
        return {key: self._value(key if named else "", value, named) for key, value in data.items()}

    def data(self, value: Any) -> Any:
        """Plain data, keys of mappings included, whatever their names."""
        return self._value("", value, named=False)

    def _is_clean(self, value: Any, named: bool) -> bool:
        """Whether there is surely nothing to hide. Quick for what was seen before: loops, because this is asked of all
        that is recorded.
        """
        kind = type(value)
        if kind is dict:
            return self._clean_keys(value, named) and self._clean_items(value.values(), named, "")
        if kind is list or kind is tuple:
            return self._clean_items(value, named, "-")
        return kind in _SCALARS

    def _clean_keys(self, keys: Iterable[Any], named: bool) -> bool:
        for key in keys:
            if named:
                if key not in self._plain and not self._tells_none(key):
                    return False
            elif type(key) is not str or (key not in self._clean and not self._looked_at(key)):
                return False
        return True

    def _clean_items(self, items: Iterable[Any], named: bool, option: str) -> bool:
        """`option` is what a word begins with that may say what the next one is."""
        clean = self._clean
        for one in items:
            if type(one) is str:
                if one not in clean and ((option and one.startswith(option)) or not self._looked_at(one)):
                    return False
            elif type(one) not in _SCALARS and not self._is_clean(one, named):
                return False
        return True

    def _looked_at(self, value: str) -> bool:
        if self.text(value) != value:
            return False
        if len(value) <= MAX_CHARACTERS and not value.startswith("-"):  # an option, where it stands among words
            self._remember(self._clean, value)
        return True

    def _tells_none(self, key: Any) -> bool:
        if type(key) is not str or key == "headers" or _KEY.search(key) or self.text(key) != key:
            return False
        self._remember(self._plain, key)
        return True

    def _remember(self, these: set[str], value: str) -> None:
        if len(these) >= MAX_TEXTS:
            these.clear()
        these.add(value)

    def _value(self, name: str, value: Any, named: bool) -> Any:
        if isinstance(value, str):
            return redacted(value) if named and value and _KEY.search(name) else self.text(value)
        if value is None or isinstance(value, bool | int | float):
            return value
        if isinstance(value, Mapping):
            if named and name == "headers":
                return {self.text(str(key)): self._header(str(key), one) for key, one in value.items()}
            return {
                self.text(key) if isinstance(key, str) else key: self._value(str(key), one, named)
                for key, one in value.items()
            }
        if isinstance(value, list | tuple | set | frozenset):
            made = self._items(list(value), named)
            return tuple(made) if isinstance(value, tuple) else made
        said = str(value)  # it is written as text
        hidden = self.text(said)
        return value if hidden == said else hidden

    def _items(self, items: list[Any], named: bool) -> list[Any]:
        if items and all(isinstance(item, str) for item in items) and any(item.startswith("-") for item in items):
            return patterns.words([self._known.hide(item) for item in items])
        return [self._value("", item, named) for item in items]

    def _header(self, name: str, value: Any) -> Any:
        return redacted(value) if isinstance(value, str) and value and _HEADER.search(name) else self.data(value)

    def error(self, error: BaseException) -> None:
        """An error and those that caused it, in place: their messages reach the terminal, and a report's."""
        seen: set[int] = set()
        waiting: list[BaseException | None] = [error]
        while waiting:
            one = waiting.pop()
            if one is None or id(one) in seen:
                continue
            seen.add(id(one))
            waiting += [one.__cause__, one.__context__, *getattr(one, "exceptions", ())]
            if isinstance(one, HarnessError):
                for part in _ERROR_PARTS:
                    said = getattr(one, part)
                    setattr(one, part, said if said is None else self.text(str(said)))
            one.args = tuple(self.text(part) if isinstance(part, str) else part for part in one.args)
