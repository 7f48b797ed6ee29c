import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from harness.clock import ManualClock
from harness.errors import UsageError
from harness.history import History
from harness.probes.logs import LogFollower, follower, parts
from suites.selftest.probes.fakes import LocalReplica

pytestmark = pytest.mark.programs


@dataclass(frozen=True)
class Spec:
    path: str
    format: str = "json"
    release: str | None = "release"
    time: str | None = "ts"
    errors: str = "ERROR|Traceback"
    sequence: str | None = None
    canary: str | None = None
    heartbeat: str | None = None
    tolerance: float = 5.0


class Followed:
    """A log file, and a follower of it that was marked."""

    def __init__(self, folder: Path, *, mark: bool = True, form: str = "json", text: str = "") -> None:
        self.path = folder / "it's a log.log"
        self.path.write_text(text)
        self.clock = ManualClock()
        self.history = History(clock=self.clock)
        self.replica = LocalReplica()
        self.seen: list[str] = []
        self.number = 0
        spec = Spec(str(self.path), form, "release" if form == "json" else None)
        self.follower = LogFollower(self.replica, spec, self.history, self.clock).view(self.seen.append)
        if mark:
            self.follower.mark()

    def append(self, text: str) -> None:
        with self.path.open("a") as file:
            file.write(text)

    def write(self, count: int = 1, release: str = "4.1.1") -> None:
        for _ in range(count):
            self.number += 1
            self.append(json.dumps({"release": release, "ts": self.number}) + "\n")


@pytest.fixture
def log(tmp_path: Path) -> Followed:
    return Followed(tmp_path)


def test_only_records_after_the_mark_count_by_their_release(tmp_path: Path) -> None:
    log = Followed(tmp_path, text='{"release": "4.1.0"}\n' * 3)
    log.write(2)
    log.write(1, "4.1.0")
    data = log.follower.report().data
    assert (data["records"], data["by_release"], data["state"]) == (3, {"4.1.1": 2, "4.1.0": 1}, "ok")
    assert (data["replica"], data["newest"], data["error"]) == ("backend-1", "3", None)


def test_a_report_begins_the_next_window(log: Followed) -> None:
    log.write(2)
    log.follower.report()
    assert log.follower.report().data["records"] == 0
    log.write()
    assert log.follower.report().data["records"] == 1


def test_a_report_says_when_the_log_was_last_asked_for(log: Followed) -> None:
    log.write()
    before = log.clock.now()
    report = log.follower.report()
    assert before - 0.01 <= report.data["looked"] <= report.time


def test_a_touched_log_has_no_new_record(log: Followed) -> None:
    log.path.touch()
    data = log.follower.report().data
    assert (data["records"], data["state"]) == (0, "ok")


def test_an_incomplete_line_counts_when_it_is_complete_and_not_before(log: Followed) -> None:
    log.append('{"release": "4.1')
    assert log.follower.report().data["records"] == 0
    log.append('.1"}\n')
    assert log.follower.report().data["by_release"] == {"4.1.1": 1}


def test_a_line_that_began_before_the_mark_is_not_counted(tmp_path: Path) -> None:
    log = Followed(tmp_path, text='{"release": "4.1')
    log.append('.0"}\n{"release": "4.1.1"}\n')
    data = log.follower.report().data
    assert (data["by_release"], data["records"], data["unparsed"]) == ({"4.1.1": 1}, 1, 0)


def test_characters_of_several_bytes_keep_the_offset_right(log: Followed) -> None:
    log.append('{"release": "4.1.1", "text": "größer ✓"}\n')
    log.follower.poll()
    log.path.open("ab").write(b'\xff\xfe{"release": "4.1.1"}\n')
    log.follower.poll()
    log.write()
    data = log.follower.report().data
    assert (data["records"], data["unparsed"]) == (3, 1)


def test_errors_and_damage_are_counted_and_shown(log: Followed) -> None:
    log.append('{"level": "ERROR", "text": "no table"}\nTraceback (most recent call last)\n[1]\n\0\0\n\n')
    data = log.follower.report().data
    assert (data["records"], data["errors"], data["unparsed"]) == (4, 2, 3)
    assert data["error_lines"][0] == '{"level": "ERROR", "text": "no table"}'
    assert data["by_release"] == {"": 1}


