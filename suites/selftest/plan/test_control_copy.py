"""What is copied of a control's samples: counted in the history that it belongs to, and never less in silence."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from harness.engine import proc
from harness.errors import HistoryError, NotMeasured
from harness.events import WorkloadStart
from harness.files import Kept
from harness.history import EVENTS, History
from harness.plan.control.order import READY, ControlStatus
from harness.plan.control.shared import SharedControl
from harness.samples import FINAL, OK, read
from harness.samples.records import SAMPLE, append
from suites.raw import select


class Standing:
    """A control that is under load, as its files say."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        history = History(directory / EVENTS)
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
    with pytest.raises(NotMeasured, match="samples were cut off"):
        standing.control.bring()


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
