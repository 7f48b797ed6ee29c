"""A deployer on this machine: its lines, its end, and the end of all that it started."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.deploy import belongings
from harness.deploy.local import LocalProcess
from harness.errors import DeployerError


def start(tmp_path: Path, *argv: str) -> LocalProcess:
    return LocalProcess(argv, dict(os.environ), tmp_path)


def lines(process: LocalProcess, timeout: float = 30.0) -> list[tuple[str, str]]:
    found = []
    while (line := process.line(timeout)) is not None:
        found.append(line)
    return found


def alive(words: str) -> bool:
    """A process with exactly this command line runs."""
    wanted = words.replace(" ", "\0").encode() + b"\0"
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and (entry / "cmdline").read_bytes() == wanted:
                return True
        except OSError:
            continue
    return False


def eventually(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 30.0
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def test_lines_of_both_streams_and_the_exit_code_arrive(tmp_path: Path) -> None:
    process = start(tmp_path, "sh", "-c", "echo out; echo err >&2; printf unfinished; exit 7")
    assert sorted(lines(process)) == [("err", "err"), ("out", "out"), ("out", "unfinished")]
    assert process.exit_code() == 7
    process.close()


def test_a_command_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(DeployerError, match="no-such-command"):
        start(tmp_path, "no-such-command")


def test_a_line_without_an_end_is_told_in_pieces(tmp_path: Path) -> None:
    process = start(tmp_path, "sh", "-c", "head -c 1000000 /dev/zero | tr '\\0' x")
    found = lines(process)
    assert sum(len(text) for _, text in found) == 1_000_000
    assert max(len(text) for _, text in found) <= 65536
    process.close()


def test_one_that_closes_its_streams_is_not_at_its_end(tmp_path: Path) -> None:
    process = start(tmp_path, sys.executable, "-c", "import os, time; os.close(1); os.close(2); time.sleep(600)")
    with pytest.raises(TimeoutError):
        lines(process, 0.5)
    process.kill()
    assert process.exit_code() == 137
    process.close()


def test_closing_ends_what_has_left_its_session(tmp_path: Path) -> None:
    seconds = str(700 + uuid.uuid4().int % 10**9)
    process = start(tmp_path, "sh", "-c", f"setsid sleep {seconds} > /dev/null 2>&1 & echo begun")
    assert lines(process) == [("out", "begun")]
    assert eventually(lambda: alive(f"sleep {seconds}"))
    process.close()
    assert not alive(f"sleep {seconds}")


def test_a_guard_ends_everything_when_its_parent_is_killed(tmp_path: Path) -> None:
    seconds = str(700 + uuid.uuid4().int % 10**9)
    program = (
        "import os, sys, pathlib, threading\n"
        "from harness.deploy.local import LocalProcess\n"
        f"command = ['sh', '-c', 'setsid sleep {seconds} & sleep {seconds}']\n"
        "process = LocalProcess(command, dict(os.environ), pathlib.Path('/'))\n"
        "print('ready', flush=True); threading.Event().wait()\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", program],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert parent.stdout is not None
    assert parent.stdout.readline() == b"ready\n"
    assert eventually(lambda: alive(f"sleep {seconds}"))
    parent.kill()
    parent.wait()
    parent.stdout.close()
    assert eventually(lambda: not alive(f"sleep {seconds}"))


def test_nothing_else_is_ended(tmp_path: Path) -> None:
    bystander = subprocess.Popen(["sleep", "600"], start_new_session=True)
    process = start(tmp_path, "true")
    lines(process)
    process.close()
    assert bystander.poll() is None
    assert belongings.find(uuid.uuid4().hex, -1) == []
    bystander.kill()
    bystander.wait()