def test_lines_of_text_are_records_without_a_release(tmp_path: Path) -> None:
    log = Followed(tmp_path, form="text")
    log.append("one\ntwo\n")
    data = log.follower.report().data
    assert (data["records"], data["by_release"], data["unparsed"]) == (2, {}, 0)


def test_a_log_that_is_not_there_is_missing_until_it_appears(log: Followed) -> None:
    log.path.unlink()
    log.follower.mark()
    assert log.follower.report().data["state"] == "missing"
    log.write(2)
    data = log.follower.report().data
    assert (data["state"], data["records"]) == ("ok", 2)


def test_a_deleted_log_is_told_from_a_missing_one(log: Followed) -> None:
    log.path.unlink()
    assert log.follower.report().data["state"] == "deleted"


def test_a_rotation_by_rename_is_seen_and_the_new_file_is_read_from_its_beginning(log: Followed) -> None:
    log.write(2)
    log.follower.poll()
    log.path.rename(f"{log.path}.1")
    log.write(3)
    data = log.follower.report().data
    assert (data["state"], data["records"]) == ("replaced", 5)
    assert log.follower.report().data["state"] == "ok"


def test_a_replaced_log_that_stays_empty_is_told_as_replaced_in_later_windows_too(log: Followed) -> None:
    log.write()
    log.follower.report()
    log.path.rename(f"{log.path}.1")
    log.path.touch()
    assert [log.follower.report().data["state"] for _ in range(2)] == ["replaced", "replaced"]


def test_records_of_a_writer_that_holds_the_renamed_file_are_counted_as_elsewhere(log: Followed) -> None:
    with log.path.open("a") as held:
        log.path.rename(f"{log.path}.1")
        log.path.touch()
        log.follower.poll()
        held.write('{"release": "4.1.1"}\n')
        held.flush()
        log.clock.advance(1.0)
        assert log.follower.poll() == 0
        data = log.follower.report().data
    assert (data["state"], data["records"], data["elsewhere"]) == ("replaced", 1, 1)


def test_a_copy_in_its_place_does_not_count_its_records_again(log: Followed) -> None:
    log.write(5)
    log.follower.poll()
    shutil.copy(log.path, f"{log.path}.new")
    Path(f"{log.path}.new").rename(log.path)
    log.write(1)
    data = log.follower.report().data
    assert (data["state"], data["records"]) == ("replaced", 6)


def test_a_truncation_is_seen(log: Followed) -> None:
    log.write(5)
    log.follower.poll()
    os.truncate(log.path, 0)
    log.write(1)
    data = log.follower.report().data
    assert (data["state"], data["records"]) == ("truncated", 6)


def test_a_log_truncated_and_grown_past_the_old_offset_is_seen(log: Followed) -> None:
    log.write(2, "4.1.0")
    log.follower.report()
    os.truncate(log.path, 0)
    log.write(9)
    data = log.follower.report().data
    assert (data["state"], data["by_release"]) == ("truncated", {"4.1.1": 9})


def test_the_rest_of_a_truncated_line_is_not_joined_to_the_next_record(log: Followed) -> None:
    log.append('{"release": "4.1')
    log.follower.poll()
    os.truncate(log.path, 0)
    log.write(1)
    data = log.follower.report().data
    assert (data["records"], data["unparsed"]) == (1, 0)


def test_a_reused_inode_is_not_taken_for_the_old_file(log: Followed) -> None:
    log.write(2, "4.1.0")
    log.follower.report()
    log.path.unlink()
    log.write(9)
    data = log.follower.report().data
    assert data["by_release"] == {"4.1.1": 9}
    assert data["state"] in ("replaced", "truncated")


def test_a_replica_that_is_gone_is_reported_with_no_state_and_caught_up_with_later(log: Followed) -> None:
    log.write(1)
    log.replica.gone = True
    data = log.follower.report().data
    assert (data["state"], data["records"]) == (None, 0)
    assert "The replica is gone" in data["error"]
    log.replica.gone = False
    assert log.follower.report().data["records"] == 1


