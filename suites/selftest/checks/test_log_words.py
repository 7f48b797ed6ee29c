"""What became of a log is told in words of its own for each of the ways to lose one."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from harness.checks import _log_words as words
from harness.events import ProbeLog
from harness.history import Event, of
from suites.selftest.checks.builder import Made

AT = 1_333_525_507.0  # 07:45:07 UTC


@pytest.fixture(autouse=True)
def _elsewhere(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Words tell UTC wherever they are read."""
    monkeypatch.setenv("TZ", "Asia/Kathmandu")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def event(**data: Any) -> Event[ProbeLog]:
    return of(Made().log("deployed", "backend-2", **data).events, ProbeLog)[-1]


def log(**data: Any) -> ProbeLog:
    return event(**data).body


def test_bytes_are_told_in_the_largest_unit_that_they_fill() -> None:
    for number, said in (
        (0, "0 bytes"), (1023, "1023 bytes"), (1024, "1 KiB"), (1536, "1.5 KiB"), ((1 << 20) - 1024, "1.02e+03 KiB"),
        (1 << 20, "1 MiB"), (5 << 19, "2.5 MiB"), (1 << 30, "1 GiB"), (3 << 40, "3.07e+03 GiB"),
    ):  # fmt: skip
        assert words.size(number) == said


def test_heartbeats_and_records_of_another_file_do_not_prove_that_the_log_is_written() -> None:
    assert words.own(log(records=10, heartbeats=3, elsewhere=2)) == 5


WRITER = {"pid": 7, "process": "python3", "inode": 8123, "file": "/srv/log.1"}


@pytest.mark.parametrize(
    ("writer", "said"),
    [
        (
            {"how": "deleted", "since": AT, "grew": 2048},
            "writes to a deleted file: inode 8123, opened before the rotation at 07:45:07; python3, pid 7; "
            "2 KiB went there",
        ),
        (
            {"how": "renamed", "since": None, "grew": 0},
            "holds a renamed file (/srv/log.1): inode 8123, opened before it was watched; python3, pid 7",
        ),
    ],
)
def test_a_writer_to_another_file_is_named_with_its_process_and_its_file(writer: dict[str, Any], said: str) -> None:
    assert words.writers(log(writers=[{**WRITER, **writer}])) == [f"backend-2 {said}"]


CHANGED = {
    "rotated": "was rotated at 07:45:07: inode 11 was renamed, and the path is inode 12",
    "replaced": "was replaced by another file at 07:45:07: the path is inode 12, inode 11 is gone",
    "recreated": "was deleted and recreated on the same inode 12 at 07:45:07",
    "copied": "was replaced by a copy of itself at 07:45:07: inode 11 became 12",
    "appeared": "appeared again at 07:45:07 as inode 12",
    "renamed": "was renamed at 07:45:07, and no new file was made: inode 11",
    "deleted": "was deleted at 07:45:07: inode 11",
    "new container": "vanished with its container, which was recreated (seen at 07:45:07)",
    "truncated": "was truncated at 07:45:07, to 2 KiB",
    "regrown": "was truncated and had grown past its old size by 07:45:07",
    "something else": "",
}


def change(what: str, **data: Any) -> dict[str, Any]:
    return {"what": what, "at": AT, "was": 11, "now": 12, "size": 2048, "births": True, **data}


@pytest.mark.parametrize("what", CHANGED)
def test_every_change_of_a_file_has_its_own_words(what: str) -> None:
    assert words.became(log(changes=[change(what)])) == CHANGED[what]


def test_the_last_change_is_told_and_a_restart_is_none() -> None:
    changes = [change("deleted"), change("appeared"), change("restarted")]
    assert words.became(log(changes=changes)) == CHANGED["appeared"]
    assert words.became(log(changes=[change("restarted")], state="replaced")) == "was replaced by another file"


def test_without_changes_the_state_is_told() -> None:
    assert words.became(log(state="truncated")) == "was truncated"
    assert words.became(log(state="ok")) == ""
    assert words.became(log(state=None)) == ""


