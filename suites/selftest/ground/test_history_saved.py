"""Saved histories: of runs that were killed, damaged ones, and files that are none."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from harness.errors import HistoryError
from harness.history import Event, read

WRITER = """
import sys
from pathlib import Path
from harness.events import Note
from harness.history import History
history = History(Path(sys.argv[1]))
number = 0
while True:
    history.record(Note(f"{number} " + "x" * 500))
    number += 1
    if number == 50:
        print("going", flush=True)
"""


def saved(directory: Path, *lines: str, end: str = "\n") -> Path:
    path = directory / "events.jsonl"
    path.write_bytes(("\n".join(lines) + end).encode("utf-8", "surrogateescape"))
    return path


def note(number: int) -> str:
    return Event(number, 1.0, 0.0, "note", {"text": str(number)}).to_json()


def refusal(path: Path) -> HistoryError:
    with pytest.raises(HistoryError) as caught:
        read(path)
    return caught.value


def test_a_killed_writer_leaves_a_history_that_can_be_read(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": _root()}
    ) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == b"going\n"
        writer.send_signal(signal.SIGKILL)
    found = read(path)
    assert len(found) >= 50
    assert [int(event.data["text"].split()[0]) for event in found] == list(range(len(found)))


def _root() -> str:
    return str(Path(__file__).parents[3])


def test_a_torn_last_line_is_left_out(tmp_path: Path) -> None:
    whole = note(1)
    for cut in range(len(whole)):
        assert [event.id for event in read(saved(tmp_path, note(0), whole[:cut], end=""))] == [0]


def test_a_torn_last_line_may_end_within_a_character(tmp_path: Path) -> None:
    path = saved(tmp_path, note(0))
    path.write_bytes(path.read_bytes() + note(1).replace("1", "é").encode()[:-30] + b"\xc3")
    assert len(read(path)) == 1


def test_an_empty_file_is_a_history_without_events(tmp_path: Path) -> None:
    assert read(saved(tmp_path, end="")) == ()


def test_damage_before_the_last_line_is_named_with_file_and_line(tmp_path: Path) -> None:
    error = refusal(saved(tmp_path, note(0), note(1)[:20], note(2)))
    assert error.where == f"{tmp_path / 'events.jsonl'}, line 2"
    assert error.got == note(1)[:20]


def test_a_last_line_that_is_whole_and_damaged_is_not_taken_for_a_torn_one(tmp_path: Path) -> None:
    assert "damaged" in refusal(saved(tmp_path, note(0), "{}")).what


@pytest.mark.parametrize(
    "line",
    [
        "services: {}",
        "[]",
        "1",
        "null",
        '"text"',
        "{}",
        '{"v": 1}',
        note(0).replace('"id":0', '"id":"x"'),
        note(0).replace('"id":0', '"id":1e999'),
        "[" * 100_000,
        "\udcff",
    ],
    ids=["yaml", "list", "number", "null", "text", "empty", "version", "id", "huge", "deep", "bytes"],
)
def test_a_file_that_is_no_history_is_refused(tmp_path: Path, line: str) -> None:
    error = refusal(saved(tmp_path, line))
    assert "is not one" in error.what
    assert error.where is not None
    assert error.where.endswith("line 1")


def test_a_file_of_one_foreign_line_without_an_end_is_not_an_empty_history(tmp_path: Path) -> None:
    assert "no whole event" in refusal(saved(tmp_path, "hello", end="")).what


def test_a_newer_format_is_refused_with_what_to_do(tmp_path: Path) -> None:
    error = refusal(saved(tmp_path, note(0).replace('"v":1', '"v":2')))
    assert "newer version" in error.what
    assert error.hint is not None
    assert "update" in error.hint


@pytest.mark.parametrize("version", ['"2"', "null", "{}"])
def test_a_version_that_is_no_number_is_damage(tmp_path: Path, version: str) -> None:
    assert "is not one" in refusal(saved(tmp_path, note(0).replace('"v":1', f'"v":{version}'))).what


def test_a_gap_is_named_with_its_line(tmp_path: Path) -> None:
    error = refusal(saved(tmp_path, note(0), note(2)))
    assert (error.what, error.got, error.expected) == ("The history has a gap", "id 2", "id 1")
    assert error.where == f"{tmp_path / 'events.jsonl'}, line 2"


def test_a_file_that_is_not_there_is_an_error_of_ours(tmp_path: Path) -> None:
    error = refusal(tmp_path / "nothing.jsonl")
    assert error.where == str(tmp_path / "nothing.jsonl")
    assert "No such file" in str(error.got)


def test_a_directory_is_an_error_of_ours(tmp_path: Path) -> None:
    assert "cannot be read" in refusal(tmp_path).what


def test_a_huge_line_is_not_quoted_whole(tmp_path: Path) -> None:
    assert len(str(refusal(saved(tmp_path, "x" * 100_000, note(0))).got)) <= 80


def test_bytes_that_are_no_text_are_damage_and_are_not_read_as_something_else(tmp_path: Path) -> None:
    path = saved(tmp_path, note(0))
    path.write_bytes(path.read_bytes().replace(b'"text":"0"', b'"text":"\xff"'))
    assert "damaged" in refusal(path).what
