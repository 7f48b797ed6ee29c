from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from harness.engine import state
from harness.errors import HarnessError


def test_harness_home_goes_first() -> None:
    assert state.home({"HARNESS_HOME": "/h", "XDG_STATE_HOME": "/x"}) == Path("/h")


def test_root_has_a_system_directory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert state.home({"XDG_STATE_HOME": "/x"}) == Path("/var/lib/rollback-harness")


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"XDG_STATE_HOME": "/x"}, "/x/rollback-harness"),
        ({"HOME": "/home/me"}, "/home/me/.local/state/rollback-harness"),
    ],
)
def test_everybody_else_has_the_xdg_directory(
    monkeypatch: pytest.MonkeyPatch, environ: dict[str, str], expected: str
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert state.home(environ) == Path(expected)


def test_a_socket_whose_path_is_too_long_goes_to_the_runtime_directory() -> None:
    deep = {"HARNESS_HOME": "/" + "d" * 120}
    assert len(str(state.engine_socket(deep))) <= state.SOCKET_PATH_LIMIT
    assert state.engine_socket(deep) != state.engine_socket({"HARNESS_HOME": "/" + "e" * 120})
    assert state.engine_socket({"HARNESS_HOME": "/h"}) == Path("/h/engine/docker.sock")


def test_a_directory_that_cannot_be_made_says_what_to_set(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(HarnessError, match="cannot be made") as caught:
        state.directory(tmp_path / "file" / "below")
    assert caught.value.hint is not None
    assert "HARNESS_HOME" in caught.value.hint


def test_a_lock_is_held_by_one_at_a_time(tmp_path: Path) -> None:
    environ, inside, most = {"HARNESS_HOME": str(tmp_path)}, [0], [0]
    guard = threading.Lock()

    def work() -> None:
        for _ in range(20):
            with state.lock("x", environ):
                with guard:
                    inside[0] += 1
                    most[0] = max(most[0], inside[0])
                with guard:
                    inside[0] -= 1

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1]


def test_a_lock_that_is_never_let_go_is_an_error_with_its_file(tmp_path: Path) -> None:
    environ = {"HARNESS_HOME": str(tmp_path)}
    second = state.lock("x", environ, deadline=0.1)
    with state.lock("x", environ), pytest.raises(HarnessError, match="does not release it") as caught, second:
        pass
    assert caught.value.where == str(tmp_path / "locks" / "x.lock")
