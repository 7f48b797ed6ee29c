"""Reads a growing file in a replica from where it was left, with what a minimal image has: `sh`, `stat`, `dd`, `head`.

One command opens the file once and asks the opened file: what it is, the bytes before the offset, those after it and
those at its beginning. So a rotation in the middle cannot mix two files, and a file that was truncated and has grown
past the old offset is not taken for the one that was read. `dd` skips by seeking: what was read is never read again.
What is answered ends with its digest, where the image has `md5sum`: bytes that were changed, doubled or lost on their
way are no evidence, neither for nor against a release.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass, replace

from harness.errors import NotMeasured
from harness.printable import shortened
from harness.probes.digest import TRIES, digested, whole
from harness.probes.logs.spec import LogReplica

PRINT = 256  # bytes at the beginning, and before the offset, by which a file is known again
FEW = (4096, 64)  # bytes of a block, and blocks: one look
MANY = (1 << 20, 8)  # where much is left
TIMEOUT = 10.0  # s
STAT = "%d|%i|%s|%y|%w"
_HEAD = b"\nHEAD:"


@dataclass(frozen=True, slots=True)
class FileState:
    """What a file is: device, inode, size in bytes, when it was modified and born (as `stat` says; empty: unknown)."""

    device: str
    inode: int
    size: int
    modified: str
    born: str

    @property
    def ident(self) -> tuple[str, int, str]:
        """The same for one file however it is named; another for a file that reuses its inode."""
        return self.device, self.inode, self.born

    @classmethod
    def of(cls, fields: list[str]) -> FileState:
        """From the five fields of STAT. ValueError where they are something else."""
        device, inode, size, modified, born = fields
        known = born if born[:1].isdigit() and born[:4] != "1970" else ""
        return cls(device, int(inode), int(size), modified, known)


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far a file was read, and how to know it again.

    Attributes:
        file: as it was at the last look.
        offset: bytes that were read.
        head, anchor: its first bytes, and those before the offset; up to PRINT of each.
    """

    file: FileState
    offset: int = 0
    head: bytes = b""
    anchor: bytes = b""

    def behind(self, new: bytes, file: FileState) -> Cursor:
        """The cursor behind these bytes more."""
        offset = self.offset + len(new)
        if offset > file.size:  # it grew between the two questions: the time belongs to less than was read
            file = replace(file, modified="")
        head = self.head if len(self.head) >= PRINT else (self.head + new[:PRINT])[:PRINT]
        return Cursor(file, offset, head, (self.anchor + new[-PRINT:])[-PRINT:])


@dataclass(frozen=True, slots=True)
class ReadResult:
    """What a look found.

    Attributes:
        file: None where there is none at the path.
        new: the bytes after the cursor, up to the bound; None where what was read is not there any more.
        instance: when the replica's first process started; another one after a restart.
    """

    file: FileState | None
    new: bytes | None = None
    instance: str = ""


_END = b"\nEND"
_OPENED = """LC_ALL=C; export LC_ALL; p={path}; f=/proc/self/fd/3; i=
read -r i 2>/dev/null </proc/1/stat && i=${{i##*) }} && set -- $i && i=${{20}}; echo "$i"
if [ ! -e "$p" ]; then m=$(stat -L "$p" 2>&1 >/dev/null)
case $m in *'o such file'*|'') echo missing;; *) echo "cannot: ${{m##*: }}";; esac; return; fi
if [ ! -f "$p" ]; then k='not a regular file'; [ -d "$p" ] && k="a directory, $k"; [ -p "$p" ] && k="a FIFO, $k"
echo "cannot: $k"; return; fi
{{ stat -L -c '{stat}' "$f" && {commands} && printf '\\nEND'
}} 3<"$p\""""


def look(replica: LogReplica, path: str) -> ReadResult:
    """What the file is now. Raises HostError, or NotMeasured where it cannot be read."""
    return _ask(replica, path, "true")[0]


