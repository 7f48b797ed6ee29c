"""Each of the ways in which a log stops to be one, on real files and with real processes: what the verdict says."""

from __future__ import annotations

import gzip
import os
import time
from collections.abc import Iterator
from itertools import chain, repeat
from pathlib import Path
from typing import Any

import pytest

from harness.checks import logs
from harness.checks.logs import ExpectedLog
from harness.probes.logs import directory, follower
from harness.probes.logs.directory import DirectoryState
from harness.verdict import Outcome, Verdict
from suites.selftest.probes.cases import Case, Holder

pytestmark = pytest.mark.programs


@pytest.fixture
def case(tmp_path: Path) -> Iterator[Case]:
    made = Case(tmp_path)
    yield made
    for holder in made.holders:
        holder.close()


def failed(verdict: Verdict) -> str:
    assert verdict.outcome is Outcome.FAIL, verdict
    return verdict.reason


def doubted(verdict: Verdict) -> str:
    assert verdict.outcome is Outcome.UNKNOWN, verdict
    return verdict.reason


# -- 1: touched, or heartbeats only ------------------------------------------------------------------------------------


def test_1_a_log_that_is_only_touched(case: Case) -> None:
    case.write()
    case.mark()
    case.poll()
    os.utime(case.path, (1, 1))
    case.poll(3.0)
    assert "it was touched: its time changed, and nothing was written" in failed(case.verdict())


def test_1_heartbeats_are_no_records(tmp_path: Path) -> None:
    case = Case(tmp_path, heartbeat='"beat"')
    case.mark()
    for _ in range(3):
        case.write(kind="beat")
        case.poll()
    assert "it has 3 heartbeats and no other record" in failed(case.verdict())
    case.write()
    case.poll()
    assert case.verdict().outcome is Outcome.FAIL  # still: silent for too long
    assert case.data["heartbeats"] == 0


# -- 2: the writer holds another file ----------------------------------------------------------------------------------


@pytest.mark.parametrize("when", ["before the mark", "after it"])
@pytest.mark.parametrize("how", ["renamed", "deleted"])
def test_2_a_writer_that_holds_a_renamed_or_deleted_file(case: Case, how: str, when: str) -> None:
    holder, inode = case.hold(), case.path.stat().st_ino
    if when == "after it":
        case.mark()
        holder.write(case.line())
        case.poll()
    case.path.rename(f"{case.path}.1") if how == "renamed" else case.path.unlink()
    case.path.touch()
    if when == "before the mark":
        case.mark()
    case.poll()
    seen = time.strftime("%H:%M:%S", time.gmtime(case.clock.now()))
    for _ in range(3):
        holder.write(case.line())
        case.poll()
    reason = failed(case.verdict())
    opened = f"before the rotation at {seen}" if when == "after it" else "before it was watched"
    name = f" ({case.path}.1)" if how == "renamed" else ""
    assert f"backend-2 writes to a {how} file{name}: inode {inode}, opened {opened}; python" in reason
    assert f"pid {holder.process.pid}" in reason
    assert case.data["elsewhere"] == 3


def test_2_a_writer_that_opens_the_new_file_a_moment_later_is_nothing(case: Case) -> None:
    holder = case.hold()
    case.mark()
    case.path.rename(f"{case.path}.1")
    case.path.touch()
    case.poll()
    holder.write(case.line())
    holder.close()
    case.holders.clear()
    case.write(3)
    case.poll()
    assert case.verdict(), case.data
    assert (case.data["records"], case.data["elsewhere"], case.data["writers"]) == (4, 1, [])


def test_2_one_worker_of_two_that_goes_on_in_the_deleted_file(case: Case) -> None:
    holder = case.hold()
    case.mark()
    case.path.unlink()
    for _ in range(4):
        case.write()
        holder.write(case.line())
        case.poll()
    reason = failed(case.verdict())
    assert "backend-2 writes to a deleted file" in reason
    assert f"and {case.path} on backend-2 got 5 records" in reason


def test_2_a_part_that_was_there_before_the_mark_is_not_read_because_somebody_opens_it(case: Case) -> None:
    Path(f"{case.path}.1").write_text("old\n" * 3)
    case.mark()
    case.write()
    case.holders.append(Holder(Path(f"{case.path}.1")))
    case.poll()
    assert case.verdict(), case.data
    assert (case.data["records"], case.data["elsewhere"]) == (1, 0)


# -- 3: inode reuse ----------------------------------------------------------------------------------------------------


