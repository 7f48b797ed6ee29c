"""`.ci/run` ends soon when it is told to, with all that it has started, and stops the engine whatever happened."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from harness.waiting import poll
from suites.selftest.packaging.conftest import ROOT

pytestmark = pytest.mark.programs

SOON = 15.0  # s; less than the script waits for tests that do not end
LONG = """
sleep 1000 &
echo $! >child
wait
"""


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A clone whose tests and whose harness are stand-ins."""
    for directory in (".ci", ".tox/test/bin"):
        (tmp_path / directory).mkdir(parents=True)
    shutil.copy(ROOT / ".ci/run", tmp_path / ".ci/run")
    harness = tmp_path / ".tox/test/bin/harness"
    harness.write_text('#!/bin/sh\necho "$@" >>stopped\n')
    harness.chmod(0o755)
    return tmp_path


@pytest.fixture
def running(clone: Path) -> Iterator[subprocess.Popen[bytes]]:
    """It runs tests that take long; their child has begun."""
    (clone / ".ci/test").write_text(LONG)
    with subprocess.Popen(["bash", clone / ".ci/run"], cwd=clone, start_new_session=True) as process:
        try:
            assert poll(lambda: child(clone), within=SOON, every=0.01)
            yield process
        finally:
            process.kill()
            with suppress(ProcessLookupError):
                os.kill(child(clone), signal.SIGKILL)


def child(clone: Path) -> int:
    """The process that the tests have started; 0 before."""
    file = clone / "child"
    return int(file.read_text().strip() or 0) if file.exists() else 0


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)], ids=["TERM", "INT"])
def test_a_signal_ends_it_soon_with_all_that_the_tests_have_started_and_the_engine(
    clone: Path, running: subprocess.Popen[bytes], number: signal.Signals, code: int
) -> None:
    os.kill(running.pid, number)
    assert running.wait(SOON) == code
    assert poll(lambda: not alive(child(clone)), within=SOON, every=0.01)
    assert (clone / "stopped").read_text() == "engine stop\n"


@pytest.mark.parametrize("code", [0, 1])
def test_its_exit_code_is_that_of_the_tests_and_the_engine_is_stopped(clone: Path, code: int) -> None:
    (clone / ".ci/test").write_text(f"exit {code}\n")
    assert subprocess.run(["bash", clone / ".ci/run"], cwd=clone, check=False).returncode == code
    assert (clone / "stopped").read_text() == "engine stop\n"
