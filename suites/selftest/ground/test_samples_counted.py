"""What the history counted of its samples, promises and readbacks must be there, as it was; less has its reason."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.clock import ManualClock
from harness.files import Kept
from harness.history import Event, History
from harness.samples import FINAL, OK, Samples, Stream
from harness.samples import read as read_samples
from harness.samples.records import MAGIC, SAMPLE, append, counted
from harness.workload import promises
from suites.raw import raw

SIZE = SAMPLE.itemsize


@dataclass
class Saved:
    """Ten requests that were all answered well and promised something, and a readback that found nine pieces."""

    directory: Path
    events: tuple[Event, ...]

    @property
    def samples(self) -> Path:
        return self.directory / "samples.bin"

    @property
    def promises(self) -> Path:
        return self.directory / "promises.jsonl"

    @property
    def readback(self) -> Path:
        return self.directory / "readback.json"

    def read(self) -> Samples:
        return read_samples(self.directory, self.events)

    def stream(self) -> Stream:
        (found,) = self.read().streams
        return found


def made(directory: Path, *, old: bool = False, final: bool = True, **start: Any) -> Saved:
    """With what today's version counts, or as an earlier one left it."""
    records = np.zeros(10, SAMPLE)
    records["n"], records["outcome"], records["flags"] = np.arange(10), 202, OK | FINAL
    history = History(clock=ManualClock())
    data = {"file": "samples.bin", "promises": "promises.jsonl", "requests": ["job"], **start}
    begun = history.record(raw("workload.start", environment="h1", **data))
    files = Kept(directory / "samples.bin"), Kept(directory / "promises.jsonl")
    append(files[0], records)
    promises.append(files[1], [[n, f"k-{n}"] for n in range(10)])
    if not old:
        said = {name: counted(file, None) for name, file in zip(("samples", "promises"), files, strict=True)}
        history.record(raw("workload.saved", start=begun.id, final=final, **said))
    counts = {"first": 0, "last": 10, "intended": 10, "sent": 10, "ok": 10, "failed": 0, "shed": 0}
    history.record(raw("workload", phase="p", start=begun.id, **counts))
    found = json.dumps({f"k-{n}": 1 for n in range(9)}).encode()
    (directory / "readback.json").write_bytes(found)
    digest = {} if old else {"sha256": hashlib.sha256(found).hexdigest()}
    history.record(raw("probe.readback", key="k", pieces=9, file="readback.json", error=None, **digest))
    return Saved(directory, history.events)


@pytest.mark.parametrize("old", [False, True])
def test_what_is_all_there_has_no_problem(tmp_path: Path, old: bool) -> None:
    saved = made(tmp_path, old=old)
    found = saved.read()
    assert (found.problems(), len(saved.stream().records), len(saved.stream().promises)) == ((), 10, 10)
    assert list(found.readbacks.values()) == [{f"k-{n}": 1 for n in range(9)}]


def edit(path: Path, change: Callable[[bytes], bytes]) -> None:
    path.write_bytes(change(path.read_bytes()))


def swapped(data: bytes) -> bytes:
    """The first two records the other way round."""
    head, one, other = len(MAGIC), len(MAGIC) + SIZE, len(MAGIC) + 2 * SIZE
    return data[:head] + data[one:other] + data[head:one] + data[other:]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda data: data[:-SIZE], "samples.bin holds 9 records, and the history counted 10"),
        (lambda data: data[:-1], "samples.bin holds 9 records, and the history counted 10"),
        (lambda _: b"", "samples.bin holds 0 records, and the history counted 10"),
        (swapped, "samples.bin was changed"),
        (lambda data: data[:60] + b"\xff" + data[61:], "samples.bin was changed"),
        (lambda data: data + data[-SIZE:], "36 bytes follow the 10 records"),
        (lambda data: data[:-SIZE] + data[-2 * SIZE :], "samples.bin was changed"),
    ],
    ids=["cut", "torn", "emptied", "swapped", "flipped", "one more", "one twice"],
)
def test_samples_that_are_not_what_was_counted_leave_the_stream_empty_with_the_reason(
    tmp_path: Path, change: Callable[[bytes], bytes], words: str
) -> None:
    saved = made(tmp_path)
    edit(saved.samples, change)
    assert words in saved.stream().problem
    assert len(saved.stream().records) == 0


