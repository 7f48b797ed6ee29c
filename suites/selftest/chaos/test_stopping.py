"""The lever that stops every campaign of a user."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.chaos.stopping import lever, pull, pulled, release
from harness.errors import Unwritable


def test_it_is_where_the_users_state_is(tmp_path: Path) -> None:
    assert lever({"HOME": "/home/a"}) == Path("/home/a/.local/state/rollback-harness/stop-chaos")
    assert lever({"HOME": "/home/a", "XDG_STATE_HOME": "/state"}) == Path("/state/rollback-harness/stop-chaos")
    assert lever({"HOME": "/home/a", "HARNESS_STOP_CHAOS": "/run/stop"}) == Path("/run/stop")


def test_it_says_who_pulled_it_and_why_until_it_is_taken_away(tmp_path: Path) -> None:
    path = tmp_path / "state" / "stop-chaos"
    assert pulled(path) is None
    pull(path, "release day")
    said = pulled(path)
    assert said is not None
    assert said.endswith(": release day")
    assert release(path)
    assert pulled(path) is None
    assert not release(path)


def test_an_empty_file_and_whatever_cannot_be_read_stop_as_well(tmp_path: Path) -> None:
    (tmp_path / "touched").touch()
    (tmp_path / "directory").mkdir()
    assert pulled(tmp_path / "touched") == "without a word"
    assert "cannot be read" in str(pulled(tmp_path / "directory"))


def test_one_that_cannot_be_pulled_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Unwritable, match="cannot be pulled"):
        pull(tmp_path / "file" / "stop-chaos", "")