def test_3_a_file_that_reuses_the_inode_is_another_file(case: Case) -> None:
    case.write(3)
    case.mark()
    case.poll()
    inode = case.path.stat().st_ino
    case.path.unlink()
    case.path.touch()
    if case.path.stat().st_ino != inode:
        pytest.skip("this file system does not reuse inodes at once")
    case.poll(3.0)
    assert f"was deleted and recreated on the same inode {inode}" in failed(case.verdict())


# -- 4: copytruncate ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("copy", [True, False])
def test_4_what_is_lost_at_a_truncation_is_named(case: Case, copy: bool) -> None:
    case.write(3)
    case.mark()
    case.poll()
    offset = case.path.stat().st_size
    case.write(2)
    if copy:
        Path(f"{case.path}.1").write_bytes(case.path.read_bytes())
    os.truncate(case.path, 0)
    case.write(1)
    case.poll()
    reason = doubted(case.verdict())
    assert f"after byte {offset}, between " in reason
    end = "what came after the copy of it is in neither" if copy else "there is no copy of it"
    assert f"is lost: the file was emptied, and {end}" in reason
    assert case.data["records"] == (3 if copy else 1)
    assert [one.get("gone", False) for one in case.data["losses"]] == [not copy]


def test_4_what_was_emptied_may_have_been_copied_into_a_part_that_cannot_be_read(case: Case) -> None:
    case.write(3)
    case.mark()
    case.poll()
    Path(f"{case.path}.1.gz").write_bytes(gzip.compress(case.path.read_bytes()))
    os.truncate(case.path, 0)
    case.write(1)
    case.poll()
    assert "is lost: the file was emptied" in doubted(case.verdict())
    assert [one.get("gone", False) for one in case.data["losses"]] == [False]


def test_4_the_hole_of_a_writer_without_append_is_skipped_and_told(case: Case) -> None:
    case.path.unlink()
    holder = case.hold("w")
    holder.write("x" * 5000)
    case.mark()
    os.truncate(case.path, 0)
    case.poll()
    case.verdict()  # the loss is told in the window of the truncation
    holder.write(case.line())
    case.poll()
    assert case.path.read_bytes().startswith(b"\0" * 5001)
    verdict = case.verdict()
    assert (case.data["records"], case.data["unparsed"], case.data["hole"]) == (1, 0, 5001)
    assert "lost" in doubted(verdict)
    last = [event for event in case.history.events if event.kind in ("probe.log", "workload")][-2:]
    log = ExpectedLog("backend-2", str(case.path), 2.0)
    alone = logs.check(last, phase="rolled-back", release="4.1.0", logs=[log])
    assert alone, alone
    assert "a hole of 4.88 KiB of NUL bytes, left by a writer without O_APPEND" in alone.reason


# -- 5: truncated and regrown ------------------------------------------------------------------------------------------


def test_5_truncated_and_grown_past_the_old_size_between_two_looks(case: Case) -> None:
    case.write(2)
    case.mark()
    case.poll()
    os.truncate(case.path, 0)
    with case.path.open("a") as file:
        file.write("\n" * 5000)
    case.poll(3.0)
    assert "was truncated and had grown past its old size by " in failed(case.verdict())
    assert case.data["records"] == 0


# -- 6: sequence, half lines, damage -----------------------------------------------------------------------------------


def test_6_gaps_and_repetitions_are_told_with_their_numbers(tmp_path: Path) -> None:
    case = Case(tmp_path, sequence="n")
    case.mark()
    case.write(3)
    case.number = 6
    case.write(2)
    case.number = 7
    case.write(1)
    case.poll()
    reason = failed(case.verdict())
    assert "a sequence with 3 numbers missing and 1 number repeated: 4 to 6 missing and 8 again after 8" in reason


def test_6_a_sequence_goes_on_over_a_rotation(tmp_path: Path) -> None:
    case = Case(tmp_path, sequence="n")
    case.mark()
    case.write(3)
    case.path.rename(f"{case.path}.1")
    case.write(3)
    case.poll()
    assert case.verdict(), case.data


def test_6_a_writer_that_stalls_within_a_record(case: Case) -> None:
    case.mark()
    case.write()
    with case.path.open("a") as file:
        file.write('{"release": "4.1')
    case.poll()
    case.poll(3.0)
    reason = failed(case.verdict())
    assert "it ends in half a line (16 bytes) since " in reason