def lines(change: Callable[[list[bytes]], list[bytes]]) -> Callable[[bytes], bytes]:
    return lambda data: b"".join(change(data.splitlines(keepends=True)))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lines(lambda all_: all_[:-1]), "promises.jsonl holds 9 promises, and the history counted 10"),
        (lambda data: data[:-1], "promises.jsonl holds 9 promises, and the history counted 10"),
        (lines(lambda all_: [all_[1], all_[0], *all_[2:]]), "promises.jsonl was changed"),
        (lambda data: data.replace(b"k-3", b"k-x"), "promises.jsonl was changed"),
        (lines(lambda all_: [*all_, all_[-1]]), "bytes follow the 10 promises"),
    ],
    ids=["cut", "torn", "swapped", "garbled", "one twice"],
)
def test_promises_that_are_not_what_was_counted_have_the_reason_and_leave_the_samples_alone(
    tmp_path: Path, change: Callable[[bytes], bytes], words: str
) -> None:
    saved = made(tmp_path)
    edit(saved.promises, change)
    found = saved.stream()
    assert words in found.promises_problem
    assert (found.problem, found.promises, len(found.records)) == ("", (), 10)


def test_what_a_run_that_was_killed_wrote_after_it_was_counted_last_does_not_count(tmp_path: Path) -> None:
    saved = made(tmp_path, final=False)
    edit(saved.samples, lambda data: data + data[-SIZE:] + b"\x07" * 20)
    edit(saved.promises, lambda data: data + b'[10, "k-')
    assert saved.read().problems() == ()
    assert (len(saved.stream().records), len(saved.stream().promises)) == (10, 10)


def test_what_could_never_be_saved_is_missing_although_the_file_is_as_it_was_written(tmp_path: Path) -> None:
    saved = made(tmp_path)
    (event,) = (one for one in saved.events if one.kind == "workload.saved")
    samples = {**event.data["samples"], "error": "No space left on device"}
    vars(saved)["events"] = tuple(
        replace(one, data={**one.data, "samples": samples}) if one is event else one for one in saved.events
    )
    assert "could not be saved (No space left on device)" in saved.stream().problem


@pytest.mark.parametrize("raw", [{}, {"count": "many", "sha256": ""}, [], "x"])
def test_a_count_that_cannot_be_read_is_a_reason_and_no_pass(tmp_path: Path, raw: Any) -> None:
    saved = made(tmp_path)
    (event,) = (one for one in saved.events if one.kind == "workload.saved")
    vars(saved)["events"] = tuple(
        Event(one.id, one.time, one.since_start, one.kind, {**one.data, "samples": raw}) if one is event else one
        for one in saved.events
    )
    assert "cannot be read" in saved.stream().problem


# -- of a version that counted nothing ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda data: data[:-SIZE], "holds 9 of the 10 requests that the history counted in the phase p"),
        (lambda data: data[:-1], "holds 9 of the 10 requests that the history counted in the phase p"),
        (lambda data: data + data[-SIZE:], "request 9 ends twice"),
    ],
    ids=["cut", "torn", "one twice"],
)
def test_an_earlier_versions_samples_must_hold_what_its_windows_counted(
    tmp_path: Path, change: Callable[[bytes], bytes], words: str
) -> None:
    saved = made(tmp_path, old=True)
    edit(saved.samples, change)
    assert words in saved.stream().problem


