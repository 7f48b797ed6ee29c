import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from harness.report.timeline import TimelineEntry, clock, lines, pair, table

OURS = [TimelineEntry(0, "deploy", "deploy"), TimelineEntry(9, "log check", "logs"), TimelineEntry(12, "our own")]
THEIRS = [
    TimelineEntry(0, "hot-fix deployment starts", "deploy", "00:45"),
    TimelineEntry(1680, "automatic deployment completes", "done", "01:13"),
    TimelineEntry(2520, "log files are not being updated", "logs", "01:27"),
]
ENTRIES = st.lists(
    st.builds(TimelineEntry, st.integers(0, 99), st.just("x"), st.sampled_from(["", "a", "b", "c"])), max_size=8
)


def test_what_is_the_same_event_stands_beside_each_other() -> None:
    rows = pair(OURS, THEIRS)
    assert [(row.ours and row.ours.text, row.theirs and row.theirs.label) for row in rows] == [
        ("deploy", "00:45"),
        (None, "01:13"),
        ("log check", "01:27"),
        ("our own", None),
    ]


@given(ENTRIES, ENTRIES)
def test_every_entry_is_there_once_in_its_own_order(ours: list[TimelineEntry], theirs: list[TimelineEntry]) -> None:
    rows = pair(ours, theirs)
    assert [row.ours for row in rows if row.ours] == sorted(ours, key=lambda entry: entry.at)
    assert [row.theirs for row in rows if row.theirs] == sorted(theirs, key=lambda entry: entry.at)
    assert all(row.ours.key == row.theirs.key for row in rows if row.ours and row.theirs)


@pytest.mark.parametrize(("seconds", "text"), [(0, "0:00"), (7.4, "0:07"), (750, "12:30"), (3723, "1:02:03")])
def test_a_time_is_minutes_and_seconds(seconds: float, text: str) -> None:
    assert clock(seconds) == text


def test_both_columns_fit_a_terminal_of_80() -> None:
    out = io.StringIO()
    Console(file=out, width=80).print(table(pair(OURS, THEIRS)))
    assert all(len(line.rstrip()) <= 80 for line in out.getvalue().splitlines())
    assert "01:27" in out.getvalue()


def test_plain_lines_keep_their_columns() -> None:
    head, *rows = lines(pair(OURS, THEIRS), width=12)
    assert head == "          this run                the original"
    assert rows[0] == "    0:00  deploy           00:45  hot-fix deployment starts"
    assert rows[1] == "                           01:13  automatic deployment completes"
    assert rows[3] == "    0:12  our own"
