"""The generator's process: what becomes of the load when it is killed, hangs, or loses its parent."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from harness.errors import NotMeasured
from harness.history import History
from harness.workload import Workload
from suites.selftest.workload.made import eventually, spec
from suites.selftest.workload.server import good, serving

pytestmark = pytest.mark.programs


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def _state(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return "Z"


def test_a_generator_that_is_killed_is_not_measured_and_leaves_nothing() -> None:
    with serving(good) as server:
        workload = Workload(spec(server.port), History())
        workload.start("baseline")
        pid = workload.pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        with pytest.raises(NotMeasured, match="ended unexpectedly") as caught:
            workload.baseline(5.0)
        assert "exit code -9" in str(caught.value)
        assert not workload.running()
        with pytest.raises(NotMeasured):
            workload.stop()
        assert not alive(pid)
        assert workload.pid is None


def test_a_generator_that_hangs_is_not_measured_and_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.workload.process.SILENT", 0.5)
    with serving(good) as server:
        workload = Workload(spec(server.port, timeout=0.1), History())
        workload.start()
        pid = workload.pid
        assert pid is not None
        os.kill(pid, signal.SIGSTOP)
        with pytest.raises(NotMeasured, match="hangs"):
            workload.baseline(0.7)
        with pytest.raises(NotMeasured, match="hangs"):
            workload.stop()
        assert not alive(pid)


def test_a_generator_that_does_not_tell_has_not_caught_up() -> None:
    with serving(good) as server:
        workload = Workload(spec(server.port, timeout=0.1), History())
        workload.start()
        pid = workload.pid
        assert pid is not None
        os.kill(pid, signal.SIGSTOP)
        assert workload.caught_up() is None
        os.kill(pid, signal.SIGCONT)
        assert workload.caught_up() is not None
        workload.stop()


def test_the_generator_ends_when_its_parent_is_killed() -> None:
    script = """
import sys, time
from harness.history import History
from harness.workload import Spec, Workload
workload = Workload(Spec("127.0.0.1", int(sys.argv[1])), History())
workload.start()
print(workload.pid, flush=True)
time.sleep(60)
"""
    with serving(good) as server:
        words = [sys.executable, "-c", script, str(server.port)]
        with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as parent:
            assert parent.stdout is not None
            pid = int(parent.stdout.readline())
            assert alive(pid)
            parent.kill()
        ended = eventually(lambda: not alive(pid) or _state(pid) == "Z")
        if not ended:
            os.kill(pid, signal.SIGKILL)  # a test that fails leaves nothing behind either
        assert ended
