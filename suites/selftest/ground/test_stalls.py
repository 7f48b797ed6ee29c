"""Stalls of the machine: added up, allowed for in time-outs, and noticed in this process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.stalls import CHAIN, MAX_FACTOR, Heartbeat, Patience, Stalls, overlap

moments = st.floats(0, 100, allow_nan=False)
rows = st.lists(st.tuples(moments, st.floats(0.1, 10), st.floats(0, 1)).map(lambda r: (r[0], r[0] + r[1], r[1] * r[2])))


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_stall_counts_as_far_as_it_lies_in_the_stretch() -> None:
    stalls = Stalls()
    stalls.add(10.0, 12.0, 1.0)
    assert stalls.stood(0.0, 20.0) == pytest.approx(1.0)
    assert stalls.stood(11.0, 20.0) == pytest.approx(0.5)
    assert stalls.stood(12.0, 20.0) == 0.0
    assert stalls.stood(float("-inf"), 20.0) == pytest.approx(1.0)


def test_two_witnesses_of_one_stall_do_not_make_two() -> None:
    assert overlap([(0.0, 2.0, 2.0), (1.0, 3.0, 1.0)], 0.0, 3.0) == pytest.approx(2.5)


@given(rows, moments, moments)
def test_a_stretch_never_stood_still_for_longer_than_it_lasted(
    found: list[tuple[float, float, float]], a: float, b: float
) -> None:
    begin, end = sorted((a, b))
    assert 0.0 <= overlap(found, begin, end) <= end - begin + 1e-9


def test_on_a_machine_that_runs_a_time_out_is_as_long_as_it_says() -> None:
    clock = Clock()
    patience = Patience(2.0, Stalls(), clock)
    clock.now = 1.5
    assert patience.left == pytest.approx(0.5)
    clock.now = 2.1
    assert patience.left < 0.0
    assert patience.words == ""


def test_a_time_out_is_put_off_while_the_machine_stands_still_and_says_so() -> None:
    clock, stalls = Clock(), Stalls()
    patience = Patience(2.0, stalls, clock)
    stalls.add(0.5, 1.5, 1.0)
    clock.now = 2.1
    assert patience.left == pytest.approx(2.0 + CHAIN - 2.1)
    assert patience.words == "; the machine stood still for 1.0 s of them"


def test_a_machine_that_stands_still_for_ever_does_not_put_it_off_for_ever() -> None:
    clock, stalls = Clock(), Stalls()
    patience = Patience(2.0, stalls, clock)
    clock.now = 1000.0
    stalls.add(0.0, 1000.0, 1000.0)
    assert patience.left == pytest.approx(MAX_FACTOR * 2.0 - 1000.0)


STOPPED = """
import sys, time
from harness.stalls import Heartbeat, Stalls
stalls = Stalls()
told = []
with Heartbeat(stalls, lambda *stall: told.append(stall)):
    begin = time.monotonic()
    print("ready", flush=True)
    sys.stdin.readline()
    while not told:
        time.sleep(0.01)
    print(round(stalls.stood(begin, time.monotonic()), 3), round(max(stood for *_, stood in told), 3), flush=True)
"""


def test_a_process_that_was_stopped_knows_for_how_long() -> None:
    with subprocess.Popen([sys.executable, "-c", STOPPED], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as program:
        assert program.stdin is not None
        assert program.stdout is not None
        assert program.stdout.readline() == b"ready\n"
        os.kill(program.pid, signal.SIGSTOP)
        os.waitpid(program.pid, os.WUNTRACED)
        subprocess.run(["sleep", "1"], check=True)  # the stall itself
        os.kill(program.pid, signal.SIGCONT)
        program.stdin.write(b"\n")
        program.stdin.flush()
        stood, longest = map(float, program.stdout.readline().split())
    assert longest >= 0.85
    assert stood >= longest - 0.01


def test_a_heartbeat_can_be_stopped_twice_and_before_it_began() -> None:
    beat = Heartbeat(Stalls())
    beat.stop()
    beat.start()
    beat.start()
    beat.stop()
    beat.stop()
