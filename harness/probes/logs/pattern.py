"""Follows the files that match a pattern as one log: dated names, one file for each worker, `/var/log/app/*.log`.

A file that comes is read from its beginning, one that is renamed is known by its inode, and one that does not match any
more is read to its end where it went. What cannot be had is named.
"""

from __future__ import annotations

from collections.abc import Iterator

from harness.clock import Clock
from harness.errors import HostError, NotMeasured
from harness.history import History
from harness.printable import shortened
from harness.probes.digest import TRIES, digested, whole
from harness.probes.logs.base import Follower
from harness.probes.logs.directory import DirectoryState, packed, scan
from harness.probes.logs.file import STAT, TIMEOUT, Cursor, FileState, place
from harness.probes.logs.follower import BYTES
from harness.probes.logs.lines import LineBuffer
from harness.probes.logs.parts import Budget, LogPart, current_path
from harness.probes.logs.spec import LogReplica, LogSpec
from harness.stack.patterns import for_shell

_LIST = """LC_ALL=C; export LC_ALL
for f in {pattern}; do [ -f "$f" ] && stat -L -c '{stat}|%n' "$f"; done; echo END"""


class PatternFollower(Follower):
    """Follows the files that match the path of its spec, which is a pattern, as one log. `around` is what stands beside
    the file that was written last. See `Follower`.
    """

    rotated: list[LogPart] = []  # noqa: RUF012 - it is never changed: a file that left is read to its end at once

    def __init__(self, replica: LogReplica, spec: LogSpec, history: History, clock: Clock) -> None:
        super().__init__(replica, spec, history, clock)
        self._parts: dict[tuple[str, int, str], LogPart] = {}
        self._written: set[LogPart] = set()
        self._placed = False

    def look_after_rotated(self) -> None:
        """Look around the file that was written last."""
        if (newest := self._newest) is not None:
            self._scan(newest.path)

    def read_to_end(self) -> None:
        """Read to the end of all files; see `LogFollower.read_to_end`. Raises as `poll`."""
        if self._placed:
            self._look_once()
            if self.unread is None:
                return
            self._audience.passed_over(f"what was written before a mark was passed over: {self.unread}")
        asked = self.clock.now()
        self._parts = {}
        for path, file in self._files():
            cursor = place(self.replica, path)
            if cursor is not None and cursor.file.ident == file.ident:
                skipping = cursor.anchor[-1:] not in (b"", b"\n")
                self._parts[file.ident] = LogPart(cursor, LineBuffer(skipping=skipping), path=path)
        self.gone = not self._parts
        self._audience.looked, self._audience.unread, self._placed = asked, None, True
        self.look_after_rotated()

    @property
    def file(self) -> FileState | None:
        """The file that was written last."""
        newest = self._newest
        return newest.cursor.file if newest else None

    @property
    def parts(self) -> list[LogPart]:
        """All files that match."""
        return list(self._parts.values())

    @property
    def _newest(self) -> LogPart | None:
        return max(self._parts.values(), key=lambda one: (one.cursor.file.modified, one.path), default=None)

    def _follow(self) -> None:
        asked, budget = self.clock.now(), Budget(BYTES)
        self._audience.unread = None
        found = self._files()
        idents = {file.ident for _, file in found}
        for ident in [ident for ident in self._parts if ident not in idents]:
            self._left(self._parts.pop(ident), budget)
        if self.gone and found:
            self._audience.changed("appeared", None, found[0][1], appeared=True)
        elif not self.gone and not found:
            self._audience.changed("deleted", None, None)
        self.gone = not found
        for path, file in found:
            part = self._parts.setdefault(file.ident, LogPart(Cursor(file), path=path))
            part.path = path
            if file.size != part.cursor.offset:
                self._advance(part, budget)
        if self._audience.unread is None:
            self._audience.looked = asked
        if (newest := self._newest) is not None:
            self._audience.half_line(newest.lines)

    def _advance(self, part: LogPart, budget: Budget) -> None:
        """Read on in one file."""
        while True:
            was = part.cursor
            lines = part.advance(self.replica, budget)
            if lines is None:
                self._audience.lost(was, emptied=part.emptied)
                if not part.emptied:  # it left since it was listed
                    return
                self._audience.changed("truncated", was.file, part.cursor.file)
                continue
            self._written.add(part)
            self._audience.turn()
            self._audience.count(lines, part, elsewhere=False)
            if not part.backlog:
                return
            if budget.left <= 0:
                self._audience.unread = f"{part.backlog} bytes of {part.path} are not read yet"
                return

    def _left(self, part: LogPart, budget: Budget) -> None:
        """A file does not match any more: read what it still holds where it went, which is all that can be done."""
        around = self._scan(part.path)
        path = current_path(part, around) if around is not None else ""
        if path:
            part.path = path
            self._advance(part, budget)
        elif part in self._written or around is None:  # one that nobody writes to is put away, and nothing is lost
            self._audience.lost(part.cursor)
        self._audience.ended(part.lines, torn=part.lines.end() > 0)

    def _files(self) -> list[tuple[str, FileState]]:
        """The files that match, each once, in the order of their names. Raises HostError, NotMeasured."""
        question = digested(_LIST.format(pattern=for_shell(self.spec.path), stat=STAT))
        for _ in range(TRIES):
            answer = self.replica.ask(question, TIMEOUT)
            said = whole(answer.stdout)
            if said is not None:
                break
        lines = bytes(said or b"").decode("utf-8", "surrogateescape").split("\n")
        if "END" not in lines:
            got = shortened((answer.stderr or answer.stdout[:200]).decode("utf-8", "replace"))
            where = f"{self.replica.name}:{self.spec.path}"
            raise NotMeasured("The files of the log cannot be listed", where=where, got=got)
        return list(_each_once(lines[: lines.index("END")]))

    def _scan(self, path: str) -> DirectoryState | None:
        """Look around a file; None where that is not possible."""
        before = self.clock.now()
        try:
            around = scan(self.replica, path)
        except HostError:
            raise
        except NotMeasured:
            return None
        if around.now is not None:
            self._audience.skew = around.now - (before + self.clock.now()) / 2
        self.around, self._audience.zone = around, around.zone
        return around


def _each_once(lines: list[str]) -> Iterator[tuple[str, FileState]]:
    """Path and state of each file; a link to another one of them is no second file, and what is packed no log."""
    seen: set[tuple[str, int, str]] = set()
    for line in lines:
        fields = line.split("|", 5)
        try:
            file, path = FileState.of(fields[:5]), fields[5]
        except (ValueError, IndexError):  # a name with a line feed in it
            continue
        if file.ident not in seen and not packed(path):
            seen.add(file.ident)
            yield path, file
