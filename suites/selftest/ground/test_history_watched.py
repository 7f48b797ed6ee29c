"""Whoever deletes, replaces or changes the files of a run while it runs is told of, and no record fails of it."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.errors import INTERNAL, HistoryError
from harness.events import RunEnd
from harness.files import Kept
from harness.history import Event, History, read
from suites.raw import raw

Harm = Callable[[Path], object]


def replace(path: Path) -> None:
    other = path.with_name("other")
    other.write_bytes(path.read_bytes())
    other.replace(path)


def extend(path: Path) -> None:
    with path.open("a") as file:
        file.write(Event(9, 1.0, 0.0, "note", {}).to_json() + "\n")


HARMS: list[tuple[Harm, str]] = [
    (Path.unlink, "not there any more"),
    (replace, "another file is in its place"),
    (lambda path: os.truncate(path, 10), "cut off"),
    (extend, "something else wrote to it"),
]


@pytest.fixture
def history(tmp_path: Path) -> History:
    made = History(tmp_path / "events.jsonl")
    made.record(raw("note", text="a"))
    return made


@pytest.mark.parametrize(("harm", "words"), HARMS, ids=["deleted", "replaced", "cut", "extended"])
def test_it_is_the_harnesss_own_fault_and_names_the_file(history: History, harm: Harm, words: str) -> None:
    assert history.path is not None
    harm(history.path)
    with history.step("clean up"):
        history.record(raw("note", text="b"))  # who cleans up must not fail of it
    with pytest.raises(HistoryError) as caught:
        history.check()
    assert (caught.value.where, caught.value.exit_code) == (str(history.path), INTERNAL)
    assert words in str(caught.value.got)
    assert len(history.events) == 4


def test_it_is_found_at_the_next_write_also_when_the_file_comes_back_later(history: History) -> None:
    path = history.path
    assert path is not None
    aside = path.with_name("aside")
    path.rename(aside)
    history.record(raw("note", text="while it was away"))
    aside.rename(path)
    with pytest.raises(HistoryError, match="was changed while the run wrote to it"):
        history.check()


def test_bytes_that_were_changed_in_place_are_found_at_the_end(history: History) -> None:
    assert history.path is not None
    with history.path.open("r+b") as file:
        file.seek(2)
        file.write(b"V")
    history.check()
    with pytest.raises(HistoryError) as caught:
        history.check(whole=True)
    assert caught.value.got == "what it holds was changed"


def test_a_file_beside_it_is_watched_as_well(history: History, tmp_path: Path) -> None:
    beside = Kept(tmp_path / "samples-h1.bin")
    history.keep(beside)
    beside.append(b"x")
    history.check(whole=True)
    beside.path.unlink()
    with pytest.raises(HistoryError) as caught:
        history.check()
    assert caught.value.where == str(tmp_path / "samples-h1.bin")


def test_one_that_nobody_touches_is_no_alarm(history: History) -> None:
    history.check(whole=True)
    history.close()
    history.check(whole=True)


# -- the end -----------------------------------------------------------------------------------------------------------


def ended(directory: Path) -> Path:
    history = History(directory / "events.jsonl")
    for text in ("first", "second", "third"):
        history.record(raw("note", text=text))
    history.end(RunEnd(outcome="pass", reason="", exit_code=0))
    history.record(raw("note", text="taken down"))
    history.close()
    return directory / "events.jsonl"


def test_the_end_says_how_much_came_before_it(tmp_path: Path) -> None:
    path = ended(tmp_path)
    before = b"".join(path.read_bytes().splitlines(keepends=True)[:3])
    end = read(path)[3]
    assert (end.data["events"], end.data["sha256"]) == (3, hashlib.sha256(before).hexdigest())


def test_a_line_that_was_changed_before_the_end_is_found(tmp_path: Path) -> None:
    path = ended(tmp_path)
    path.write_text(path.read_text().replace("second", "SECOND"))
    with pytest.raises(HistoryError, match="changed after the run had ended") as caught:
        read(path)
    assert caught.value.where == f"{path}, lines 1 to 3"


def test_a_line_that_was_taken_out_is_found_although_the_others_were_numbered_again(tmp_path: Path) -> None:
    path = ended(tmp_path)
    lines = path.read_text().splitlines()
    del lines[1]
    path.write_text("".join(f"{line}\n".replace(f'"id":{n + 1}', f'"id":{n}') for n, line in enumerate(lines)))
    with pytest.raises(HistoryError, match="changed after the run had ended"):
        read(path)


def test_the_end_of_an_earlier_version_is_read_as_it_is(tmp_path: Path) -> None:
    history = History(tmp_path / "events.jsonl")
    history.record(raw("run.end", outcome="pass", reason="", exit_code=0))
    assert len(read(tmp_path / "events.jsonl")) == 1


def test_the_end_counts_also_what_a_full_disk_has_not_taken_yet(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    history = History(tmp_path / "events.jsonl")

    def full(_file: int, _data: bytes, _at: int) -> int:
        raise OSError(28, "full")

    with monkeypatch.context() as context:
        context.setattr("harness.files.os.pwrite", full)
        history.record(raw("note", text="a"))
        history.end(RunEnd(outcome="pass", reason="", exit_code=0))
    history.check(whole=True)  # there is room again
    assert [event.kind for event in read(tmp_path / "events.jsonl")] == ["note", "run.end"]
