"""The tables of a ledger, and what is refused before one of them is touched."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

from harness import files, reading
from harness.errors import HarnessError, NoSpace, Unwritable, UsageError

MAGIC = 0x52484C31  # `PRAGMA application_id` of a ledger: "RHL1"
FORMAT = 1  # `PRAGMA user_version`; a reader refuses a newer one
HEADER = b"SQLite format 3\x00"
WAITS = 30.0  # s for another campaign that writes to the same file
TABLES = """
CREATE TABLE campaign (id TEXT PRIMARY KEY, about TEXT NOT NULL) STRICT;
CREATE TABLE plan (
    campaign TEXT NOT NULL REFERENCES campaign(id), number INTEGER NOT NULL, seed INTEGER NOT NULL,
    elements TEXT NOT NULL, steps INTEGER NOT NULL, state TEXT NOT NULL, owner TEXT NOT NULL, outcome TEXT NOT NULL,
    failed TEXT, cause TEXT, role TEXT, reason TEXT NOT NULL, run TEXT NOT NULL, began REAL NOT NULL,
    seconds REAL NOT NULL, plan TEXT, PRIMARY KEY (campaign, number)
) STRICT;
CREATE TABLE shrunk (
    campaign TEXT NOT NULL REFERENCES campaign(id), failed TEXT NOT NULL, cause TEXT NOT NULL, role TEXT NOT NULL,
    shrunk TEXT NOT NULL, PRIMARY KEY (campaign, failed, cause, role)
) STRICT;
"""


def connected(path: Path, *, new: bool) -> sqlite3.Connection:
    """A connection to a ledger.

    Args:
        new: make it where there is none; else only one that is there is opened, and not written to.

    Raises:
        UsageError: it is not there, is something else, is damaged, or was written by a newer harness.
        NoSpace, Unwritable: it cannot be written.
    """
    there = path.exists()
    if there:
        _look(path)
    elif not new:
        raise UsageError("There is no ledger", where=str(path), hint="`harness chaos` makes one; name it with --ledger")
    with translated(path):
        if new and not there:
            _make(path)
        mode = "rw" if new else "ro"
        made = sqlite3.connect(
            f"file:{quote(str(path.absolute()))}?mode={mode}", uri=True, timeout=WAITS, isolation_level=None,
            check_same_thread=False,
        )  # fmt: skip
        try:
            _check(made, path)
        except BaseException:
            made.close()
            raise
        return made


def _make(path: Path) -> None:
    """Made whole under another name first: no reader, and no second campaign, sees half of it."""
    half = path.with_name(f".{path.name}.{id(path)}.new")
    try:
        files.directory(path.parent)
        files.opened(half, "wb").close()
        with contextlib.closing(sqlite3.connect(half)) as made:
            made.executescript(f"PRAGMA application_id={MAGIC}; PRAGMA user_version={FORMAT}; {TABLES}")
        with contextlib.suppress(FileExistsError):  # another campaign was faster
            path.hardlink_to(half)
    except OSError as error:
        raise Unwritable(
            "The ledger cannot be made", where=str(path), got=error.strerror or str(error),
            hint="name another with --ledger",
        ) from error  # fmt: skip
    finally:
        half.unlink(missing_ok=True)


def _look(path: Path) -> None:
    """Refuse what is no database before SQLite opens it: it would write to an empty file, and wait for a pipe."""
    try:
        with os.fdopen(reading.opened(path), "rb") as file:
            head = file.read(len(HEADER))
    except (OSError, ValueError) as error:
        got = getattr(error, "strerror", None) or str(error)
        raise UsageError("The ledger cannot be read", where=str(path), got=got, expected="a file") from error
    if head != HEADER:
        raise _foreign(path, "a file that is no SQLite database")


def _foreign(path: Path, got: str) -> UsageError:
    return UsageError(
        "This is not a ledger of chaos runs", where=str(path), got=got,
        expected="a file that `harness chaos` or `harness chaos merge` wrote",
        hint="nothing was changed in it; name another with --ledger",
    )  # fmt: skip


def _check(made: sqlite3.Connection, path: Path) -> None:
    made.execute("PRAGMA foreign_keys=ON")
    made.execute("PRAGMA trusted_schema=OFF")  # what a hostile file defines as a view or trigger is not run
    (magic,) = made.execute("PRAGMA application_id").fetchone()
    (version,) = made.execute("PRAGMA user_version").fetchone()
    if magic != MAGIC:
        raise _foreign(path, "another program's SQLite database")
    if version != FORMAT:
        raise UsageError(
            "The ledger was written by another version of the harness", where=str(path), got=f"format {version}",
            expected=f"format {FORMAT}",
            hint="nothing was changed in it; use the version that wrote it, or name another",
        )  # fmt: skip
    tables = {row[0]: row[1] for row in made.execute("SELECT name, type FROM sqlite_master")}
    wanted = {"campaign", "plan", "shrunk"}
    others = {name for name in tables if name not in wanted and not name.startswith("sqlite_autoindex")}
    if others or any(tables.get(name) != "table" for name in wanted):
        raise _foreign(path, "tables that are not those of a ledger")
    (said,) = made.execute("PRAGMA quick_check(1)").fetchone()
    if said != "ok":
        raise _damaged(path, said)


def _damaged(path: Path, said: object) -> UsageError:
    return UsageError(
        "The ledger is damaged", where=str(path), got=str(said),
        hint="nothing was changed in it; `sqlite3 FILE .recover` may save what it holds; name another with --ledger",
    )  # fmt: skip


@contextlib.contextmanager
def translated(path: Path) -> Iterator[None]:
    """SQLite's errors as ours."""
    try:
        yield
    except sqlite3.Error as error:
        raise _as_ours(path, error) from error


def _as_ours(path: Path, error: sqlite3.Error) -> HarnessError:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code == sqlite3.SQLITE_FULL:
        return NoSpace(
            "The ledger cannot be written: the disk is full", where=str(path), got=str(error),
            hint="free space there and call the same again: it goes on from what the ledger holds",
        )  # fmt: skip
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return _damaged(path, error)
    return Unwritable(
        "The ledger cannot be written", where=str(path), got=str(error), hint="name another with --ledger"
    )
