"""Those who look at one log: what its follower reads and notices goes to each of them."""

from __future__ import annotations

from harness.clock import Clock
from harness.probes.logs.file import Cursor, FileState
from harness.probes.logs.lines import LineBuffer
from harness.probes.logs.parts import LogPart
from harness.probes.logs.records import Moment
from harness.probes.logs.view import View
from harness.probes.logs.window import LogWindow


class Audience:
    """The views of one follower. Only those that are marked are told anything.

    Attributes:
        views: all of them.
        looked: when the file at the path was last read to its end, Unix time by the harness's clock.
        skew: s by which the replica's clock is ahead; zone: its seconds east of UTC.
        unread: what the last look left to be read, in words; None for nothing.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.views: list[View] = []
        self.looked = self.skew = self.zone = 0.0
        self.unread: str | None = None

    @property
    def marked(self) -> list[View]:
        """Those for whom records are new."""
        return [view for view in self.views if view.marked]

    @property
    def windows(self) -> list[LogWindow]:
        """Theirs."""
        return [view.window for view in self.marked]

    def polled(self, asked: float) -> None:
        """A look that was asked for at this monotonic time has ended."""
        for view in self.marked:
            view.polled(asked)

    def count(self, lines: bytes, part: LogPart, *, elsewhere: bool) -> None:
        """Lines of a part were read; `elsewhere`: in a file that the path did not name when they were written."""
        now, holes = self._clock.now(), part.lines.holes()
        unseen = now - self.looked if self.looked else 0.0
        moment = Moment(self.looked + self.skew, now + self.skew, now, self.zone, elsewhere, unseen)
        for view in self.marked:
            view.take(lines, part, moment, holes)

    def turn(self) -> None:
        """The lines that follow are of another file."""
        for view in self.marked:
            view.tally.times.begin()

    def half_line(self, lines: LineBuffer) -> None:
        """The file at the path was read to its end."""
        for view in self.marked:
            view.window.half_line(0 if view.passes(lines) else lines.partial, self._clock.now())

    def ended(self, lines: LineBuffer, *, torn: bool) -> None:
        """A part ended for good; `torn`: within a line."""
        for view in self.marked:
            view.ended(lines, torn=torn)

    def found(self, parts: list[LogPart], unread: list[str] | None = None) -> None:
        """Parts were found that were not read yet, and what of them cannot be read, in words."""
        for view in self.marked:
            view.found(parts)
            view.window.unread_parts += unread or []

    def lost(
        self,
        cursor: Cursor,
        *,
        copied: bool = False,
        emptied: bool = False,
        foreign: bool = False,
        gone: bool = False,
    ) -> None:
        """What was written behind the cursor since the last look cannot be had; `gone`: nor can what was before it."""
        now = self._clock.now()
        for window in self.windows:
            window.record_loss(cursor, self.looked, now, copied=copied, emptied=emptied, foreign=foreign, gone=gone)

    def changed(self, what: str, was: FileState | None, now: FileState | None, *, appeared: bool = False) -> None:
        """Something became of the file at the path; `appeared`: there was none at the last look."""
        for view in self.marked:
            if view.existed or not appeared:
                view.window.change(what, self._clock.now(), was, now)
                view.written = False

    def passed_over(self, why: str) -> None:
        """Not all was read until here, and what is missing never will be."""
        for view in self.marked:
            view.passed_over(why)
