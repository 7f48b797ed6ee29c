"""The follower where a file changes between two looks, or under one."""

import os
import shlex
from pathlib import Path

import pytest

from suites.selftest.probes.test_logs import Followed

pytestmark = pytest.mark.programs


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
def test_a_change_between_two_looks_is_seen_by_the_same_poll(log: Followed, action: str) -> None:
    log.write(5, "4.1.0")
    log.follower.poll()

    def change() -> None:
        if action == "truncate":
            os.truncate(log.path, 0)
        elif action == "rename":
            log.path.rename(f"{log.path}.1")
        else:
            log.path.unlink()
        log.write(1, "4.1.2")

    log.replica.before = {1: change}
    data = log.follower.report().data
    assert data["by_release"] == {"4.1.0": 5, "4.1.2": 1}
    assert data["unparsed"] == 0


@pytest.mark.parametrize("regrown", [False, True])
def test_a_truncation_between_two_questions_of_one_look_mixes_nothing(log: Followed, regrown: bool) -> None:
    """The file is emptied after it was asked for its size, and before it is asked for its bytes."""
    log.write(5, "4.1.0")
    log.follower.poll()
    log.write(1, "4.1.0")
    quoted = shlex.quote(str(log.path))
    new = '{"release": "4.1.2", "text": "of another length"}\n' * (30 if regrown else 1)
    log.replica.prelude = f"""dd() {{ [ -e {quoted}.once ] || {{ : >{quoted}.once; : >{quoted}
        printf '%s' {shlex.quote(new)} >>{quoted}; }}; command dd "$@"; }}\n"""
    data = log.follower.report().data
    assert data["by_release"] == {"4.1.0": 5, "4.1.2": 30 if regrown else 1}
    assert data["unparsed"] == 0
    assert [change["what"] for change in data["changes"]] in (["truncated"], ["regrown"])


def test_a_log_that_changes_under_every_look_is_not_read(log: Followed) -> None:
    def another() -> None:
        log.path.unlink()
        log.write(1)

    log.write(9)
    log.follower.poll()
    log.replica.before = dict.fromkeys(range(1, 99), another)
    data = log.follower.report().data
    assert data["state"] is None
    assert "changed each time" in data["error"]
