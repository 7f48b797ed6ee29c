"""The files that match a pattern are one log: what is new in any of them counts, once, whatever they are called."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from harness.clock import ManualClock
from harness.events import ProbeLog
from harness.history import History
from harness.probes.logs import PatternFollower
from harness.stack import Log
from harness.stack.patterns import for_shell, is_pattern
from suites.selftest.probes.fakes import LocalReplica


class Followed:
    def __init__(self, folder: Path, name: str = "web-*.log") -> None:
        self.folder = folder / "it's a folder"
        self.folder.mkdir()
        self.number = 0
        self.clock = ManualClock()
        spec = Log(path=f"{self.folder}/{name}", format="json", release="release", sequence="n")
        self.follower = PatternFollower(LocalReplica(), spec, History(clock=self.clock), self.clock)
        self.view = self.follower.view()

    def write(self, name: str, count: int = 1, release: str = "4.1.1") -> None:
        with (self.folder / name).open("a") as file:
            for _ in range(count):
                self.number += 1
                file.write(json.dumps({"release": release, "n": self.number}) + "\n")

    def report(self) -> ProbeLog:
        return self.view.report().body


@pytest.fixture
def log(tmp_path: Path) -> Followed:
    return Followed(tmp_path)


def test_what_was_there_at_the_mark_does_not_count_and_what_comes_in_any_file_does(log: Followed) -> None:
    log.write("web-1.log", 3, "4.1.0")
    log.write("web-2.log", 3, "4.1.0")
    log.view.mark()
    for name in ("web-1.log", "web-2.log", "other.log"):
        log.write(name, 2)
    body = log.report()
    assert (body.records, body.by_release, body.state, body.error) == (4, {"4.1.1": 4}, "ok", None)


def test_a_new_dated_file_is_read_from_its_beginning_and_is_no_change(log: Followed) -> None:
    log.write("web-20261128.log")
    log.view.mark()
    log.write("web-20261128.log", 2)
    log.view.poll()
    log.write("web-20261129.log", 3)
    body = log.report()
    assert (body.records, body.changes, body.losses, body.sequence.missing) == (5, [], [], 0)


def test_no_file_is_missing_and_a_first_one_is_read(log: Followed) -> None:
    log.view.mark()
    assert log.report().state == "missing"
    log.write("web-1.log", 2)
    body = log.report()
    assert (body.records, body.state) == (2, "ok")


def test_all_files_that_were_there_may_be_deleted(log: Followed) -> None:
    log.write("web-1.log")
    log.view.mark()
    (log.folder / "web-1.log").unlink()
    assert log.report().state == "deleted"


def test_one_that_is_renamed_within_the_pattern_is_read_on_with_nothing_twice(log: Followed) -> None:
    log.write("web-1.log")
    log.view.mark()
    log.write("web-1.log", 2)
    log.view.poll()
    (log.folder / "web-1.log").rename(log.folder / "web-0.log")
    log.write("web-0.log", 2)
    log.write("web-1.log", 1)
    assert log.report().records == 5


def test_one_that_is_renamed_out_of_the_pattern_is_read_to_its_end(log: Followed) -> None:
    log.write("web-1.log")
    log.view.mark()
    log.write("web-1.log", 2)
    log.view.poll()
    log.write("web-1.log", 2)
    (log.folder / "web-1.log").rename(log.folder / "web-1.log.1")
    log.write("web-1.log", 1)
    body = log.report()
    assert (body.records, body.losses, body.sequence.missing) == (5, [], 0)


def test_one_that_was_written_and_deleted_is_a_loss_and_one_that_was_put_away_is_none(log: Followed) -> None:
    log.write("web-0.log")
    log.write("web-1.log")
    log.view.mark()
    log.write("web-1.log", 2)
    log.view.poll()
    (log.folder / "web-0.log").unlink()
    assert log.report().losses == []
    log.write("web-2.log")
    (log.folder / "web-1.log").unlink()
    assert len(log.report().losses) == 1


def test_a_truncated_one_is_a_loss_and_is_read_on(log: Followed) -> None:
    log.write("web-1.log", 3)
    log.view.mark()
    os.truncate(log.folder / "web-1.log", 0)
    log.write("web-1.log", 1)
    body = log.report()
    assert (body.records, len(body.losses), [one.what for one in body.changes]) == (1, 1, ["truncated"])


def test_a_link_to_the_present_file_is_no_second_one_and_a_packed_one_is_none(tmp_path: Path) -> None:
    log = Followed(tmp_path, "web*")
    log.write("web-1.log")
    (log.folder / "web.log").symlink_to("web-1.log")
    log.view.mark()
    log.write("web-1.log", 2)
    (log.folder / "web-0.log.gz").write_bytes(b"packed\nand no record\n")
    body = log.report()
    assert (body.records, body.unparsed) == (2, 0)


def test_half_a_line_in_one_file_is_not_completed_by_another(log: Followed) -> None:
    log.view.mark()
    (log.folder / "web-1.log").write_text('{"release": "4.1.1"')
    log.view.poll()
    log.write("web-2.log", 2)
    with (log.folder / "web-1.log").open("a") as file:
        file.write(', "n": 9}\n')
    body = log.report()
    assert (body.records, body.unparsed) == (3, 0)


def test_only_the_wild_characters_of_a_path_are_left_to_the_shell() -> None:
    assert for_shell("/var/log/a b/$x-*.l?g") == "'/var/log/a b/$x-'*.l?g"
    assert [is_pattern(path) for path in ("/a/*.log", "/a/[ab].log", "/a/b.log", "/a/[x")] == [True, True, False, False]
