"""A deployer's process on this machine."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.deploy.local import LocalProcess
from harness.errors import DeployerError

ENVIRONMENT = {"PATH": os.environ["PATH"]}


class Started:
    """Starts shell scripts and ends them after the test."""

    def __init__(self, directory: Path) -> None:
        self.directory, self.processes = directory, list[LocalProcess]()

    def __call__(self, script: str, **environment: str) -> LocalProcess:
        process = LocalProcess(["sh", "-c", script], {**ENVIRONMENT, **environment}, self.directory)
        self.processes.append(process)
        return process


@pytest.fixture
def started(tmp_path: Path) -> Iterator[Started]:
    found = Started(tmp_path)
    yield found
    for process in found.processes:
        process.close()


def lines(process: LocalProcess) -> list[tuple[str, str]]:
    found = []
    while (line := process.line(20)) is not None:
        found.append(line)
    return found


def gone(pid: int, seconds: float = 30.0) -> bool:
    """Whether a process has ended within so many seconds; one that nobody reaps counts as ended."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            stat = Path(f"/proc/{pid}/stat").read_text()
        except (FileNotFoundError, ProcessLookupError):
            return True
        if stat.rpartition(")")[2].split()[0] == "Z":
            return True
        time.sleep(0.02)
    return False


def test_each_line_comes_with_its_stream_and_without_its_end(started: Started) -> None:
    found = lines(started("echo one; echo two >&2; printf 'three\\r\\n'; printf last"))
    assert [text for stream, text in found if stream == "out"] == ["one", "three", "last"]
    assert [text for stream, text in found if stream == "err"] == ["two"]


def test_a_line_comes_as_soon_as_it_is_written(started: Started) -> None:
    process = started("echo first; exec sleep 60")
    assert process.line(20) == ("out", "first")


def test_empty_lines_are_lines(started: Started) -> None:
    assert lines(started("echo; echo")) == [("out", ""), ("out", "")]


def test_bytes_that_are_no_text_are_replaced(started: Started) -> None:
    assert lines(started("printf 'a\\377b\\n'")) == [("out", "a\ufffdb")]


def test_a_quiet_process_is_a_timeout_and_no_end(started: Started) -> None:
    with pytest.raises(TimeoutError):
        started("exec sleep 60").line(0.05)


@pytest.mark.parametrize(("script", "code"), [("exit 0", 0), ("exit 7", 7), ("kill -TERM $$", 128 + 15)])
def test_the_exit_code_is_the_commands_own(script: str, code: int, started: Started) -> None:
    process = started(script)
    assert lines(process) == []
    assert process.exit_code() == code


def test_it_gets_the_variables_that_it_is_given_and_no_others(
    started: Started, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OURS", "x")
    assert lines(started('echo "$THEIRS,$OURS"', THEIRS="y")) == [("out", "y,")]


def test_it_runs_in_the_directory_that_it_is_given(started: Started, tmp_path: Path) -> None:
    assert lines(started("pwd -P")) == [("out", str(tmp_path.resolve()))]


def test_nobody_answers_its_questions(started: Started) -> None:
    assert lines(started("read answer; echo got:$?")) == [("out", "got:1")]


def test_kill_ends_it_and_what_it_started(started: Started) -> None:
    process = started("sleep 300 & echo $!; exec sleep 300")
    line = process.line(20)
    assert line is not None
    process.kill()
    assert process.exit_code() == 128 + signal.SIGKILL
    assert gone(int(line[1]))


def test_close_ends_what_it_left_behind(started: Started) -> None:
    process = started("sleep 300 >/dev/null 2>&1 & echo $!")
    (line,) = lines(process)
    process.close()
    assert gone(int(line[1]))


def test_a_child_that_holds_stdout_does_not_hold_the_end_up(started: Started) -> None:
    process = started("sleep 300 & echo $!")
    first = process.line(20)
    assert first is not None
    began = time.monotonic()
    found: object = ()
    while found is not None:
        assert time.monotonic() - began < 20
        try:
            found = process.line(0.1)
        except TimeoutError:
            continue  # the shell itself was still ending
    assert process.exit_code() == 0
    process.close()
    assert gone(int(first[1]))


def test_closing_twice_does_no_harm(started: Started) -> None:
    process = started("true")
    process.close()
    process.close()


@pytest.mark.parametrize("name", ["no-such-command", "./not-executable", "/"])
def test_a_command_that_cannot_be_run_is_said_with_where_and_what_to_do(name: str, tmp_path: Path) -> None:
    (tmp_path / "not-executable").write_text("x")
    with pytest.raises(DeployerError) as caught:
        LocalProcess([name], ENVIRONMENT, tmp_path)
    assert caught.value.where == f"{name} in {tmp_path}"
    assert caught.value.got in ("No such file or directory", "Permission denied")
    assert caught.value.hint is not None
    assert caught.value.exit_code == 2