def test_a_file_system_without_birth_times_cannot_tell_a_truncation_from_a_new_file() -> None:
    said = words.became(log(changes=[change("regrown", births=False)]))
    assert said == (CHANGED["regrown"] + ", or recreated on the same inode (this file system has no birth times)")


def test_a_file_that_was_truncated_to_a_size_that_is_not_known_is_empty() -> None:
    assert words.became(log(changes=[change("truncated", size=None)])).endswith("to 0 bytes")


@pytest.mark.parametrize(
    ("was", "shows", "said"),
    [
        ("/host/log", "/host/log", ""),
        ("/host/log", "", ""),
        (None, None, ""),
        ("/host/log", "/host/log//deleted", "/host/log was deleted"),
        ("/host/log//deleted", "/host/log//deleted", "/host/log was deleted"),
        ("/host/log", "/host/log.1", "/host/log was renamed to /host/log.1"),
        (None, "/host/log.1", "the file was renamed to /host/log.1"),
    ],
)
def test_a_mounted_file_that_is_an_old_one_is_told(was: str | None, shows: str | None, said: str) -> None:
    found = words.mounted(log(mount={"was": was, "shows": shows}))
    head = "is a mounted single file, and the mount still shows the old one: outside, "
    assert found == (head + said if said else "")
    assert words.mounted(log()) == ""


def test_a_file_system_without_a_page_left_is_full() -> None:
    assert words.full(log(disk={"free": 4095, "size": 1 << 20})) == "its file system is full (4 KiB free of 1 MiB)"
    assert words.full(log(disk={"free": 0, "size": None})) == "its file system is full (0 bytes free of 0 bytes)"
    for disk in ({"free": 4096, "size": 1 << 20}, {"free": None, "size": 1 << 20}, None):
        assert words.full(log(disk=disk)) == ""


def test_half_a_line_is_told_with_its_length_and_since_when() -> None:
    assert (
        words.half_line(log(partial={"bytes": 12, "since": AT})) == "it ends in half a line (12 bytes) since 07:45:07"
    )
    assert words.half_line(log()) == ""


def test_all_that_explains_silence_is_told_the_most_telling_first() -> None:
    found = words.silent(log(
        writers=[{**WRITER, "how": "deleted", "since": AT}], mount={"was": "/a", "shows": "/b"},
        changes=[change("rotated")], disk={"free": 0, "size": 1024}, heartbeats=2, touched=True,
        partial={"bytes": 12, "since": AT}, open=0,
    ))  # fmt: skip
    assert [said[:22] for said in found] == [
        "backend-2 holds a dele", "is a mounted single fi", "was rotated at 07:45:0", "its file system is ful",
        "it has 2 heartbeats an", "it was touched: its ti", "it ends in half a line",
    ]  # fmt: skip
    assert words.silent(log(heartbeats=1)) == ["it has 1 heartbeat and no other record"]
    assert words.silent(log(touched=True)) == ["it was touched: its time changed, and nothing was written"]


def test_nobody_who_has_a_log_open_explains_silence_where_that_is_known() -> None:
    assert words.silent(log(open=0)) == ["no process has it open for writing"]
    assert words.silent(log(open=1)) == []
    assert words.silent(log(open=None)) == []


def test_records_that_come_late_are_told_from_those_that_are_held_back() -> None:
    stale = "has 2 records with a stale time: up to 3.5 s before the look that did not have them yet"
    blocks = (
        "is written in blocks: 1 record appeared up to 3.5 s late, together with newer ones; the writer holds them back"
    )
    assert words.late(log(times={"stale": 2, "lag": 3.5})) == [stale]
    assert words.late(log(times={"stale": 2, "lag": 3.5, "worst": AT})) == [f"{stale}, e.g. 07:45:07"]
    assert words.late(log(times={"stale": 2, "blocks": 1, "lag": 3.5})) == [stale, blocks]
    assert words.late(log(times={"lag": 3.5})) == []