def test_a_log_that_could_not_be_marked_says_so_and_invents_nothing(tmp_path: Path) -> None:
    log = Followed(tmp_path, mark=False, text='{"release": "4.1.0"}\n')
    log.replica.gone = True
    log.follower.mark()
    log.replica.gone = False
    log.follower.poll()
    log.write()
    data = log.follower.report().data
    assert data["by_release"] == {"4.1.1": 1}
    assert "The replica is gone" in data["error"]


def test_a_pattern_that_is_none_is_refused_with_its_place() -> None:
    history = History(clock=ManualClock())
    with pytest.raises(UsageError, match="not a regular expression") as caught:
        LogFollower(LocalReplica(), Spec("/x.log", errors="("), history, ManualClock())
    assert "/x.log: errors" in str(caught.value)


def test_what_is_not_a_file_is_refused(tmp_path: Path) -> None:
    log = Followed(tmp_path, mark=False)
    log.path.unlink()
    log.path.mkdir()
    log.follower.mark()
    data = log.follower.report().data
    assert data["state"] is None
    assert "not a regular file" in data["error"]


def test_a_poll_reads_a_bounded_part_and_says_what_is_left(log: Followed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "FEW", (256, 3))
    monkeypatch.setattr(parts, "MANY", (256, 3))
    monkeypatch.setattr(follower, "BYTES", 768)
    log.write(100)
    total = log.path.stat().st_size
    data = log.follower.report().data
    read = len(log.seen)
    assert 0 < read < 100
    assert int(data["error"].removesuffix(" bytes are not read yet")) < total
    for _ in range(100):
        if not log.follower.poll():
            break
    assert len(log.seen) == 100


def test_the_keys_of_canaries_are_found_alone_and_within_a_text(tmp_path: Path) -> None:
    log = Followed(tmp_path)
    spec = Spec(str(log.path), canary="request")
    found = LogFollower(log.replica, spec, log.history, log.clock).view()
    found.expect_canaries("c1")
    found.mark()
    for value in ("c1-7", "/things/3?key=c1-12&x=1", "c2-9", 5, None):
        log.append(json.dumps({"request": value}) + "\n")
    assert found.report().data["canaries"] == {"c1-7": log.clock.now(), "c1-12": log.clock.now()}


def test_the_keys_of_a_soak_of_ten_minutes_are_all_kept(tmp_path: Path) -> None:
    log, keys = Followed(tmp_path), 50 * 600
    found = LogFollower(log.replica, Spec(str(log.path), canary="request"), log.history, log.clock).view()
    found.expect_canaries("c1")
    found.mark()
    log.append("".join(f'{{"request": "c1-{number}"}}\n' for number in range(keys)))
    told = found.report().data
    assert (len(told["canaries"]), told["canaries_full"]) == (keys, False)


def test_silence_is_what_was_seen_to_be_silent(log: Followed) -> None:
    for writes in (True, False, False, True, False):
        log.clock.advance(1.0)
        if writes:
            log.write()
        log.follower.poll()
    data = log.follower.report().data
    assert (data["silence"], data["seconds"]) == (2.0, 5.0)


@pytest.mark.parametrize("stalled", ["mark", "poll"])
def test_a_look_that_takes_long_says_nothing_of_the_logs_silence(
    stalled: str, log: Followed, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = log.replica.run

    def stall(*arguments: Any, **named: Any) -> Any:
        log.clock.advance(3.0)
        return run(*arguments, **named)

    if stalled == "mark":
        with monkeypatch.context() as patched:
            patched.setattr(log.replica, "run", stall)
            log.follower.mark()
        log.clock.advance(1.0)
        log.follower.poll()
    else:
        log.clock.advance(1.0)
        with monkeypatch.context() as patched:
            patched.setattr(log.replica, "run", stall)
            log.follower.poll()
        log.write()
    assert log.follower.report().data["silence"] == 1.0
