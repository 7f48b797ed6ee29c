"""Looks at a growing file in a replica with what a minimal image has: `sh`, `stat`, `head`, `tail`, `cksum`.

Every command opens the file once and asks the opened file, so a rotation in the middle of it cannot mix two files.
Lengths are bytes and come from the replica: the answer's text may have lost the original bytes.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass

from harness.errors import NotMeasured
from harness.probes.replica import Replica, shortened

PRINT = 128  # bytes at the beginning, and before the offset, by which a file is known again
NOTHING = "4294967295 0"  # what cksum says of no bytes


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far a file was read, and how to know it again.

    Attributes:
        identity: device, inode and birth time of the file.
        offset: bytes that were read.
        head, anchor: checksums of its first bytes, and of those before the offset.
    """

    identity: str
    offset: int
    head: str
    anchor: str

    @property
    def print_length(self) -> int:
        """Bytes that each checksum covers."""
        return min(PRINT, self.offset)


@dataclass(frozen=True, slots=True)
class Look:
    """What a file is now: `state` is `file` or `missing`. `known` says that the cursor's bytes are still there."""

    state: str
    identity: str = ""
    size: int = 0
    known: bool = False


@dataclass(frozen=True, slots=True)
class Chunk:
    """What was read, the cursor behind it, and whether the byte before the cursor ends a line."""

    text: str
    cursor: Cursor
    at_line_end: bool


_OPENED = """(LC_ALL=C; export LC_ALL; p={path}; f=/proc/self/fd/3
[ -e "$p" ] || {{ echo missing; exit 0; }}
[ -f "$p" ] || {{ echo irregular; exit 0; }}
{{ stat -L -c '%d:%i:%w' "$f" && {commands}
}} 3<"$p")"""
_SUM = 'tail -c +{start} "$f" | head -c {length} | cksum'


def look(replica: Replica, path: str, cursor: Cursor | None) -> Look:
    """What the file is now. Raises HostError, or NotMeasured where it cannot be read."""
    head, anchor = _sums(cursor.offset if cursor else 0)
    lines = _run(replica, path, f'stat -L -c %s "$f" && {head} && {anchor}').split("\n")
    if lines[0] == "missing":
        return Look("missing")
    if len(lines) < 4 or not lines[1].isdigit():
        raise _unreadable(replica, path, "\n".join(lines))
    known = cursor is not None and lines[2] == cursor.head and lines[3] == cursor.anchor
    return Look("file", lines[0], int(lines[1]), known)


def read(replica: Replica, path: str, identity: str, offset: int, length: int) -> Chunk | None:
    """These bytes of that very file; None where it is another one by now, or shorter. Raises as `look`."""
    end = offset + length
    head, anchor = _sums(end)
    commands = (
        f'tail -c +{offset + 1} "$f" | head -c {length} && echo && '
        f'if [ -z "$(tail -c +{max(end, 1)} "$f" | head -c 1)" ]; then echo yes; else echo no; fi && '
        f'stat -L -c %s "$f" && {head} && {anchor}'
    )
    answer = _run(replica, path, commands)
    parts = answer.rsplit("\n", 4)
    first, _, text = parts[0].partition("\n")
    if first != identity:
        return None
    if len(parts) < 5 or not parts[2].isdigit():
        raise _unreadable(replica, path, answer[-200:])
    if int(parts[2]) < end:
        return None
    return Chunk(text, Cursor(identity, end, parts[3], parts[4]), end == 0 or parts[1] == "yes")


def _sums(offset: int) -> tuple[str, str]:
    length = min(PRINT, offset)
    return _SUM.format(start=1, length=length), _SUM.format(start=offset - length + 1, length=length)


def _run(replica: Replica, path: str, commands: str) -> str:
    answer = replica.run(_OPENED.format(path=shlex.quote(path), commands=commands), 10.0)
    if answer.exit_code != 0:
        raise _unreadable(replica, path, answer.stderr or answer.stdout)
    if answer.stdout.startswith("irregular"):
        raise _unreadable(replica, path, "not a regular file")
    return answer.stdout.rstrip("\n")


def _unreadable(replica: Replica, path: str, got: str) -> NotMeasured:
    return NotMeasured("The log cannot be read", where=f"{replica.name}:{path}", got=shortened(got))
