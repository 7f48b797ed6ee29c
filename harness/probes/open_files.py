"""The files of a replica that are deleted and still open. A shell of its own: a long scan delays no look."""

from __future__ import annotations

import shlex
import time
from collections.abc import Collection

from harness.kept import KeptShell, Startable
from harness.probes import kernel, opened

MAX_NAMED = 20  # files whose inode is asked, and that an event names
MAPS_EVERY = 10.0  # s between two scans of the mapped files, which cost the most
MOMENT = 0.1  # s that a look waits for it; later answers come with the next


class OpenFiles:
    """Scans the open files of every process of one replica.

    Attributes:
        deleted: those that are deleted, at the last scan; None before one was answered.
        unseen: why not all could be looked at; empty where they could.
        files: of each process, at the last scan; None before one was answered.
        scans: how many were answered.
        mapped: the last one looked at the mapped files, too.
    """

    def __init__(self, replica: Startable) -> None:
        self._shell = KeptShell(replica, kernel.FUNCTIONS)
        self.deleted: tuple[kernel.Deleted, ...] | None = None
        self.unseen = "the open files were not looked at yet"
        self.files: dict[int, opened.ProcessFiles] | None = None
        self.scans = 0
        self.mapped, self._mapped_at = False, float("-inf")
        self._inodes: dict[kernel.Deleted, tuple[int, int]] = {}
        self._asked: tuple[str, ...] = ()
        self._line = ""
        self._before: frozenset[int] = frozenset()

    def begin(self, due: bool, processes: Collection[int]) -> None:
        """Send the question, if a scan is due or a deleted file has no inode yet, and no question is open.

        Args:
            processes: those of the replica at the last look. Without any, no scan is made: whether one was hidden
                could not be told.
        """
        if self._asked:
            self._shell.call(self._line)  # where the shell is being started: once it stands
            return
        new = [one for one in self.deleted or () if one not in self._inodes][:MAX_NAMED]
        if due and processes:
            mapped = time.monotonic() - self._mapped_at >= MAPS_EVERY
            self._asked, self._before = ("scan maps" if mapped else "scan",), frozenset(processes)
        elif new:
            self._asked = tuple(f"inode {one.owner[0]} {one.owner[1]} {shlex.quote(one.place)}" for one in new)
        if self._asked:
            self._line = f"; printf '{kernel.PART}'; ".join(self._asked)
            self._shell.call(self._line)

    def finish(self, until: float, processes: Collection[int]) -> None:
        """Take the answer, if it is there.

        Args:
            processes: those of the replica now. Who was there before the scan too should have been scanned; who began
                or ended meanwhile is not hidden.
        """
        if not self._asked:
            return
        heard = self._shell.answer(min(until, time.monotonic() + MOMENT))
        if heard.text is None:
            if not self._shell.busy:
                self._asked, self.deleted, self.files = (), None, None
                self.unseen = heard.error or "no answer"
            return
        asked, self._asked = self._asked, ()
        if asked[0] in ("scan", "scan maps"):
            self.mapped = asked[0] == "scan maps"
            self._mapped_at = time.monotonic() if self.mapped else self._mapped_at
            self._scanned(heard.text, processes)
            return
        found = kernel.inodes(heard.text.replace(kernel.PART, "\n"))
        for one in self.deleted or ():
            if any(part.endswith(f" {one.place}") for part in asked):
                self._inodes[one] = found.get(one.place, (0, 0))  # closed meanwhile

    def _scanned(self, text: str, processes: Collection[int]) -> None:
        found, whose = kernel.scanned(text)
        self.deleted = found if whose else None
        self.files = opened.processes(text) if whose else None
        self.scans += 1
        self._inodes = {one: known for one, known in self._inodes.items() if one in found}
        hidden = len(self._before.intersection(processes) - whose)
        self.unseen = f"the open files of {hidden} processes cannot be looked at" if hidden else ""

    def rows(self) -> list[list[object]] | None:
        """`[pid, place below /proc, path, inode, size]` of the first; inode and size null until they are known."""
        if self.deleted is None:
            return None
        return [
            [one.pid, one.place, one.path, *self._inodes.get(one, (None, None))] for one in self.deleted[:MAX_NAMED]
        ]

    def close(self) -> None:
        """End the shell."""
        self._shell.close()