def test_what_is_wrong_with_times_is_told_apart() -> None:
    back = log(times={"backward": 3, "step": 2.5})
    assert words.backward(back) == ["has 3 records whose time goes back, by up to 2.5 s"]
    assert words.times(back) == words.backward(log()) == words.times(log()) == []
    assert words.times(log(times={"ahead": 1, "lead": 60.0, "unreadable": 2})) == [
        "has 1 record from the future, by up to 60.0 s",
        "has 2 records without a time that can be read",
    ]


@pytest.mark.parametrize(
    ("skew", "said"),
    [
        (1.5, " (the replica's clock is 1.5 s ahead of the harness's)"),
        (-90.0, " (the replica's clock is 90.0 s behind the harness's)"),
        (1.0, ""),
        (-1.0, ""),
        (None, ""),
    ],
)
def test_a_replica_whose_clock_is_off_by_more_than_a_second_is_told(skew: float | None, said: str) -> None:
    assert words.backward(log(times={"backward": 1, "step": 2.5}, skew=skew)) == [
        f"has 1 record whose time goes back, by up to 2.5 s{said}"
    ]
    assert words.times(log(skew=skew)) == [], "and where nothing is wrong with the times it is no matter"


@pytest.mark.parametrize(
    ("sequence", "said"),
    [
        ({}, []),
        ({"missing": 1, "shown": ["7"]}, ["has a sequence with 1 number missing: 7"]),
        ({"repeated": 2}, ["has a sequence with 2 numbers repeated"]),
        (
            {"missing": 2, "repeated": 1, "unreadable": 3, "shown": ["7", "9"]},
            [
                "has a sequence with 2 numbers missing and 1 number repeated: 7 and 9",
                "has 3 records without a number",
            ],
        ),
    ],
)
def test_gaps_and_repetitions_of_a_sequence_are_counted_and_shown(sequence: dict[str, Any], said: list[str]) -> None:
    assert words.numbers(log(sequence=sequence)) == said


def other(seconds: float, *span: float, name: str = "4.1.0", ended: float = 10.0) -> str:
    """Records of another release, in a watch that ended so long after `AT` and took so long."""
    made = Made()
    made.clock.advance(AT + ended - made.clock.now())
    found = {name: [AT + at for at in span]} if span else {}
    made.log("deployed", seconds=seconds, releases=found)
    return words.other_release(of(made.events, ProbeLog)[-1], name, 2, "4.1.1")


def test_stragglers_of_another_release_are_told_from_those_that_go_on() -> None:
    said = "has 2 records of 4.1.0, where 4.1.1 should write"
    assert other(20.0) == said
    assert other(20.0, 0.0, 0.0) == (f"{said} (at 07:45:07; 10.0 s after the watch began, none in the last 10.0 s)")
    assert other(20.0, 0.0, 8.0) == (
        f"{said} (from 07:45:07 to 07:45:15; 18.0 s after the watch began, none in the last 2.0 s)"
    )
    assert other(20.0, 0.0, 9.0) == f"{said} (from 07:45:07 to 07:45:16; it goes on to the end)"
    assert other(20.0, 0.0, 8.75).endswith("none in the last 1.2 s)")
    assert other(20.0, 0.0, 12.0).endswith("; it goes on to the end)"), "its clock is ahead"
    assert other(20.0, 0.0, name="").startswith("has 2 records that name no release, where")


def test_what_is_damaged_and_what_is_lost_is_told() -> None:
    assert words.damage(log(unparsed=1, torn=2)) == [
        "has 1 record that cannot be parsed",
        "has 2 records cut off at the end of a rotated part",
    ]
    assert words.damage(log(torn=1)) == ["has 1 record cut off at the end of a rotated part"]
    assert words.damage(log()) == []
    assert words.lost(log(losses=[{"what": "the end of it"}], unread_parts=["log.1 is compressed"])) == [
        "the end of it",
        "log.1 is compressed",
    ]


def test_holes_of_several_reports_are_added_up() -> None:
    said = "a hole of 3 KiB of NUL bytes, left by a writer without O_APPEND after a truncation"
    assert words.holes([event(hole=1024), event(hole=2048)]) == said
    assert words.holes([event(), event()]) == words.holes([]) == ""