def test_6_records_that_cannot_be_parsed(case: Case) -> None:
    case.mark()
    with case.path.open("ab") as file:
        file.write(b'{"release": "4.1.0"\n\xff\xfe\x00\x01\n[]\n')
    case.write()
    case.poll()
    assert "has 3 records that cannot be parsed" in failed(case.verdict(carries_time=False))


# -- 7 and 9: times ----------------------------------------------------------------------------------------------------


def test_7_stale_times(case: Case) -> None:
    case.mark()
    case.poll()
    case.write(2, ts=case.clock.now() - 3600)
    case.poll()
    assert "has 2 records with a stale time: up to 3600.0 s before" in failed(case.verdict())


def test_7_times_that_go_back(case: Case) -> None:
    case.mark()
    case.write(1, ts=case.clock.now())
    case.write(1, ts=case.clock.now() - 61)
    case.write(1, ts=case.clock.now())
    case.poll()
    reason = failed(case.verdict())
    assert "has 1 record whose time goes back, by up to 61.0 s" in reason


def test_7_times_in_the_future_and_a_clock_that_is_wrong(case: Case) -> None:
    case.replica.skew = -100.0
    case.mark()
    case.write()
    case.poll()
    reason = failed(case.verdict())
    assert "has 1 record from the future, by up to " in reason
    assert "the replica's clock is 100.0 s behind the harness's" in reason


def test_7_an_answer_that_comes_late_makes_no_clock_wrong(case: Case) -> None:
    case.mark()
    case.replica.late = 15.0
    assert case.follower.report().data["skew"] == 0.0


def test_9_a_writer_that_holds_records_back(case: Case) -> None:
    case.mark()
    held = []
    for _ in range(8):
        held.append(case.line())
        case.poll()
    with case.path.open("a") as file:
        file.write("\n".join(held) + "\n")
    case.poll(0.1)
    reason = failed(case.verdict())
    assert "is written in blocks: " in reason
    assert " records appeared up to 8.0 s late, together with newer ones" in reason
    assert "the writer holds them back" in reason


def test_9_a_full_disk(case: Case) -> None:
    case.replica.prelude = "df() { printf 'Filesystem\\nfull 1024 1024 0 100%% /\\n'; }\n"
    case.mark()
    case.poll(3.0)
    reason = failed(case.verdict())
    assert "its file system is full (0 bytes free of 1 MiB)" in reason


# -- 8: the wrong release ----------------------------------------------------------------------------------------------


def test_8_a_straggler_is_told_from_a_fleet_that_goes_on(case: Case) -> None:
    case.mark()
    case.write(1, "4.1.1")
    for _ in range(4):
        case.poll()
        case.write()
    reason = failed(case.verdict())
    assert "has 1 record of 4.1.1, where 4.1.0 should write (at " in reason
    assert "none in the last 4.0 s" in reason


def test_8_records_of_the_wrong_release_that_go_on(case: Case) -> None:
    case.mark()
    for _ in range(4):
        case.write()
        case.write(1, "4.1.1")
        case.poll(0.2)
    assert "has 4 records of 4.1.1, where 4.1.0 should write (from " in (reason := failed(case.verdict()))
    assert "it goes on to the end" in reason


# -- 10 and 11: the container, the mount -------------------------------------------------------------------------------


def test_10_a_container_that_was_made_anew_took_its_log_along(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    containers = chain(["aaaaaaaaaaaa"], repeat("bbbbbbbbbbbb"))

    def examined(*arguments: Any) -> DirectoryState:
        found = directory.scan(*arguments)
        found.container = next(containers)
        return found

    monkeypatch.setattr(follower, "scan", examined)
    case.write(3)
    case.mark()
    case.poll()
    case.path.unlink()
    case.path.touch()
    case.poll(3.0)
    assert "vanished with its container, which was recreated" in failed(case.verdict())


@pytest.mark.parametrize(
    ("shows", "words"), [("/srv/x.log.1", "was renamed to /srv/x.log.1"), ("/srv/x.log//deleted", "was deleted")]
)
def test_11_a_mount_that_shows_the_old_file(
    case: Case, monkeypatch: pytest.MonkeyPatch, shows: str, words: str
) -> None:
    mounts = chain(["/srv/x.log"], repeat(shows))

    def examined(*arguments: Any) -> DirectoryState:
        found = directory.scan(*arguments)
        found.mounted = next(mounts)
        return found

    monkeypatch.setattr(follower, "scan", examined)
    case.mark()
    case.write()
    case.poll()
    reason = failed(case.verdict())
    assert f"is a mounted single file, and the mount still shows the old one: outside, /srv/x.log {words}" in reason
