"""The history's file: whole lines, whatever interrupts, and a full disk that stops nobody from cleaning up."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from harness.errors import NoSpace, Unwritable
from harness.history import History, read
from suites.raw import raw


def refuse(monkeypatch: pytest.MonkeyPatch, error: int) -> None:
    def pwrite(_descriptor: int, _data: bytes, _offset: int) -> int:
        raise OSError(error, os.strerror(error))

    monkeypatch.setattr("harness.files.os.pwrite", pwrite)


def test_a_full_disk_raises_where_it_is_asked_for_and_not_where_something_is_recorded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    history = History(tmp_path / "events.jsonl")
    refuse(monkeypatch, errno.ENOSPC)
    with history.step("down"):
        pass
    assert len(history.events) == 2
    with pytest.raises(NoSpace, match="the disk is full"):
        history.check()


def test_another_refusal_is_named_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    history = History(tmp_path / "events.jsonl")
    refuse(monkeypatch, errno.EIO)
    history.record(raw("note", text="lost"))
    with pytest.raises(Unwritable, match="cannot be written"):
        history.check()


def test_what_a_full_disk_did_not_take_is_written_once_there_is_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    history = History(tmp_path / "events.jsonl")
    with monkeypatch.context() as full:
        refuse(full, errno.ENOSPC)
        history.record(raw("note", text="first"))
    history.record(raw("note", text="second"))
    history.check()
    assert [event.data["text"] for event in read(tmp_path / "events.jsonl")] == ["first", "second"]


def test_half_a_line_is_completed_and_not_repeated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    history, write, room = History(tmp_path / "events.jsonl"), os.pwrite, [10]

    def pwrite(descriptor: int, data: bytes, offset: int) -> int:
        if not room[0]:
            raise OSError(errno.ENOSPC, "full")
        room[0] = 0
        return write(descriptor, data[:10], offset)

    with monkeypatch.context() as full:
        full.setattr("harness.files.os.pwrite", pwrite)
        history.record(raw("note", text="first"))
    assert (tmp_path / "events.jsonl").read_bytes() == history.events[0].to_json().encode()[:10]
    history.record(raw("note", text="second"))
    assert [event.data["text"] for event in read(tmp_path / "events.jsonl")] == ["first", "second"]


def test_ctrl_c_just_after_a_line_was_written_neither_repeats_nor_loses_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    history, write = History(tmp_path / "events.jsonl"), os.pwrite

    def pwrite(descriptor: int, data: bytes, offset: int) -> int:
        write(descriptor, data, offset)
        raise KeyboardInterrupt

    with monkeypatch.context() as interrupted:
        interrupted.setattr("harness.files.os.pwrite", pwrite)
        with pytest.raises(KeyboardInterrupt):
            history.record(raw("note", text="first"))
    history.record(raw("note", text="second"))
    history.close()
    assert [event.data["text"] for event in read(tmp_path / "events.jsonl")] == ["first", "second"]
