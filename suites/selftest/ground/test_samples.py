"""The samples of a workload: appended whole, read after a kill at any byte, refused when they are not ours."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.clock import ManualClock
from harness.errors import HistoryError
from harness.files import Kept
from harness.history import History, read
from harness.samples import read as read_samples
from harness.samples.records import MAGIC, SAMPLE, Records, append, data_of, decode
from suites.raw import raw


def records(count: int = 5) -> Records:
    made = np.zeros(count, SAMPLE)
    made["n"] = np.arange(count)
    made["intended"] = np.arange(count) / 10
    made["outcome"], made["server"], made["flags"] = 200, 1, 1
    return made


def load(path: Path) -> Records:
    return decode(data_of(path, "The samples cannot be read"), path)


@pytest.fixture
def file(tmp_path: Path) -> Iterator[Kept]:
    made = Kept(tmp_path / "samples.bin", new=True)
    yield made
    made.close()


def test_a_record_has_36_bytes_on_every_machine() -> None:
    assert SAMPLE.itemsize == 36
    assert all(SAMPLE[name].str[0] in "<|" for name in SAMPLE.names or ())


def test_what_is_appended_in_parts_is_read_as_one(tmp_path: Path, file: Kept) -> None:
    append(file, records()[:2])
    append(file, records()[2:])
    assert (load(tmp_path / "samples.bin") == records()).all()


def test_a_file_cut_at_any_byte_is_read_up_to_its_last_whole_record(tmp_path: Path, file: Kept) -> None:
    append(file, records())
    whole, cut = (tmp_path / "samples.bin").read_bytes(), tmp_path / "cut.bin"
    for size in range(len(whole) + 1):
        cut.write_bytes(whole[:size])
        count = max(0, size - len(MAGIC)) // SAMPLE.itemsize
        assert (load(cut) == records()[:count]).all()


def test_a_file_that_is_not_ours_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"PK\x03\x04 something else altogether")
    with pytest.raises(HistoryError, match="not a file of samples"):
        load(tmp_path / "x")


def test_a_newer_file_is_refused_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(MAGIC[:-1] + bytes([MAGIC[-1] + 1]))
    with pytest.raises(HistoryError, match="newer version") as caught:
        load(tmp_path / "x")
    assert "update" in str(caught.value)


def test_a_file_that_is_not_there_is_an_error_of_ours(tmp_path: Path) -> None:
    with pytest.raises(HistoryError, match="cannot be read"):
        load(tmp_path / "x")


# -- as a history indexes them -----------------------------------------------------------------------------------------


def indexed(directory: Path, **changes: Any) -> History:
    history = History(directory / "events.jsonl", ManualClock())
    fields = {"file": "samples.bin", "environment": "h1", "at": 3.0, "began": 1e9, "key": "k", "requests": ["resume"]}
    start = history.record(raw("workload.start", **{**fields, **changes}))
    history.record(raw("workload.name", start=start.id, number=1, name="backend-1"))
    return history


def test_a_history_says_whose_they_are_and_when_they_began(tmp_path: Path, file: Kept) -> None:
    append(file, records())
    (found,) = read_samples(tmp_path, indexed(tmp_path).events).streams
    assert (found.environment, found.arm, found.at, found.key, found.problem) == ("h1", "subject", 3.0, "k", "")
    assert (found.requests, dict(found.servers), len(found.records)) == (("resume",), {1: "backend-1"}, 5)


@pytest.mark.parametrize("name", ["", "no-such.bin", "../samples.bin", "/etc/passwd"])
def test_a_file_that_cannot_be_had_leaves_the_stream_empty_with_the_reason(tmp_path: Path, name: str) -> None:
    (found,) = read_samples(tmp_path, indexed(tmp_path, file=name).events).streams
    assert len(found.records) == 0
    assert "samples" in found.problem


def test_a_history_of_before_the_samples_has_none(tmp_path: Path) -> None:
    history = History(tmp_path / "events.jsonl", ManualClock())
    history.record(raw("workload", phase="baseline"))
    assert read_samples(tmp_path, history.events).streams == ()


def test_the_control_is_told_from_the_subject(tmp_path: Path, file: Kept) -> None:
    append(file, records())
    history = indexed(tmp_path)
    history.record(raw("workload.start", file="samples.bin", environment="h2", arm="control"))
    found = read_samples(tmp_path, history.events)
    assert [one.environment for one in found.of("h2", "control")] == ["h2"]
    assert found.of("h1", "control") == ()


def test_a_history_cut_at_any_byte_gives_its_whole_events_and_their_samples(tmp_path: Path, file: Kept) -> None:
    append(file, records())
    history = indexed(tmp_path)
    history.close()
    path, events = tmp_path / "events.jsonl", history.events
    whole = path.read_bytes()
    ends = [at for at, byte in enumerate(whole, start=1) if byte == ord("\n")]
    for size in range(len(whole) + 1):
        path.write_bytes(whole[:size])
        count = sum(1 for end in ends if end <= size)
        if count == 0 and size:
            with pytest.raises(HistoryError, match="no whole event"):
                read(path)
            continue
        assert read(path) == events[:count]
        assert len(read_samples(tmp_path, read(path)).streams) == min(count, 1)
