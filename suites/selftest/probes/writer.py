"""A writer and its rotator, and a model that knows every record: which were read, and which cannot be had any more."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

from suites.selftest.probes.test_logs import Followed

KEPT = 3  # rotated parts


class Generation:
    """One file that was the log; `unread` are the records that the follower has not had the occasion to read."""

    def __init__(self) -> None:
        self.unread: list[str] = []
        self.looked = False  # the follower looked while it was there


class Writer:
    """Does what loggers and rotators do to a file, with records that are all different."""

    def __init__(self, log: Followed) -> None:
        self.log, self.number = log, 0
        self.written: list[str] = []
        self.lost: list[str] = []  # that were gone before the follower looked
        self.unknowable: list[str] = []  # of these in files that came and went between two looks
        self.emptied = self.dropped = False  # something was destroyed, be it only after it was read
        self.handle = log.path.open("a")
        self.here: Generation | None = Generation()  # at the path
        self.held = self.here  # by the handle; the same for the writer that opens the path for each record
        self.rotated: dict[int, Generation] = {}  # .1, .2, ...

    def close(self) -> None:
        self.handle.close()

    def record(self) -> str:
        self.number += 1  # at the beginning: a file is known by the bytes that were read of it, and here by nine
        return json.dumps(
            {"n": self.number, "release": "4.1.1", "text": "ü" * (self.number * 7 % 40)}, ensure_ascii=False
        )

    def by_name(self) -> None:
        """One record, by a writer that opens the path each time."""
        line = self.record()
        self.log.append(line + "\n")
        self.here = self.here or Generation()
        self._wrote(self.here, line)

    def by_handle(self) -> None:
        """One record, by the writer that keeps its file open; it comes in two halves, with a look between them."""
        line = self.record()
        self.handle.write(line[:9])
        self.handle.flush()
        if self.number % 2:
            self.poll()
        self.handle.write(line[9:] + "\n")
        self.handle.flush()
        self._wrote(self.held, line)

    def _wrote(self, where: Generation, line: str) -> None:
        self.written.append(line)
        where.unread.append(line)

    def reopen(self) -> None:
        """As after SIGHUP."""
        self.handle.close()
        before = self.held
        self.handle = self.log.path.open("a")
        self.here = self.here or Generation()
        self.held = self.here
        self._destroy_if_gone(before)

    def poll(self) -> None:
        self.log.clock.advance(1.0)
        self.log.follower.poll()
        for one in (self.here, self.held, *self.rotated.values()):
            if one is not None:
                one.looked = True
                one.unread.clear()

    def rename(self) -> None:
        """Rotate by renaming, and make a new file at once."""
        if self.here is None:
            return
        self._make_room()
        self.log.path.rename(f"{self.log.path}.1")
        self.rotated[1] = self.here
        self.log.path.touch()
        self.here = Generation()

    def copytruncate(self) -> None:
        if self.here is None:
            return
        self._make_room()
        shutil.copy(self.log.path, f"{self.log.path}.1")
        copy = Generation()
        copy.unread, self.here.unread = self.here.unread, []
        self.rotated[1] = copy
        os.truncate(self.log.path, 0)
        self.emptied = True

    def truncate(self) -> None:
        if self.here is None:
            return
        os.truncate(self.log.path, 0)
        self._lose(self.here)
        self.emptied = True

    def delete(self) -> None:
        if self.here is None:
            return
        self.log.path.unlink()
        gone, self.here = self.here, None
        self._destroy_if_gone(gone)

    def compress(self) -> None:
        """Pack the newest rotated part, so that it cannot be read any more."""
        if 1 in self.rotated:
            Path(f"{self.log.path}.1.gz").write_bytes(b"\x1f\x8b")
            Path(f"{self.log.path}.1").unlink()
            self._destroy_if_gone(self.rotated.pop(1))

    def _make_room(self) -> None:
        for number in sorted(self.rotated, reverse=True):
            part = Path(f"{self.log.path}.{number}")
            if number == KEPT:
                part.unlink()
                self._destroy_if_gone(self.rotated.pop(number))
            else:
                part.rename(f"{self.log.path}.{number + 1}")
                self.rotated[number + 1] = self.rotated.pop(number)

    def _destroy_if_gone(self, one: Generation) -> None:
        """What nobody has open and what has no name is gone."""
        if one is not self.here and one not in self.rotated.values():
            self.dropped = True
            if one is not self.held:
                self._lose(one)

    def _lose(self, one: Generation) -> None:
        self.lost += one.unread
        if not one.looked:
            self.unknowable += one.unread
        one.unread = []