def test_an_answer_that_is_no_good_one_any_more_is_missed(tmp_path: Path) -> None:
    saved = made(tmp_path, old=True)
    edit(saved.samples, lambda data: data[:-1] + bytes([FINAL]))
    assert "holds 9 of the 10 good answers" in saved.stream().problem


def test_an_earlier_version_that_was_killed_is_read_up_to_its_last_whole_record(tmp_path: Path) -> None:
    saved = made(tmp_path, old=True, promises=None)
    edit(saved.samples, lambda data: data + data[-SIZE:-1])
    assert (saved.read().problems(), len(saved.stream().records)) == ((), 10)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lines(lambda all_: all_[:-1]), "1 of 10 good answers have no promise, and each made one (request 9)"),
        (lambda data: data[:-1], "ends in the middle of a promise"),
        (lambda data: data + b'[10, "k-10"]\n', "no good answer for 1 of 11 promises (request 10)"),
        (lines(lambda all_: [*all_, all_[-1]]), "more than one promise"),
        (lambda data: data.replace(b"[3,", b"[3 "), "The promises are damaged"),
        (lambda data: data.replace(b"k-3", b"k-\xff"), "The promises are damaged"),
        (lambda data: data.replace(b'"k-3"', b"3"), "The promises are damaged"),
    ],
    ids=["cut", "torn", "one more", "one twice", "no json", "no text", "no name"],
)
def test_an_earlier_versions_promises_must_agree_with_its_samples(
    tmp_path: Path, change: Callable[[bytes], bytes], words: str
) -> None:
    saved = made(tmp_path, old=True)
    edit(saved.promises, change)
    assert words in saved.stream().promises_problem


def test_promises_that_are_gone_are_missed_where_the_samples_say_that_there_were_some(tmp_path: Path) -> None:
    saved = made(tmp_path, old=True)
    saved.promises.unlink()
    assert "10 of 10 good answers have no promise" in saved.stream().promises_problem


def test_requests_that_promise_nothing_need_no_promise(tmp_path: Path) -> None:
    spec = {"requests": [{"acknowledged": ""}, {"acknowledged": "{key}"}]}
    saved = made(tmp_path, old=True, requests=["look", "job"], spec=spec)
    data = bytearray(saved.samples.read_bytes())
    records = np.frombuffer(data, SAMPLE, offset=len(MAGIC))
    records["request"] = [0, 1] * 5
    saved.samples.write_bytes(data)
    edit(saved.promises, lines(lambda all_: all_[1::2]))
    assert saved.read().problems() == ()
    edit(saved.promises, lines(lambda all_: all_[1:]))
    assert "4 of 10 good answers" not in saved.stream().promises_problem
    assert "1 of 10 good answers have no promise" in saved.stream().promises_problem


# -- what was read back ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("old", [False, True])
@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda data: data[:-1], "damaged"),
        (lambda _: b"", "damaged"),
        (lambda _: b"null", "damaged"),
        (lambda _: b'["k-1"]', "damaged"),
        (lambda data: data.replace(b'"k-3": 1', b'"k-3": "1"'), "damaged"),
        (lambda data: data.replace(b'"k-3"', b'"k-4"'), "damaged"),
        (lambda data: data.replace(b'"k-3": 1, ', b""), "holds 8 pieces, and the history counted 9"),
    ],
    ids=["cut", "emptied", "null", "list", "no count", "one twice", "one less"],
)
def test_a_readback_that_is_not_as_it_was_is_left_out_with_the_reason(
    tmp_path: Path, change: Callable[[bytes], bytes], words: str, old: bool
) -> None:
    saved = made(tmp_path, old=old)
    edit(saved.readback, change)
    found = saved.read()
    assert found.readbacks == {}
    (said,) = found.unread.values()
    assert (words if old else "was changed") in said


def test_a_readback_whose_file_is_gone_is_named(tmp_path: Path) -> None:
    saved = made(tmp_path)
    saved.readback.unlink()
    assert "readback.json: No such file" in saved.read().problems()[0]
