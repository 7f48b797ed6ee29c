"""The bodies of the API's requests: with a length, or in chunks. Read as they come, so that however one is cut into
pieces, each byte is looked at once."""

from __future__ import annotations

from collections.abc import Mapping

LIMIT = 1024 * 1024  # bytes of a body; five thousand proxies are as much
LINE = 1024  # bytes of the line before a chunk
TRAILER = 16 * 1024  # bytes of what may follow the last chunk


class Malformed(Exception):
    """Not a request that can be read; the connection ends with this status and the reason."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status, self.reason = status, reason


class Body:
    """Takes a body off a buffer, piece by piece. `data` is what there is of it."""

    def __init__(self) -> None:
        self.data = bytearray()

    def take(self, buffer: bytearray) -> bool:
        """Take what belongs to the body off the buffer; True when it is whole. Raises Malformed."""
        raise NotImplementedError


class Sized(Body):
    """A body of which the length is known."""

    def __init__(self, length: int) -> None:
        super().__init__()
        self._left = length

    def take(self, buffer: bytearray) -> bool:
        piece = buffer[: self._left]
        del buffer[: len(piece)]
        self.data += piece
        self._left -= len(piece)
        return not self._left


class Chunked(Body):
    """A body in chunks, each with its size before it; then, perhaps, a trailer, which is passed over."""

    def __init__(self) -> None:
        super().__init__()
        self._left = 0  # of the chunk
        self._behind = self._trailing = False  # a line end is due, or the trailer
        self._passed = 0  # bytes of the trailer

    def take(self, buffer: bytearray) -> bool:
        while buffer:
            if self._left:
                piece = buffer[: self._left]
                del buffer[: len(piece)]
                self.data += piece
                self._left -= len(piece)
                continue
            line = _line(buffer)
            if line is None:
                return False
            if self._trailing:
                self._pass(line)
                if not line:
                    return True
            elif not self._behind:
                self._begin(line)
            elif line:
                raise Malformed(400, "a chunk is longer than its size")
            else:
                self._behind = False
        return False

    def _begin(self, line: bytes) -> None:
        digits = line.split(b";")[0].strip()
        if not digits or len(digits) > 16 or digits.strip(b"0123456789abcdefABCDEF"):
            raise Malformed(400, "the size of a chunk is not a number")
        self._left = int(digits, 16)
        self._trailing, self._behind = not self._left, bool(self._left)
        if len(self.data) + self._left > LIMIT:
            raise too_large()

    def _pass(self, line: bytes) -> None:
        self._passed += len(line) + 2
        if self._passed > TRAILER:
            raise Malformed(431, "the trailer is too long")


def _line(buffer: bytearray) -> bytes | None:
    """Take a line off the buffer; None if its end is still to come."""
    end = buffer.find(b"\r\n", 0, LINE)
    if end < 0:
        if len(buffer) >= LINE:
            raise Malformed(400, "a line among the chunks is too long")
        return None
    line = bytes(buffer[:end])
    del buffer[: end + 2]
    return line


def too_large() -> Malformed:
    return Malformed(413, f"the body is larger than {LIMIT} bytes")


def body_of(headers: Mapping[str, str]) -> Body:
    """What reads the body that these headers announce. Raises Malformed."""
    if headers.get("transfer-encoding", "").lower() == "chunked":
        return Chunked()
    length = headers.get("content-length", "0")
    if not (length.isascii() and length.isdigit()):
        raise Malformed(400, "the Content-Length is not a number")
    if len(length) > 12 or int(length) > LIMIT:
        raise too_large()
    return Sized(int(length))
