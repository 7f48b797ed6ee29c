"""Logs that are none, are too large, or cannot be had: clear words, and never a crash or a silent pass."""

from __future__ import annotations

import json
import os
import subprocess
import threading
from pathlib import Path
from typing import Any

import pytest

from harness.clock import ManualClock
from harness.errors import CommandTimeout
from harness.history import History
from harness.probes.logs import LogFollower, follower
from harness.probes.logs.fields import FieldReader
from harness.probes.logs.lines import LineBuffer
from suites.selftest.probes.fakes import LocalReplica
from suites.selftest.probes.test_logs import Followed, Spec

pytestmark = pytest.mark.programs


@pytest.fixture
def log(tmp_path: Path) -> Followed:
    return Followed(tmp_path)


def reported(path: Path, replica: LocalReplica | None = None) -> Any:
    clock = ManualClock()
    made = LogFollower(replica or LocalReplica(), Spec(str(path)), History(clock=clock), clock).view()
    made.mark()
    return made.report().data


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("directory", "a directory, not a regular file"),
        ("FIFO", "a FIFO, not a regular file"),
        ("loop", "Too many levels"),
    ],
)
def test_what_is_no_file_is_said_to_be_none(tmp_path: Path, kind: str, words: str) -> None:
    path = tmp_path / "log"
    if kind == "directory":
        path.mkdir()
    elif kind == "FIFO":
        os.mkfifo(path)
    else:
        path.symlink_to(path)
    data = reported(path)
    assert data["state"] is None
    assert words in data["error"]


def test_a_link_that_leads_nowhere_is_a_missing_log_and_one_that_leads_to_a_file_is_the_file(tmp_path: Path) -> None:
    path, target = tmp_path / "log", tmp_path / "elsewhere" / "log"
    target.parent.mkdir()
    path.symlink_to(target)
    assert reported(path)["state"] == "missing"
    target.touch()
    assert reported(path)["state"] == "ok"


def test_a_log_that_may_not_be_read_is_unknown(log: Followed) -> None:
    log.write(3)
    log.replica.prelude = "dd() { echo 'Permission denied' >&2; return 1; }\n"
    data = log.follower.report().data
    assert (data["state"], data["records"]) == (None, 0)
    assert "The log cannot be read" in data["error"]


def test_a_directory_that_may_not_be_searched_is_not_taken_for_a_missing_log(tmp_path: Path) -> None:
    class Nobody(LocalReplica):
        def ask(self, command: Any, timeout: float = 10.0) -> Any:
            nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "sh", "-c", command]
            return super().ask(nobody, timeout)

    (tmp_path / "closed").mkdir(mode=0o700)
    (tmp_path / "closed" / "log").touch()
    if os.getuid() != 0:
        pytest.skip("only root can become another user")
    data = reported(tmp_path / "closed" / "log", Nobody())
    assert data["state"] is None
    assert "ermission denied" in data["error"]


def test_of_a_log_of_10_gb_only_what_is_new_is_read(log: Followed) -> None:
    os.truncate(log.path, 10_000_000_000)
    log.append("\n")
    log.follower.mark()
    log.write(3)
    read = log.replica.told = 0
    data = log.follower.report().data
    assert (data["records"], data["error"], data["unparsed"]) == (3, None, 0)
    assert log.replica.told - read < 200_000


def test_a_log_that_grows_by_10_gb_at_once_is_read_in_parts_and_what_is_left_is_said(log: Followed) -> None:
    os.truncate(log.path, 10_000_000_000)
    data = log.follower.report().data
    assert 9_900_000_000 < int(data["error"].removesuffix(" bytes are not read yet")) < 10_000_000_000
    assert log.replica.told < 2 * follower.BYTES


def test_binary_garbage_is_damage_and_no_crash(log: Followed) -> None:
    log.path.write_bytes(
        b"".join(bytes([number % 256, 255, 10]) for number in range(3000)) + os.urandom(100_000) + b"\n"
    )
    log.write(1)
    data = log.follower.report().data
    assert data["by_release"] == {"4.1.1": 1}
    assert data["unparsed"] == data["records"] - 1 > 2000


@pytest.mark.parametrize("form", ["json", "text"])
def test_a_line_of_100_mb_is_one_record_that_cannot_be_parsed(tmp_path: Path, form: str) -> None:
    log = Followed(tmp_path, form=form)
    with log.path.open("wb") as file:
        for _ in range(100):
            file.write(b"x" * 1_000_000)
        file.write(b"\n")
    log.append(json.dumps({"release": "4.1.1"}) + "\n")
    for _ in range(10):
        log.follower.poll()
    data = log.follower.report().data
    assert (data["records"], data["unparsed"], data["error"]) == (2, 1, None)


