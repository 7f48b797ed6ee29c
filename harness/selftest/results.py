"""The results of a table: JSON lines, appended as the runs end, so that an interrupted table goes on where it was.

The first line says what the table is; a file of another table is refused. A line without its end was being written when
its writer was killed; it is cut off, and that run is done once more.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harness.errors import UsageError, unwritable
from harness.selftest.table import Result

FILE = "results.jsonl"


class Results:
    """The results so far. Safe to use from several threads.

    Args:
        directory: of the self-test; made where it is not there.
        about: what the table is: its kind, its seed, its stack.

    Raises:
        UsageError: the directory holds the results of another table, or something else.
        Unwritable, NoSpace: it cannot be written.
    """

    def __init__(self, directory: Path, about: Mapping[str, Any]) -> None:
        self.directory, self.path, self._lock = directory, directory / FILE, threading.Lock()
        self._by_number: dict[int, Result] = {}
        try:
            directory.mkdir(parents=True, exist_ok=True)
            if not self.path.exists():
                self._append({"table": dict(about)})
            self._load(dict(about))
        except OSError as error:
            raise unwritable("The results cannot be written", directory, error) from error

    def _load(self, about: dict[str, Any]) -> None:
        text = self.path.read_text(encoding="utf-8", errors="replace")
        whole = text[: text.rfind("\n") + 1]
        if whole != text:
            os.truncate(self.path, len(whole.encode()))
        try:
            first, *rest = [json.loads(line) for line in whole.splitlines()] or [{"table": about}]
            found = first["table"]
            results = [Result.of(one) for one in rest]
        except (ValueError, KeyError, TypeError) as error:
            raise UsageError(
                "This is not a file of results", where=str(self.path), got=str(error), hint="name another directory"
            ) from error
        if found != about:
            other = ", ".join(
                f"{key} {found.get(key)!r}, not {about[key]!r}" for key in about if found.get(key) != about[key]
            )
            raise UsageError(
                "The directory holds the results of another table",
                where=str(self.path),
                got=other or "other settings",
                hint="name another directory with --out, or remove this one",
            )
        if not whole:
            self._append({"table": about})
        self._by_number = {one.n: one for one in results}

    def add(self, result: Result) -> None:
        """Append one. Unwritable, NoSpace where it cannot be written."""
        with self._lock:
            try:
                self._append(result.to_data())
            except OSError as error:
                raise unwritable("The results cannot be written", self.path, error) from error
            self._by_number[result.n] = result

    def get(self, n: int) -> Result | None:
        """That of a case; None while it has none."""
        with self._lock:
            return self._by_number.get(n)

    @property
    def all(self) -> tuple[Result, ...]:
        """Those so far, in the order of the table."""
        with self._lock:
            return tuple(self._by_number[n] for n in sorted(self._by_number))

    def _append(self, data: Mapping[str, Any]) -> None:
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(data, separators=(",", ":"), default=str) + "\n")
            file.flush()
            os.fsync(file.fileno())
