"""The format of the records, and of what the history counts of them. The package says what each field means."""

from __future__ import annotations

from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from harness.errors import HistoryError
from harness.events import Counted
from harness.files import Kept

VERSION = 1
MAGIC = b"harness-samples" + bytes([VERSION])
SAMPLE = np.dtype(
    [
        ("intended", "<f8"), ("id", "<i8"), ("n", "<u4"), ("sent", "<f4"), ("latency", "<f4"), ("outcome", "<u2"),
        ("server", "<u2"), ("request", "<u2"), ("attempt", "u1"), ("flags", "u1"),
    ]
)  # fmt: skip
Records: TypeAlias = npt.NDArray[np.void]


def append(file: Kept, records: Records) -> None:
    """Append records; the magic first where there are none yet. Raises OSError."""
    data = records.astype(SAMPLE, copy=False).tobytes()
    if data:
        file.append(data if file.count else MAGIC + data, len(records))


def counted(file: Kept, error: OSError | None) -> Counted:
    """What `workload.saved` says of a file.

    Args:
        error: why the rest could not be saved.
    """
    return Counted(file.count, file.sha256, None if error is None else error.strerror or str(error))


def size_of(count: int) -> int:
    """Bytes of a file that holds so many records."""
    return len(MAGIC) + count * SAMPLE.itemsize if count else 0


def data_of(path: Path, what: str) -> bytes:
    """The bytes of a file. Raises HistoryError, which says `what`."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise HistoryError(what, where=str(path), got=error.strerror or str(error)) from error


def decode(data: bytes, path: Path) -> Records:
    """The whole records of a file's bytes.

    Raises:
        HistoryError: it is no such file, or was written by a newer version.
    """
    head, name = data[: len(MAGIC)], MAGIC[:-1]
    if head.startswith(name) and len(head) == len(MAGIC) and head[-1] > VERSION:
        raise HistoryError(
            "The samples were written by a newer version of the harness",
            where=str(path),
            got=f"format {head[-1]}",
            expected=f"format {VERSION} or earlier",
            hint="update rollback-harness and read it again",
        )
    if not MAGIC.startswith(head):
        raise HistoryError("This is not a file of samples", where=str(path), got=repr(head), expected=repr(MAGIC))
    whole = (len(data) - len(MAGIC)) // SAMPLE.itemsize
    if whole <= 0:
        return np.empty(0, SAMPLE)
    return np.frombuffer(data, SAMPLE, whole, len(MAGIC))
