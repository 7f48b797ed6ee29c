"""Two timelines side by side: what happened here, and what happened in the original."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rich.table import Table
from rich.text import Text

from harness.printable import clean


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    """Something that happened.

    Attributes:
        at: seconds since the beginning of its own timeline.
        text: what, in one line.
        key: what makes two entries the same event; empty for one that has no fellow.
        label: how its time is written; left empty, `0:42` (minutes and seconds).
    """

    at: float
    text: str
    key: str = ""
    label: str = ""

    @property
    def time(self) -> str:
        """Its time as it is written."""
        return self.label or clock(self.at)


@dataclass(frozen=True, slots=True)
class Row:
    """One line of both: either side may be empty."""

    ours: TimelineEntry | None
    theirs: TimelineEntry | None


def clock(seconds: float) -> str:
    """`0:07`, `12:30`, `1:02:03`."""
    whole = round(seconds)
    hours, rest = divmod(whole, 3600)
    tail = f"{rest // 60:02}:{rest % 60:02}" if hours else f"{rest // 60}:{rest % 60:02}"
    return f"{hours}:{tail}" if hours else tail


def pair(ours: Iterable[TimelineEntry], theirs: Iterable[TimelineEntry]) -> tuple[Row, ...]:
    """Rows in the order of both timelines: entries of one key beside each other, the others on lines of their own.

    Where the two disagree about the order, theirs is kept and ours is shown on a line of its own.
    """
    left, right = sorted(ours, key=lambda entry: entry.at), sorted(theirs, key=lambda entry: entry.at)
    rows: list[Row] = []
    done = 0
    for entry in right:
        match = next((at for at in range(done, len(left)) if entry.key and left[at].key == entry.key), None)
        if match is None:
            rows.append(Row(None, entry))
            continue
        rows += [Row(earlier, None) for earlier in left[done:match]]
        rows.append(Row(left[match], entry))
        done = match + 1
    return tuple(rows + [Row(later, None) for later in left[done:]])


def table(rows: Sequence[Row], *, ours: str = "this run", theirs: str = "the original") -> Table:
    """The rows for a terminal; fits 80 columns."""
    made = Table(box=None, padding=(0, 1, 0, 0), header_style="bold", pad_edge=False)
    for name in (ours, theirs):
        made.add_column("", justify="right", no_wrap=True, style="dim")
        made.add_column(name, ratio=1)
    for row in rows:
        cells = [(entry.time, clean(entry.text)) if entry else ("", "") for entry in (row.ours, row.theirs)]
        made.add_row(*(Text(text) for cell in cells for text in cell))
    return made


def lines(rows: Sequence[Row], *, ours: str = "this run", theirs: str = "the original", width: int = 44) -> list[str]:
    """The rows as plain text, ours cut to `width` characters."""
    made = [f"{'':>8}  {ours:<{width}}  {'':>8}  {theirs}".rstrip()]
    for row in rows:
        left = (row.ours.time, clean(row.ours.text)) if row.ours else ("", "")
        right = (row.theirs.time, clean(row.theirs.text)) if row.theirs else ("", "")
        cut = left[1] if len(left[1]) <= width else left[1][: width - 3] + "..."
        made.append(f"{left[0]:>8}  {cut:<{width}}  {right[0]:>8}  {right[1]}".rstrip())
    return made
