"""The follower where a file changes between two looks, or under one."""

import os
from pathlib import Path

import pytest

from suites.selftest.probes.test_logs import Followed


@pytest.fixture
def log(tmp_path: Path) -> Followed:
    return Followed(tmp_path)


@pytest.mark.parametrize("changed", ["head", "anchor"])
def test_a_rewritten_log_is_known_by_its_first_bytes_and_by_those_before_the_offset(
    tmp_path: Path, changed: str
) -> None:
    banner, middle, end = "starting\n" * 30, "a record of a run\n", "the same as ever\n" * 20
    old, new = {"head": (middle + end, middle.upper() + end), "anchor": (banner + middle, banner + middle.upper())}[
        changed
    ]
    log = Followed(tmp_path, form="text", text=old)
    os.truncate(log.path, 0)
    log.append(new)
    data = log.follower.report().data
    assert (data["state"], data["records"]) == ("truncated", len(new.splitlines()))


@pytest.mark.parametrize("action", ["truncate", "rename", "delete"])
def test_a_change_between_the_look_and_the_read_is_seen_by_the_same_poll(log: Followed, action: str) -> None:
    log.write(5)

    def change() -> None:
        if action == "truncate":
            os.truncate(log.path, 0)
        elif action == "rename":
            log.path.rename(f"{log.path}.1")
        else:
            log.path.unlink()
        log.write(1, "4.1.2")

    log.replica.before = {2: change}  # the first command of the poll looks, the second one reads
    data = log.follower.report().data
    assert data["by_release"] == {"4.1.2": 1}
    assert data["unparsed"] == 0


def test_a_log_that_changes_under_every_look_is_not_read(log: Followed) -> None:
    log.replica.before = {
        number: lambda: log.path.write_text(f"{log.path.read_text()[:-1]}") for number in range(2, 99, 2)
    }
    log.write(9)
    data = log.follower.report().data
    assert data["state"] is None
    assert "changed under every look" in data["error"]
