"""Cuts growing bytes into complete lines."""

from __future__ import annotations

import re

MAX_LINE_BYTES = 1 << 20  # what a longer line has more is dropped, and it is a record that cannot be parsed


# Nothing but NUL bytes in a line is no hole before a record, but a damaged line.
_HOLE = re.compile(rb"^\0+(?=[^\0\n])", re.MULTILINE)


class LineBuffer:
    """Keeps the incomplete rest until it is completed, and tells holes from records.

    A writer without O_APPEND goes on at its old offset after a truncation, and the file system fills what lies before
    with NUL bytes. So NUL bytes at the beginning of a line are a hole: counted, and not part of the record behind them.

    Attributes:
        hole: NUL bytes that were skipped.
    """

    def __init__(self, *, skipping: bool = False) -> None:
        self.hole = 0
        self._rest = bytearray()
        self._nuls = 0  # at the beginning of the line that is being read
        self._skipping = skipping  # that line began before the mark

    @property
    def partial(self) -> int:
        """Bytes of the line that is not complete, as far as they are kept."""
        return 0 if self._skipping else len(self._rest)

    @property
    def begun(self) -> int | None:
        """NUL bytes at the beginning of a line that has begun and is going to be given; None where none has begun."""
        return self._nuls if (self._rest or self._nuls) and not self._skipping else None

    def feed(self, data: bytes) -> bytes:
        """The lines that are complete now, each with its line feed."""
        first = data.find(b"\n")
        if first < 0:
            self._keep(data)
            return b""
        began, start = b"", 0
        if self._rest or self._nuls or self._skipping:
            self._keep(data[:first])
            began, start = self._completed(), first + 1
        end = data.rfind(b"\n") + 1
        block = began + data[start:end]
        self._keep(data[end:])
        return _HOLE.sub(self._skip, block) if b"\0" in block else block

    def _completed(self) -> bytes:
        """The line that was kept, with its line feed, now that it is whole; nothing where it is to be skipped."""
        line = bytes(self._rest) or (b"\0" if self._nuls else b"")
        self.hole += self._nuls if self._rest else 0
        skipped, self._skipping = self._skipping, False
        self._rest.clear()
        self._nuls = 0
        return b"" if skipped else line + b"\n"

    def holes(self) -> int:
        """NUL bytes that were skipped since the last question."""
        found, self.hole = self.hole, 0
        return found

    def end(self) -> int:
        """The file ends here for good: bytes of the line that will never be complete."""
        left = self.partial
        self._rest.clear()
        self._nuls = 0
        self._skipping = False
        return left

    def _keep(self, data: bytes) -> None:
        if not self._rest and data[:1] == b"\0":
            kept = data.lstrip(b"\0")
            self._nuls += len(data) - len(kept)
            data = kept
        room = MAX_LINE_BYTES + 1 - len(self._rest)
        self._rest += data[: max(room, 0)]

    def _skip(self, hole: re.Match[bytes]) -> bytes:
        self.hole += len(hole[0])
        return b""


def decoded(piece: bytes) -> list[str]:
    """The lines; bytes that are not UTF-8 are replaced."""
    lines = piece.decode("utf-8", "replace").split("\n")
    lines.pop()
    return lines
