"""What a workload saves is counted in the history, and watched while it is written."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.errors import HistoryError, Unwritable
from harness.history import History
from harness.samples import read as read_samples
from harness.workload import Workload
from suites.raw import select
from suites.selftest.workload.made import eventually, spec
from suites.selftest.workload.server import good, serving

pytestmark = pytest.mark.programs


@pytest.fixture
def history(tmp_path: Path) -> History:
    return History(tmp_path / "events.jsonl")


def test_the_history_counts_and_hashes_what_is_saved_before_every_window_and_at_the_end(
    tmp_path: Path, history: History
) -> None:
    path = tmp_path / "samples-h1.bin"
    with serving(good) as server, Workload(spec(server.port, acknowledged="{key}"), history, samples=path) as load:
        load.baseline(0.3, "first")
        load.baseline(0.3, "second")
    kinds = [event.kind for event in history.events]
    assert kinds == ["workload.start", "workload.saved", "workload", "workload.saved", "workload", "workload.saved"]
    saved = select(history.events, "workload.saved")
    assert [event.data["final"] for event in saved] == [False, False, True]
    counts = [event.data["samples"]["count"] for event in saved]
    assert 0 < counts[0] < counts[1] <= counts[2]
    for window, count in zip(select(history.events, "workload"), counts, strict=False):
        assert window.data["last"] <= count, "what a window counts is saved before it is told"
    for name, file in (("samples", "samples-h1.bin"), ("promises", "promises-h1.jsonl")):
        data = (tmp_path / file).read_bytes()
        assert saved[-1].data[name]["sha256"] == hashlib.sha256(data).hexdigest()
        assert saved[-1].data[name]["error"] is None
    assert saved[-1].data["promises"]["count"] == saved[-1].data["samples"]["count"]
    assert read_samples(tmp_path, history.events).problems() == ()


def test_a_load_that_promises_nothing_counts_no_promises(tmp_path: Path, history: History) -> None:
    with serving(good) as server, Workload(spec(server.port), history, samples=tmp_path / "samples.bin") as load:
        load.baseline(0.2)
    assert {event.data["promises"] for event in select(history.events, "workload.saved")} == {None}


def test_a_load_that_is_kept_in_memory_counts_no_files() -> None:
    history = History()
    with serving(good) as server, Workload(spec(server.port), history) as load:
        load.baseline(0.2)
    assert select(history.events, "workload.saved") == ()


def test_a_load_that_is_broken_off_is_counted_too(tmp_path: Path, history: History) -> None:
    with serving(good) as server:
        load = Workload(spec(server.port), history, samples=tmp_path / "samples.bin")
        with pytest.raises(KeyboardInterrupt), load:  # noqa: PT012
            load.baseline(0.2)
            raise KeyboardInterrupt
    assert history.events[-1].data["final"] is True


@pytest.mark.parametrize("name", ["samples-h1.bin", "promises-h1.jsonl"])
@pytest.mark.parametrize(
    ("harm", "words"),
    [
        (Path.unlink, "not there any more"),
        (lambda path: os.truncate(path, 0), "cut off"),
        (lambda path: path.rename(path.with_name("aside")), "not there any more"),
    ],
    ids=["deleted", "cut", "moved"],
)
def test_a_file_that_is_taken_away_from_a_running_load_is_named_and_what_needs_it_is_unknown(
    tmp_path: Path, history: History, name: str, harm: Callable[[Path], object], words: str
) -> None:
    with serving(good) as server:
        given = spec(server.port, acknowledged="{key}")
        with Workload(given, history, samples=tmp_path / "samples-h1.bin") as load:
            load.baseline(0.2)
            history.check()
            harm(tmp_path / name)
            count = load.samples.complete if load.samples else 0
            assert eventually(lambda: load.samples is not None and load.samples.complete > count + 10)
            with pytest.raises(HistoryError) as caught:
                history.check()
            assert caught.value.where == str(tmp_path / name)
            assert words in str(caught.value.got)
    assert any(name in problem for problem in read_samples(tmp_path, history.events).problems())


def test_a_full_disk_stops_no_measurement_and_leaves_what_needs_the_samples_unknown(
    tmp_path: Path, history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    write, full = os.pwrite, [False]

    def pwrite(file: int, data: bytes, at: int) -> int:
        if full[0] and b'"kind"' not in data:  # the history itself has room
            raise OSError(28, "No space left on device")
        return write(file, data, at)

    monkeypatch.setattr("harness.files.os.pwrite", pwrite)
    with serving(good) as server, Workload(spec(server.port), history, samples=tmp_path / "samples.bin") as load:
        load.baseline(0.2)
        full[0] = True
        window = load.baseline(0.3, "after")
    assert window.ok == window.intended
    history.check()
    (stream,) = read_samples(tmp_path, history.events).streams
    assert "could not be saved (No space left on device)" in stream.problem
    assert "cannot be saved" in select(history.events, "note")[0].data["text"]


def test_a_disk_that_takes_no_file_is_named_and_not_the_generator(tmp_path: Path, history: History) -> None:
    (tmp_path / "file").write_text("in the way")
    with serving(good) as server:
        load = Workload(spec(server.port), history, samples=tmp_path / "file" / "samples.bin")
        with pytest.raises(Unwritable, match="The samples cannot be written"):
            load.start()
        assert load.pid is None
