"""The one way to read a file that a user named: a regular file, of a size that was looked at before, in UTF-8.

A pipe would be waited for without end, a device may never end or do something when it is opened, and a file of some
gigabytes takes the machine's memory. So each of them is refused before it is opened, or while it is read.
"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

from harness.errors import HarnessError, UsageError

SMALL = 1 << 20  # bytes that a file may have which a person writes: a Compose file, an env_file, a .dockerignore

_KINDS = (
    (stat.S_ISDIR, "a directory"),
    (stat.S_ISFIFO, "a named pipe (FIFO)"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a character device"),
    (stat.S_ISBLK, "a block device"),
)
_PIECE = 1 << 16


class NotRegular(OSError):
    """There is something else than a file at a path."""


def opened(path: str | os.PathLike[str]) -> int:
    """A descriptor to read a regular file; symbolic links are followed. Never waits for another process.

    Raises:
        OSError, ValueError: as `os.open`. NotRegular where it is a pipe, a socket, a device or a directory: looked at
            before it is opened, because opening a device may do something, and once more afterwards.
    """
    _regular(os.stat(path).st_mode)  # noqa: PTH116  (a name that no file can have raises ValueError here too)
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    try:
        _regular(os.fstat(descriptor).st_mode)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def data(
    path: Path,
    what: str,
    *,
    name: str | None = None,
    most: int = SMALL,
    kind: type[HarnessError] = UsageError,
    hint: str | None = None,
) -> bytes:
    """The bytes of a file.

    Args:
        path: which.
        what: what messages call it, e.g. `The environment file`.
        name: how messages name the path.
        most: bytes that it may have. Looked at before it is read, and while it is: a file of /proc has the size 0.
        kind: of the error.
        hint: what to do about a file that is not there.

    Raises:
        kind: it is not there, no regular file, too large or cannot be read.
    """
    where = name or str(path)
    try:
        size, found = _read(path, most)
    except FileNotFoundError:
        raise kind(f"{what} does not exist", where=where, got="nothing there", hint=hint or "check the path") from None
    except (OSError, ValueError) as error:
        raise unreadable(error, what, where=where, kind=kind) from None
    if size > most or len(found) > most:
        got = f"{size} bytes" if size > most else f"more than {_amount(most)}"
        raise kind(f"{what} is too large", where=where, got=got, expected=f"{_amount(most)} or less")
    return found


def text(
    path: Path,
    what: str,
    *,
    name: str | None = None,
    most: int = SMALL,
    kind: type[HarnessError] = UsageError,
    hint: str | None = None,
) -> str:
    """As `data`, decoded; a byte order mark at its beginning is dropped. Raises `kind` for what is not UTF-8 too."""
    return decoded(data(path, what, name=name, most=most, kind=kind, hint=hint), what, name or str(path), kind=kind)


def decoded(content: bytes, what: str, where: str, *, kind: type[HarnessError] = UsageError) -> str:
    """Bytes as text. Raises `kind` with the line and the byte that is not UTF-8."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        column = error.start - (content.rfind(b"\n", 0, error.start) + 1) + 1
        raise kind(
            f"{what} is not text",
            where=f"{where}, line {line}, byte {column}",
            got=f"the byte 0x{content[error.start]:02x}",
            expected="text in UTF-8",
            hint="save it as UTF-8",
        ) from None


def unreadable(
    error: OSError | ValueError, what: str, *, where: str, kind: type[HarnessError] = UsageError
) -> HarnessError:
    """The error for a file that could not be opened or read."""
    if isinstance(error, NotRegular):
        return kind(f"{what} is not a regular file", where=where, got=str(error), expected="a file")
    if isinstance(error, BlockingIOError):  # e.g. /proc/kmsg, which is called regular and waits for its next line
        return kind(f"{what} cannot be read", where=where, got="it has nothing to read yet", expected="a file")
    if isinstance(error, OSError) and error.errno == errno.ELOOP:
        return kind(
            f"{what} cannot be read", where=where, got="symbolic links that lead in a circle", expected="a file"
        )
    reason = (error.strerror or str(error)) if isinstance(error, OSError) else str(error)
    return kind(f"{what} cannot be read", where=where, got=reason)


def _regular(mode: int) -> None:
    if not stat.S_ISREG(mode):
        raise NotRegular(next((name for test, name in _KINDS if test(mode)), "something else"))


def _read(path: Path, most: int) -> tuple[int, bytes]:
    """The size that the file says it has, and what is in it: at most one byte more than the limit."""
    descriptor = opened(path)
    try:
        said = os.fstat(descriptor).st_size
        found = bytearray()
        while said <= most and len(found) <= most:
            piece = os.read(descriptor, min(_PIECE, most + 1 - len(found)))
            if not piece:
                break
            found += piece
    finally:
        os.close(descriptor)
    return said, bytes(found)


def _amount(size: int) -> str:
    if size < 1 << 20:
        return f"{size} bytes" if size < 1 << 10 else f"{size / (1 << 10):.0f} KiB"
    return f"{size / (1 << 20):.0f} MiB"
