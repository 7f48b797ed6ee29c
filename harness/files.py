"""The files and directories of a run. All of them are made here: readable by their owner only (0600 and 0700).

What is there already keeps its mode. The process's umask stays as it is: not all that it writes is a run's.
"""

from __future__ import annotations

import hashlib
import itertools
import os
import stat
import threading
from pathlib import Path
from typing import IO, Any

DIRECTORY, FILE = 0o700, 0o600


def directory(path: Path) -> Path:
    """Make a directory, and those above it that are missing. Raises OSError."""
    for one in reversed(path.parents):
        if not one.exists():
            one.mkdir(DIRECTORY, exist_ok=True)  # not parents=True below: that gives only the last one this mode
    path.mkdir(DIRECTORY, exist_ok=True)
    return path


def private(path: str | os.PathLike[str], flags: int) -> int:
    """Open a file for its owner only: an opener for `open`. Raises OSError."""
    return os.open(path, flags | os.O_CLOEXEC, FILE)


def opened(path: Path, mode: str) -> IO[Any]:
    """Open a file of a run to write to it, text in UTF-8; what the text cannot hold is written as an escape."""
    text: dict[str, str] = {} if "b" in mode else {"encoding": "utf-8", "errors": "backslashreplace"}
    return open(path, mode, opener=private, **text)  # type: ignore[call-overload, no-any-return]


def write(path: Path, content: str | bytes) -> Path:
    """Write a file so that no reader sees half of it, with the directories above it. Raises OSError."""
    directory(path.parent)
    half = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    data = content if isinstance(content, bytes) else content.encode("utf-8", "backslashreplace")
    try:
        with opened(half, "wb") as file:
            file.write(data)
        half.replace(path)
    except BaseException:
        half.unlink(missing_ok=True)
        raise
    return path


def unused(path: Path) -> Path:
    """This path, or the first of `-2`, `-3`, ... that nothing is at: what is there is evidence, and is kept."""
    names = itertools.chain([path], (path.with_stem(f"{path.stem}-{n}") for n in itertools.count(2)))
    return next(one for one in names if not os.path.lexists(one))


class Kept:
    """A file that is only ever appended to, and only by this object: counted, hashed, and watched.

    Safe to use from several threads, and to interrupt anywhere: what was not appended whole is written again to the
    same place.

    Attributes:
        path: where it is, absolute.

    Args:
        path: made with the directories above it; what it holds already stays.
        new: it must not be there yet.

    Raises:
        OSError: it cannot be made.
    """

    def __init__(self, path: Path, *, new: bool = False) -> None:
        self.path = path.absolute()  # the process may go elsewhere while it writes
        directory(self.path.parent)
        self._lock = threading.RLock()
        self._file: int | None = private(self.path, os.O_RDWR | os.O_CREAT | (os.O_EXCL if new else 0))
        made, there = os.fstat(self._file), self.path.stat()
        self._regular = stat.S_ISREG(made.st_mode)
        # Some network file systems give an open file another number than its path: then a number tells nothing.
        self._same = (made.st_dev, made.st_ino) if os.path.samestat(made, there) else None
        self._before = made.st_size if self._regular else 0
        self._state = (0, self._before, hashlib.sha256())  # count and size of what is there, and the hash of what came
        self._reach = self._before  # no byte beyond that was written, not even of a part
        self._lost = ""  # what became of it; it stays so, whatever is in its place later

    @property
    def count(self) -> int:
        """How many things were appended."""
        return self._state[0]

    @property
    def sha256(self) -> str:
        """Of everything that was appended."""
        return self._state[2].hexdigest()

    def append(self, data: bytes, count: int = 1) -> None:
        """Append all of it, or nothing that counts.

        Args:
            count: how many things it is.

        Raises:
            OSError: it cannot be written; the next call writes to the same place.
        """
        with self._lock:
            if self._file is None:
                raise ValueError(f"{self.path} is closed")
            self.lost()  # before it is written to: that may hide that it was cut off
            known, size, digest = self._state
            self._reach = max(self._reach, size + len(data))
            written = 0
            while written < len(data):
                written += os.pwrite(self._file, data[written:], size + written)
            digest = digest.copy()
            digest.update(data)
            self._state = (known + count, size + len(data), digest)

    def lost(self, *, whole: bool = False) -> str:
        """What became of the file under our hands, in words; empty where it is as we left it.

        Args:
            whole: compare every byte with what was written. Else only what the file system says of it: a few
                microseconds.
        """
        with self._lock:
            self._lost = self._lost or self._look() or (self._changed() if whole else "")
            return self._lost

    def _look(self) -> str:
        _, size, _ = self._state
        try:
            there = self.path.stat()
        except OSError as error:
            return f"it is not there any more ({error.strerror})"
        if not self._regular:
            return ""
        if self._same is not None and (there.st_dev, there.st_ino) != self._same:
            return "another file is in its place"
        if there.st_size < size:
            return f"it was cut off: it holds {there.st_size} bytes, and {size} were written"
        if there.st_size > max(size, self._reach):
            return f"something else wrote to it: it holds {there.st_size} bytes, and {size} were written"
        return ""

    def _changed(self) -> str:
        _, size, digest = self._state
        found = hashlib.sha256()
        try:
            with self.path.open("rb") as file:
                file.seek(self._before)
                left = size - self._before
                while left > 0 and (data := file.read(min(left, 1 << 20))):
                    found.update(data)
                    left -= len(data)
        except OSError as error:
            return f"it cannot be read ({error.strerror})"
        return "" if not self._regular or found.digest() == digest.digest() else "what it holds was changed"

    def close(self) -> None:
        """Close it; it is watched even so, by its size and its bytes. Raises OSError."""
        with self._lock:
            file, self._file = self._file, None
            if file is not None:
                self.lost()
                self._same = None  # a file that is not open may get another number, or another one may get its
                os.close(file)