def place(replica: LogReplica, path: str) -> Cursor | None:
    """The cursor at the end of the file as it is now; None where there is none. Raises as `look`."""
    for _ in range(5):
        file = look(replica, path).file
        if file is None:
            return None
        start = max(0, file.size // PRINT - 1)
        length = min(PRINT, file.size)
        found, body = _ask(replica, path, _pieces(PRINT, start, 2, length))
        data, head = body[: -length - len(_HEAD)], body[len(body) - length :]
        anchor = data[file.size - length - start * PRINT : file.size - start * PRINT]
        if found.file is not None and found.file.ident == file.ident and len(anchor) == len(head) == length:
            return Cursor(replace(found.file, modified=""), file.size, bytes(head), bytes(anchor))
    raise restless(replica, path)


def read(replica: LogReplica, path: str, cursor: Cursor, blocks: tuple[int, int] = FEW) -> ReadResult:
    """What the file is now, and what it has behind the cursor: `blocks` at most. Raises as `look`.

    `new` is given for any file that begins as the cursor's does and has the same bytes before its offset, be it the
    same or a copy of it; the caller compares `file`.
    """
    length, before = len(cursor.head), len(cursor.anchor)
    start = (cursor.offset - before) // blocks[0]
    found, body = _ask(replica, path, _pieces(blocks[0], start, blocks[1], length), few=blocks == FEW)
    if found.file is None:
        return found
    cut = len(body) - length - len(_HEAD)
    data = body[: max(cut, 0)]
    anchor_at = cursor.offset - before - start * blocks[0]
    known = (
        cut >= 0
        and body[cut:] == _HEAD + cursor.head
        and data[anchor_at : anchor_at + before] == cursor.anchor
        and len(data) >= anchor_at + before
    )
    return replace(found, new=bytes(data[anchor_at + before :]) if known else None)


def restless(replica: LogReplica, path: str) -> NotMeasured:
    """What to raise when a file changes faster than it can be looked at."""
    return NotMeasured(
        "The log changed each time it was read", where=f"{replica.name}:{path}", got="5 changes in a row"
    )


def _pieces(block: int, start: int, count: int, head: int) -> str:
    # The beginning is read last: a file that is truncated and regrows meanwhile is then not known any more.
    first = f' && head -c {head} "$f"' if head else ""
    return f'dd if="$f" bs={block} skip={start} count={count} 2>/dev/null && printf "\\nHEAD:"{first}'


def _ask(replica: LogReplica, path: str, commands: str, *, few: bool = True) -> tuple[ReadResult, memoryview]:
    question = digested(_OPENED.format(path=shlex.quote(path), commands=commands, stat=STAT), wanted=few)
    for _ in range(TRIES):
        answer = replica.ask(question, TIMEOUT)
        if (found := whole(answer.stdout)) is not None:
            break
    else:
        raise _unreadable(replica, path, f"{TRIES} answers in a row that were damaged on their way")
    first = answer.stdout.find(b"\n")
    second = answer.stdout.find(b"\n", first + 1, len(found))
    second = second if second >= 0 else len(found)
    instance, said = answer.stdout[:first], answer.stdout[first + 1 : second].decode("utf-8", "replace")
    if said == "missing":
        return ReadResult(None, None, instance.decode("ascii", "replace")), found[:0]
    if said.startswith("cannot: ") or found[-len(_END) :] != _END:
        why = said.removeprefix("cannot: ") if said.startswith("cannot: ") else answer.stderr.decode("utf-8", "replace")
        raise _unreadable(replica, path, why or said or "nothing")
    try:
        file = FileState.of(said.split("|"))
    except ValueError:
        raise _unreadable(replica, path, said) from None
    # It may be large, and is copied no oftener than it has to be.
    return ReadResult(file, None, instance.decode("ascii", "replace")), found[second + 1 : -len(_END)]


def _unreadable(replica: LogReplica, path: str, got: str) -> NotMeasured:
    own = "what a container writes to its own streams is declared as {stdout: true} or {stderr: true}, without a path"
    where, hint = f"{replica.name}:{path}", own if "FIFO" in got else None
    return NotMeasured("The log cannot be read", where=where, got=shortened(got), hint=hint)
