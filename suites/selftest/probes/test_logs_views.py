"""One follower, several views: the log is read once, and each view counts from its own mark on."""

from __future__ import annotations

import json
import os
import shutil
import threading
from pathlib import Path
from typing import Any

import pytest

from harness.probes.logs import View, follower, parts
from suites.selftest.probes.cases import Case

pytestmark = pytest.mark.programs


class Shared(Case):
    """A log with a first view, marked, and a second one that is not."""

    def __init__(self, folder: Path, **spec: Any) -> None:
        super().__init__(folder, **spec)
        self.seen: list[str] = []
        self.second = self.followed.view(self.seen.append)
        self.first = self.follower
        self.first.mark()

    def append(self, text: str) -> None:
        with self.path.open("a") as file:
            file.write(text)


@pytest.fixture
def log(tmp_path: Path) -> Shared:
    return Shared(tmp_path, sequence="n")


def told(view: View) -> Any:
    return view.report().data


def test_each_view_counts_from_its_own_mark_on(log: Shared) -> None:
    log.write(3)
    log.second.mark()
    log.write(2, "4.1.1")
    first, second = told(log.first), told(log.second)
    assert (first["by_release"], second["by_release"]) == ({"4.1.0": 3, "4.1.1": 2}, {"4.1.1": 2})
    assert (first["sequence"]["missing"], second["sequence"]["missing"]) == (0, 0)
    assert [json.loads(line)["n"] for line in log.seen] == [4, 5]


def test_a_view_that_was_never_marked_counts_nothing(log: Shared) -> None:
    log.write(3)
    log.first.poll()
    assert (log.second.records, log.seen) == (0, [])


def test_a_report_and_a_mark_of_one_view_leave_the_window_of_the_other(log: Shared) -> None:
    log.second.mark()
    log.write(2)
    told(log.second)
    log.write(3)
    log.second.mark()
    os.truncate(log.path, 0)
    log.write(1)
    second, first = told(log.second), told(log.first)
    assert (first["records"], second["records"]) == (6, 1)
    assert [change["what"] for change in first["changes"]] == ["truncated"] == [c["what"] for c in second["changes"]]


def test_what_one_view_reads_is_no_silence_of_the_other(log: Shared) -> None:
    log.second.mark()
    for _ in range(5):
        log.clock.advance(1.0)
        log.write()
        log.first.poll()
    log.poll(after=1.5)  # the first view's
    log.write()
    assert [told(view)["silence"] for view in (log.first, log.second)] == [1.5, 1.5]
    assert [told(view)["records"] for view in (log.first, log.second)] == [0, 0]


def test_each_view_has_its_own_canaries(tmp_path: Path) -> None:
    log = Shared(tmp_path, canary="request")
    log.first.expect_canaries("a")
    log.second.expect_canaries("b")
    log.second.mark()
    log.append('{"request": "a-1"}\n{"request": "b-1"}\n')
    assert [list(told(view)["canaries"]) for view in (log.first, log.second)] == [["a-1"], ["b-1"]]


def test_a_line_that_had_begun_at_the_mark_counts_for_the_view_before_it_alone(log: Shared) -> None:
    log.append('\0\0{"release": "4.')
    log.second.mark()
    log.second.poll()
    assert log.second.report().data["partial"] is None
    log.append('1.0"}\n{"release": "4.1.1"}\n')
    first, second = told(log.first), told(log.second)
    assert (first["by_release"], second["by_release"]) == ({"4.1.0": 1, "4.1.1": 1}, {"4.1.1": 1})
    assert (first["hole"], second["hole"]) == (2, 0)
    assert second["unparsed"] == 0


def test_half_a_line_from_before_the_mark_is_torn_for_the_view_before_it_alone(log: Shared) -> None:
    log.append('{"release": "4.')
    log.second.mark()
    log.path.rename(f"{log.path}.1")
    log.write(1)
    first, second = told(log.first), told(log.second)
    assert (first["torn"], second["torn"]) == (1, 0)
    assert (first["state"], second["state"], second["records"]) == ("replaced", "replaced", 1)


@pytest.mark.parametrize("action", ["rename", "copytruncate", "delete"])
def test_what_a_change_before_the_mark_left_to_be_read_counts_for_the_view_before_it_alone(
    log: Shared, action: str
) -> None:
    log.write(2)
    log.first.poll()
    log.write(2)
    if action == "rename":
        log.path.rename(f"{log.path}.1")
    elif action == "copytruncate":
        shutil.copy(log.path, f"{log.path}.1")
        os.truncate(log.path, 0)
    else:
        log.hold()
        log.path.unlink()
    log.write(3)
    log.second.mark()
    log.write(1, "4.1.1")
    first, second = told(log.first), told(log.second)
    for holder in log.holders:
        holder.close()
    assert (first["by_release"], second["by_release"]) == ({"4.1.0": 7, "4.1.1": 1}, {"4.1.1": 1})
    assert (second["changes"], second["losses"], second["state"]) == ([], [], "ok")
    assert len(first["changes"]) == 1


