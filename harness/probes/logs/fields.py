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
        found: list[Any]
        try:
            found = list(map(self._decode, lines))
        except _REFUSED:
            found = [record for line in lines if (record := self._alone(line)) is not None]
        return len(found), {name: list(map(get, found)) for name, get in self._get.items()}

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
