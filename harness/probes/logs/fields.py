"""Reads the declared fields of JSON records, and nothing else of them."""

from __future__ import annotations

import json
import operator
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import msgspec


class FieldReader:
    """A reader of these fields. Each line is what it is by itself: two halves of a record make none, whatever follows.

    The fields that are not declared are checked to be JSON, and not kept: that is most of what reading a record costs.

    Args:
        names: of the fields. Those of objects within the record are not looked for.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self._names = tuple(dict.fromkeys(names))
        given = {f"f{number}": name for number, name in enumerate(self._names)}
        self._record = msgspec.defstruct("Record", [(key, Any, None) for key in given], rename=given, gc=False)
        self._decode = msgspec.json.Decoder(self._record).decode
        self._get = {name: operator.attrgetter(key) for key, name in given.items()}

    def read(self, lines: Sequence[bytes]) -> tuple[int, dict[str, list[Any]]]:
        """How many lines are records (JSON objects), and by field what these hold, in their order; None for nothing."""
        found = self.rows(lines)
        if None in found:
            found = [row for row in found if row is not None]
        return len(found), {name: self.column(found, name) for name in self._names}

    def rows(self, lines: Sequence[bytes]) -> list[Any]:
        """Each line as a record, to be asked with `get`; None for what is none."""
        try:
            return list(map(self._decode, lines))
        except _REFUSED:
            return [self._alone(line) for line in lines]

    def column(self, rows: Iterable[Any], name: str) -> list[Any]:
        """A field of several records, in their order."""
        return list(map(self._get[name], rows))

    def get(self, row: Any, name: str) -> Any:
        """A field of a record; None where it has none."""
        return self._get[name](row)

    def _alone(self, line: bytes) -> object | None:
        try:
            return self._decode(line)
        except _REFUSED:
            pass
        try:  # Python's reader takes more: NaN, halves of surrogates, bytes that are not UTF-8 as what replaces them
            record = json.loads(line.decode("utf-8", "replace"))
        except (ValueError, RecursionError):
            return None
        made: Callable[..., object] = self._record
        return made(*map(record.get, self._names)) if isinstance(record, dict) else None


_REFUSED = (msgspec.MsgspecError, ValueError, RecursionError)