def test_a_part_that_stood_beside_the_log_at_the_mark_is_not_new_to_that_view(log: Shared) -> None:
    log.write(1)
    log.first.poll()
    Path(f"{log.path}.2").write_text('{"release": "4.0.0"}\n{"release": "half')
    log.second.mark()
    log.path.rename(f"{log.path}.1")
    log.write(1, "4.1.1")
    first, second = told(log.first), told(log.second)
    assert first["by_release"] == {"4.1.0": 1, "4.0.0": 1, "4.1.1": 1}
    assert (second["by_release"], second["torn"]) == ({"4.1.1": 1}, 0)


def test_a_writer_in_a_rotated_part_is_told_by_what_came_since_each_mark(log: Shared) -> None:
    holder = log.hold()
    log.path.rename(f"{log.path}.1")
    log.path.touch()
    log.poll()
    holder.write(log.line())
    log.second.mark()
    line = log.line()
    holder.write(line)
    first, second = told(log.first), told(log.second)
    holder.close()
    assert (first["elsewhere"], second["elsewhere"]) == (2, 1)
    assert second["writers"][0]["grew"] == len(line) + 1 < first["writers"][0]["grew"]
    assert first["writers"][0]["since"] is not None
    assert second["writers"][0]["since"] is None


def test_missing_and_deleted_are_told_apart_by_each_views_mark(log: Shared) -> None:
    log.path.unlink()
    log.second.mark()
    assert [told(view)["state"] for view in (log.first, log.second)] == ["deleted", "missing"]
    log.write()
    assert [told(view)["state"] for view in (log.first, log.second)] == ["replaced", "ok"]


def test_a_mark_that_fails_is_made_up_for_and_harms_no_other_view(log: Shared) -> None:
    log.write(2)
    log.replica.gone = True
    log.second.mark()
    log.replica.gone = False
    assert log.first.error is None
    log.first.poll()
    assert "The replica is gone" in str(log.second.error)
    log.second.poll()
    log.write(1, "4.1.1")
    first, second = told(log.first), told(log.second)
    assert (first["by_release"], first["error"]) == ({"4.1.0": 2, "4.1.1": 1}, None)
    assert second["by_release"] == {"4.1.1": 1}
    assert "The replica is gone" in second["error"]


def test_a_log_is_read_once_however_many_look_at_it(log: Shared) -> None:
    views = [log.first, log.second, *(log.followed.view() for _ in range(3))]
    log.write()  # what is known by its first bytes needs no look around
    for view in views[1:]:
        view.mark()
    told(log.first)
    before, asked = log.replica.told, log.replica.asked
    log.write(20_000)
    size = log.path.stat().st_size
    log.first.poll()
    assert log.replica.told - before < 1.5 * size
    once = log.replica.asked - asked
    assert [view.records for view in views] == [20_000] * 5
    asked = log.replica.asked
    for view in views:
        view.poll()
    assert log.replica.told - before < 1.5 * size + 100_000
    assert (once, log.replica.asked - asked) == (2, 5)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "FEW", (256, 3))
    monkeypatch.setattr(parts, "MANY", (256, 3))
    monkeypatch.setattr(follower, "BYTES", 768)


@pytest.mark.usefixtures("small")
def test_a_mark_while_the_follower_is_far_behind_takes_one_look_and_counts_nothing_from_before(log: Shared) -> None:
    log.write(1000)
    log.first.poll()
    asked = log.replica.asked
    log.second.mark()
    assert log.replica.asked - asked < 10
    log.write(2, "4.1.1")
    second, first = told(log.second), told(log.first)
    assert (second["by_release"], second["error"], second["unread_parts"]) == ({"4.1.1": 2}, None, [])
    assert second["sequence"]["missing"] == first["sequence"]["missing"] == 0
    assert 0 < first["by_release"]["4.1.0"] < 1000
    assert first["by_release"]["4.1.1"] == 2
    assert first["unread_parts"][0].startswith("what was written before a mark was passed over: ")


def test_a_part_that_cannot_be_read_any_more_does_not_spoil_the_marks_to_come(log: Shared) -> None:
    log.write(1)
    log.first.poll()
    log.path.rename(f"{log.path}.1")
    log.write(1)
    sound, log.replica.prelude = log.replica.prelude, 'dd() { case "$p" in *.1) return 1;; esac; command dd "$@"; }\n'
    log.second.mark()
    log.write(1, "4.1.1")
    second, first = told(log.second), told(log.first)
    log.replica.prelude = sound
    assert (second["by_release"], second["error"]) == ({"4.1.1": 1}, None)
    assert "before a mark was passed over: The log cannot be read" in first["unread_parts"][0]


def test_views_can_be_polled_marked_and_reported_from_several_threads(log: Shared) -> None:
    views = [log.followed.view() for _ in range(4)]

    def use(view: View) -> None:
        for _ in range(3):
            view.mark()
            view.poll()
            view.report()

    threads = [threading.Thread(target=use, args=(view,)) for view in views]
    for thread in threads:
        thread.start()
    for _ in range(20):
        log.write(50)
    for thread in threads:
        thread.join()
    data = told(log.first)
    assert (data["records"], data["sequence"]["missing"], data["sequence"]["repeated"]) == (1000, 0, 0)
