"""What the generator tells its parent: messages that cannot be damaged, lost or doubled in silence.

A message is a line of JSON, as many bytes as its `bytes` says, and a line with the CRC-32 of both in hexadecimal.
`number` counts them from 0.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator
from typing import IO, Any


class Damaged(ValueError):
    """A message is not as it was sent."""


def framed(number: int, line: dict[str, Any], more: bytes = b"") -> bytes:
    """A message as it is sent."""
    data = json.dumps({**line, "number": number, "bytes": len(more)}, separators=(",", ":")).encode() + b"\n" + more
    return data + b"%08x\n" % zlib.crc32(data)


def read(stream: IO[bytes]) -> Iterator[tuple[dict[str, Any], bytes]]:
    """The messages of a stream and their bytes, until its end; half a message at the end is left out.

    Raises:
        Damaged: one is not as it was sent, or is missing.
    """
    expected = 0
    while line := stream.readline():
        try:
            said = json.loads(line)
            count = int(said["bytes"])
            number = int(said["number"])
        except (ValueError, KeyError, TypeError, RecursionError):
            if not line.endswith(b"\n"):
                return
            raise Damaged("a line that is not a message") from None
        more, check = stream.read(max(0, count)), stream.readline()
        if not check.endswith(b"\n"):
            return
        if check.strip() != b"%08x" % zlib.crc32(line + more):
            raise Damaged(f"message {number} is not as it was sent")
        if number != expected:
            raise Damaged(f"message {number} came where message {expected} was due")
        expected += 1
        yield said, more