def test_nested_and_huge_values_are_damage_and_the_records_beside_them_count(log: Followed) -> None:
    log.append("[" * 100_000 + "\n" + '{"release": ' + "9" * 5000 + "}\n" + '{"a": 1}, {"b": 2}\n')
    log.append('{"release": "4.1.1", "undeclared": ' + "9" * 5000 + "}\n")
    log.write(2)
    data = log.follower.report().data
    assert (data["by_release"], data["unparsed"]) == ({"4.1.1": 3}, 3)


def test_two_halves_that_make_a_record_only_together_are_two_damaged_ones(log: Followed) -> None:
    log.append('{"release": "4.1.1"\n"more": 1}\n{"release": ["4.1.1"\n"x"]}\n')
    data = log.follower.report().data
    assert (data["records"], data["unparsed"], data["by_release"]) == (4, 4, {})


def test_two_records_on_one_line_are_a_damaged_one() -> None:
    fields = FieldReader(["a", "b"])
    assert fields.read([b'{"a": 1}, {"b": 2}'])[0] == 0
    assert fields.read([b'{"a": 1}', b"2", b'{"b": 3}']) == (2, {"a": [1, None], "b": [None, 3]})


def test_a_hole_that_is_longer_than_any_line_hides_no_record() -> None:
    lines = LineBuffer()
    assert lines.feed(b"\0" * 3_000_000) == b""
    assert lines.feed(b"\0" * 10 + b'{"a": 1}\n') == b'{"a": 1}\n'
    assert (lines.holes(), lines.holes(), lines.partial) == (3_000_010, 0, 0)


def test_a_replica_that_hangs_is_unknown(log: Followed, monkeypatch: pytest.MonkeyPatch) -> None:
    def hangs(*arguments: Any) -> Any:
        raise CommandTimeout("A command in backend-1 still ran after 10 s", where="backend-1")

    log.write(2)
    log.follower.poll()
    monkeypatch.setattr(log.replica, "ask", hangs)
    data = log.follower.report().data
    assert data["state"] is None
    assert "still ran after 10 s" in data["error"]


@pytest.mark.parametrize("at", range(1, 8))
def test_a_replica_that_dies_in_the_middle_is_unknown_and_nothing_is_counted_twice_later(
    log: Followed, at: int
) -> None:
    log.write(2)
    log.follower.poll()
    log.path.rename(f"{log.path}.1")
    log.write(2)
    log.replica.before = {at: lambda: setattr(log.replica, "gone", True)}
    data = log.follower.report().data
    if log.replica.gone:
        assert data["state"] is None
        assert "The replica is gone" in data["error"]
    log.replica.gone, log.replica.before = False, {}
    log.follower.report()
    assert len(log.seen) == len(set(log.seen)) == 4


def test_an_answer_that_is_none_is_refused(log: Followed) -> None:
    log.replica.prelude = "stat() { echo nonsense; }\n"
    data = log.follower.report().data
    assert data["state"] is None
    assert "nonsense" in data["error"]


def test_without_the_programs_to_look_around_the_log_is_followed_all_the_same(log: Followed) -> None:
    log.replica.prelude = "readlink() { exit 127; }\ndf() { exit 127; }\ngrep() { return 127; }\nls() { return 127; }\n"
    log.write(2)
    data = log.follower.report().data
    assert (data["records"], data["disk"], data["writers"]) == (2, None, [])


def test_a_log_with_a_line_feed_and_a_quote_in_its_name(tmp_path: Path) -> None:
    log = Followed(tmp_path)
    path = tmp_path / "a\nlog's.log"
    clock = ManualClock()
    made = LogFollower(log.replica, Spec(str(path)), History(clock=clock), clock).view()
    path.touch()
    made.mark()
    path.write_text('{"release": "4.1.1"}\n')
    data = made.report().data
    assert (data["records"], data["error"]) == (1, None)


def test_it_can_be_polled_from_several_threads(log: Followed) -> None:
    log.write(500)
    threads = [threading.Thread(target=log.follower.poll) for _ in range(6)]
    for thread in threads:
        thread.start()
    log.write(100)
    for thread in threads:
        thread.join()
    log.follower.poll()
    assert log.seen == list(dict.fromkeys(log.seen))
    assert len(log.seen) == 600


def test_busybox_will_do(log: Followed, tmp_path: Path) -> None:
    """Its `stat` knows no births, its `dd` is another one."""
    busybox = subprocess.run(
        ["sh", "-c", "command -v busybox"], capture_output=True, text=True, check=False
    ).stdout.strip()
    if not busybox:
        pytest.skip("there is no busybox on this machine")
    programs = tmp_path / "bin"
    programs.mkdir()
    subprocess.run([busybox, "--install", "-s", str(programs)], check=True)
    log.replica.prelude = f"PATH={programs}\n"
    log.follower.mark()
    log.write(3)
    log.follower.poll()
    log.path.rename(f"{log.path}.1")
    log.write(3)
    data = log.follower.report().data
    assert (data["records"], data["state"], data["error"]) == (6, "replaced", None)
