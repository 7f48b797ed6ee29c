"""What is copied of a control's samples: counted in the history that it belongs to, and never less in silence."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from harness import proc
from harness.clock import ManualClock
from harness.errors import HistoryError, NotMeasured
from harness.events import WorkloadName, WorkloadStart
from harness.files import Kept
from harness.history import EVENTS, History
from harness.plan.control.order import READY, ControlStatus
from harness.plan.control.shared import BRINGS_WITHIN, SharedControl
from harness.samples import FINAL, OK, read
from harness.samples.records import SAMPLE, append
from suites.raw import raw, select


class Standing:
    """A control that is under load, as its files say."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.history = history = History(directory / EVENTS)
        body = WorkloadStart(
            file="samples-h9.bin", format=1, began=1.0, at=0.0, arm="control", key="k", promises="promises-h9.jsonl",
            requests=["request-1"], rate=50.0, timeout=5.0, spec=None,
        )  # fmt: skip
        start = history.record(body)
        self.samples, self.sent = Kept(directory / "samples-h9.bin"), 0
        self.control = SharedControl(directory, ControlStatus("h9", proc.identity(), 0.0, start.id, body))

    def sends(self, count: int) -> None:
        records = np.zeros(count, SAMPLE)
        records["n"] = np.arange(self.sent, self.sent + count)
        records["flags"] = OK | FINAL
        append(self.samples, records)
        self.sent += count


@pytest.fixture
def standing(tmp_path: Path) -> Standing:
    return Standing(tmp_path / "control")


@pytest.fixture
def history(tmp_path: Path) -> History:
    return History(tmp_path / "test" / EVENTS)


def test_every_copy_is_counted_and_hashed(standing: Standing, history: History) -> None:
    standing.control.follow(history)
    for _ in range(2):
        standing.sends(5)
        standing.control.bring()
    standing.control.bring()  # nothing new, and nothing to say
    saved = select(history.events, "workload.saved", arm="control", environment="h9")
    assert [event.data["samples"]["count"] for event in saved] == [5, 10]
    (start,) = select(history.events, "workload.start")
    assert [(event.data["start"], event.data["final"]) for event in saved] == [(start.id, False)] * 2
    assert history.path is not None
    (stream,) = read(history.path.parent, history.events).of("h9", "control")
    assert (stream.problem, stream.promises_problem, stream.records["n"].tolist()) == ("", "", list(range(10)))


def test_a_copy_that_is_cut_off_is_no_evidence(standing: Standing, history: History) -> None:
    standing.control.follow(history)
    standing.sends(5)
    standing.control.bring()
    assert history.path is not None
    copy = history.path.with_name("samples-h9.bin")
    os.truncate(copy, copy.stat().st_size - 1)
    (stream,) = read(history.path.parent, history.events).streams
    assert "holds 4 records, and the history counted 5" in stream.problem
    with pytest.raises(HistoryError, match="was changed while the run wrote to it"):
        history.check()


def test_a_control_whose_own_samples_are_cut_off_is_no_control(standing: Standing, history: History) -> None:
    standing.control.follow(history)
    standing.sends(5)
    standing.control.bring()
    os.truncate(standing.samples.path, 100)
    with pytest.raises(NotMeasured, match="samples were cut off") as caught:
        standing.control.bring()
    assert (caught.value.where, caught.value.got) == (str(standing.samples.path), "100 bytes")


def test_two_that_follow_the_same_control_do_not_write_into_one_file(standing: Standing, history: History) -> None:
    standing.control.follow(history)
    standing.sends(5)
    standing.control.bring()
    other = SharedControl(standing.directory, standing.control._ready)
    other.follow(history)
    standing.sends(3)
    for one in (standing.control, other):
        one.bring()
    assert history.path is not None
    streams = read(history.path.parent, history.events).streams
    assert [(one.problem, len(one.records)) for one in streams] == [("", 8), ("", 3)]


def test_what_a_control_said_and_is_damaged_is_not_measured(tmp_path: Path) -> None:
    (tmp_path / READY).write_text('{"environment": "h9", ')
    with pytest.raises(NotMeasured, match="What the control said cannot be read"):
        ControlStatus.load(tmp_path)


def test_only_what_is_measured_from_then_on_is_brought(standing: Standing, history: History) -> None:
    standing.sends(7)
    late = SharedControl(standing.directory, standing.control._ready)
    late.follow(history)
    late.bring()
    assert select(history.events, "workload.saved") == ()
    standing.sends(2)
    late.bring()
    assert history.path is not None
    (stream,) = read(history.path.parent, history.events).streams
    assert stream.records["n"].tolist() == [7, 8]


def test_half_a_record_at_the_end_is_brought_when_it_is_whole(standing: Standing, history: History) -> None:
    standing.sends(3)
    whole = standing.samples.path.read_bytes()
    os.truncate(standing.samples.path, len(whole) - 5)
    late = SharedControl(standing.directory, standing.control._ready)
    late.follow(history)
    late.bring()
    assert select(history.events, "workload.saved") == ()
    standing.samples.path.write_bytes(whole)
    late.bring()
    (saved,) = select(history.events, "workload.saved")
    assert saved.data["samples"]["count"] == 1


def test_its_load_is_recorded_as_a_control_on_this_historys_axis_without_its_promises(
    standing: Standing, history: History
) -> None:
    ready = replace(standing.control._ready, monotonic=history.clock.monotonic() + 3.0)
    control = SharedControl(standing.directory, ready)
    control.follow(history)
    control.follow(History(standing.directory / "other" / EVENTS))  # one history alone
    (start,) = select(history.events, "workload.start")
    assert (start.data["arm"], start.data["file"], start.environment) == ("control", "samples-h9.bin", "h9")
    assert start.data.get("promises") is None
    assert start.data["at"] == pytest.approx(history.at(ready.monotonic))
    assert not (standing.directory / "other" / "samples-h9.bin").exists()


def test_who_answered_is_named_once_and_only_of_its_own_load(standing: Standing, history: History) -> None:
    own = standing.control._ready.start
    history.record(raw("note", text="its own number is another one here"))
    standing.control.follow(history)
    for start, number, name in ((own, 1, "web-1"), (own + 99, 2, "other"), (own, 2, "web-2"), (own, None, "nobody")):
        standing.history.record(WorkloadName(start, number, name))
    standing.control.bring()
    standing.control.bring()
    names = select(history.events, "workload.name")
    begun = select(history.events, "workload.start")[0].id
    assert [(one.data["start"], one.data["number"], one.data["name"]) for one in names] == [
        (begun, 1, "web-1"), (begun, 2, "web-2"),
    ]  # fmt: skip
    assert {(one.environment, one.data["arm"]) for one in names} == {("h9", "control")}


def test_until_a_second_is_waited_for_the_newest_request_that_was_due_then(tmp_path: Path) -> None:
    clock = ManualClock()
    standing, history = Standing(tmp_path / "control"), History(tmp_path / "test" / EVENTS, clock=clock)
    control = SharedControl(standing.directory, replace(standing.control._ready, monotonic=clock.monotonic()))
    control.follow(history)
    records = np.zeros(1, SAMPLE)
    records["intended"] = 4.0
    append(standing.samples, records)
    control.bring(until=4.0)
    assert clock.monotonic() == 0.0, "it is there"
    control.bring(until=4.5)
    assert BRINGS_WITHIN <= clock.monotonic() <= BRINGS_WITHIN + 1.0, "it does not come"


def test_a_history_without_a_file_gets_no_samples(standing: Standing) -> None:
    history = History()
    standing.control.follow(history)
    standing.sends(3)
    standing.control.bring()
    assert history.events == ()
