"""The append-only record of a run."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest

from harness.clock import ManualClock
from harness.errors import NoSpace
from harness.history import Event, History, read
from suites.raw import raw, select


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(now=1_333_525_500.0)


@pytest.fixture
def history(tmp_path: Path, clock: ManualClock) -> History:
    return History(tmp_path / "run" / "events.jsonl", clock)


def lines(history: History) -> list[str]:
    assert history.path is not None
    return history.path.read_text(encoding="utf-8").splitlines()


def test_an_event_is_one_line_with_the_fields_of_the_format(history: History, clock: ManualClock) -> None:
    clock.advance(12.345)
    history.record(raw("probe.release", replica="backend-1", release="4.1.0", error=None))
    (line,) = lines(history)
    assert json.loads(line) == {
        "v": 1, "id": 0, "t": 1333525512.345, "s": 12.345, "kind": "probe.release",
        "data": {"replica": "backend-1", "release": "4.1.0", "error": None},
    }  # fmt: skip


def test_an_event_is_on_disk_before_record_returns(history: History) -> None:
    for number in range(3):
        history.record(raw("note", text=str(number)))
        assert len(lines(history)) == number + 1  # the file is still open, and nobody has closed or flushed it


def test_a_listener_hears_of_an_event_when_it_is_on_disk_already(history: History) -> None:
    heard: list[int] = []
    history.listen(lambda event: heard.append(len(lines(history)) - event.id))
    history.record(raw("note", text="a"))
    history.record(raw("note", text="b"))
    assert heard == [1, 1]


def test_what_is_written_is_read_back_as_it_was(history: History) -> None:
    history.record(raw("note", text="caf\u00e9 \u2028 \x00 \U0001f600 line\nbreak"))
    with history.step("up"):
        history.record(raw("workload", statuses={"202": 3}, p50=None))
    assert history.path is not None
    assert read(history.path) == history.events


def test_what_json_does_not_know_is_written_as_text(history: History) -> None:
    history.record(raw("note", text=Path("/srv")))
    assert json.loads(lines(history)[0])["data"] == {"text": "/srv"}


def test_a_history_without_a_file_keeps_its_events_in_memory(clock: ManualClock) -> None:
    history = History(clock=clock)
    history.record(raw("note", text="a"))
    assert [event.data["text"] for event in history.events] == ["a"]


def test_a_closed_history_can_still_be_looked_at(history: History) -> None:
    history.record(raw("note", text="a"))
    history.close()
    history.close()
    assert len(history.events) == 1
    assert history.path is not None
    assert len(read(history.path)) == 1


def test_select_finds_a_kind_and_values_in_order(history: History) -> None:
    for replica in ("a", "b", "a"):
        history.record(raw("probe.health", replica=replica, ok=True))
    history.record(raw("note", replica="a"))
    assert [event.id for event in select(history.events, "probe.health", replica="a")] == [0, 2]
    assert select(history.events, "probe.health", replica="a", ok=False) == ()


@pytest.fixture
def full() -> History:
    """Of a run whose disk is full."""
    if not Path("/dev/full").exists():
        pytest.skip("needs /dev/full")
    return History(Path("/dev/full"))


def test_a_full_disk_is_an_error_that_names_the_file_when_it_is_asked_for(full: History) -> None:
    full.record(raw("note", text="a"))
    with pytest.raises(NoSpace) as caught:
        full.check()
    assert caught.value.where == "/dev/full"
    assert "No space left on device" in str(caught.value.got)


def test_a_full_disk_does_not_keep_anything_from_being_recorded_in_memory(full: History) -> None:
    full.record(raw("note", text="a"))
    with full.step("down"):
        pass
    full.close()
    assert [event.kind for event in full.events] == ["note", "step.start", "step.end"]


# -- steps, phases, scopes ---------------------------------------------------------------------------------------------


def test_a_step_has_a_start_and_an_end_with_its_duration(history: History, clock: ManualClock) -> None:
    with history.step("deploy", "deploy 4.1.1") as start:
        clock.advance(6.5)
    end = history.events[-1]
    assert (start.kind, start.data) == ("step.start", {"name": "deploy", "title": "deploy 4.1.1"})
    assert end.kind == "step.end"
    assert end.data == {"start": start.id, "name": "deploy", "ok": True, "seconds": 6.5, "error": None}


def test_a_step_without_a_title_has_its_name_for_one(history: History) -> None:
    with history.step("deploy") as start:
        pass
    assert start.data["title"] == "deploy"


def test_an_exception_passes_through_a_step_and_marks_it(history: History) -> None:
    with pytest.raises(ValueError, match="broken"), history.step("deploy"):
        raise ValueError("it is broken")
    assert history.events[-1].data["ok"] is False
    assert history.events[-1].data["error"] == "it is broken"


def test_an_exception_without_a_word_is_named_by_its_kind(history: History) -> None:
    with pytest.raises(ZeroDivisionError), history.step("deploy"):
        raise ZeroDivisionError
    assert history.events[-1].data["error"] == "ZeroDivisionError"


def test_a_step_that_is_interrupted_says_so(history: History) -> None:
    with pytest.raises(KeyboardInterrupt), history.step("deploy"):
        raise KeyboardInterrupt
    assert history.events[-1].data["ok"] is False
    assert history.events[-1].data["error"] == "interrupted"


def test_a_phase_stamps_every_event_within_it_and_none_after(history: History) -> None:
    with history.phase("baseline"):
        history.record(raw("note", text="in"))
    history.record(raw("note", text="after"))
    assert [event.data.get("phase") for event in history.events] == ["baseline", None]


def test_scopes_nest_and_the_inner_one_wins(history: History) -> None:
    with history.scope(environment="h1", phase="outer"):
        with history.phase("inner"):
            history.record(raw("note"))
        history.record(raw("note"))
        history.record(raw("note", phase="its own"))
    assert [(e.data["environment"], e.data["phase"]) for e in history.events] == [
        ("h1", "inner"), ("h1", "outer"), ("h1", "its own"),
    ]  # fmt: skip


def test_a_scope_ends_with_an_exception_too(history: History) -> None:
    with pytest.raises(ValueError, match="x"), history.phase("baseline"):
        raise ValueError("x")
    assert "phase" not in history.record(raw("note")).data


def test_a_scope_stamps_what_other_threads_record(history: History) -> None:
    with history.phase("baseline"):
        thread = threading.Thread(target=history.record, args=(raw("deployer.line"),))
        thread.start()
        thread.join()
    assert history.events[0].data["phase"] == "baseline"


def test_several_threads_leave_whole_lines_with_ids_without_gaps(history: History) -> None:
    def write(name: int) -> None:
        for number in range(200):
            history.record(raw("deployer.line", thread=name, number=number))

    threads = [threading.Thread(target=write, args=(name,)) for name in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert history.path is not None
    found = read(history.path)
    assert [event.id for event in found] == list(range(1600))
    for name in range(8):
        assert [e.data["number"] for e in select(found, "deployer.line", thread=name)] == list(range(200))


# -- one event as a line -----------------------------------------------------------------------------------------------


def test_an_event_survives_its_line() -> None:
    event = Event(7, 1333525500.123, 12.345, "note", {"text": "a", "deep": {"list": [1, None]}})
    assert Event.from_json(event.to_json()) == event
    assert "\n" not in event.to_json()


def test_a_clock_that_jumps_moves_no_duration_and_no_order(tmp_path: Path) -> None:
    clock = ManualClock()
    history = History(tmp_path / "jump.jsonl", clock)
    with history.step("a step"):
        clock.advance(2.0)
        clock._now -= 3600.0  # somebody set it back by an hour
    first, last = history.events
    assert last.time < first.time
    assert last.data["seconds"] == 2.0
    assert read(tmp_path / "jump.jsonl") == history.events
    assert [event.since_start for event in history.events] == [0.0, 2.0]
