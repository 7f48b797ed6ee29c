"""What starves gates: it does what it says, and nothing of it stays."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from harness.selftest.starvation import HUNGER, table
from harness.selftest.starvers import Starvers
from suites.selftest.selftest.made import CLEAN, HALF, LATE, variants

pytestmark = pytest.mark.programs

HOLDER = """
import sys
from pathlib import Path
from harness.selftest.starvers import Starvers
with Starvers({"processes": 1, "cpu": 1, "disk": 1}, 60.0, Path.cwd()) as starvers:
    print(*(process.pid for _, process in starvers._started), flush=True)
    sys.stdin.read()
"""


def gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "ZX"
    except OSError:
        return True


def until_gone(pids: list[int], within: float = 20.0) -> None:
    deadline = time.monotonic() + within
    while not all(gone(pid) for pid in pids):
        assert time.monotonic() < deadline, "they still run"
        time.sleep(0.02)  # between two looks


@pytest.mark.parametrize("kind", ["processes", "cpu", "disk"])
def test_each_kind_does_what_it_says_and_leaves_no_file(tmp_path: Path, kind: str) -> None:
    with Starvers({kind: 1}, 60.0, tmp_path) as starvers:
        (pid,) = [process.pid for _, process in starvers._started]
        threads = Path(f"/proc/{pid}/io")
        deadline = time.monotonic() + 20.0
        while int(threads.read_text().split()[1]) < 1 or time.monotonic() < deadline - 19.0:
            time.sleep(0.05)  # it starts, and has a second to do something
    assert starvers.done[kind] > 0
    assert gone(pid)
    assert list(tmp_path.iterdir()) == []


def test_they_end_by_themselves_when_their_time_is_over(tmp_path: Path) -> None:
    with Starvers({"cpu": 1}, 0.2, tmp_path) as starvers:
        until_gone([process.pid for _, process in starvers._started])
    assert starvers.done["cpu"] > 0


def test_they_end_with_a_process_that_is_killed(tmp_path: Path) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=tmp_path
    )
    assert holder.stdout is not None
    pids = [int(word) for word in holder.stdout.readline().split()]
    assert len(pids) == 3
    assert not any(gone(pid) for pid in pids)
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    until_gone(pids)
    holder.stdout.close()
    assert list(tmp_path.iterdir()) == []


def test_the_table_starves_the_clean_stack_and_each_defect_in_several_ways() -> None:
    cases = list(table(variants(), 1, clean=20, repeat=4, defects=2))
    assert len(cases) == 28
    assert [one.n for one in cases] == list(range(28))
    ways = {v.name: {one.details["way"] for one in cases if one.variant is v} for v in (CLEAN, HALF, LATE)}
    assert ways["clean"] == set(HUNGER)
    assert len(ways["half"]) == len(ways["late"]) == 4
    assert cases == list(table(variants(), 1, clean=20, repeat=4, defects=2))
    assert cases != list(table(variants(), 2, clean=20, repeat=4, defects=2))
