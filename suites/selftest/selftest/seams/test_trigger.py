"""When something is spoilt, and the proof that it was."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import pytest

from fixtures import tiny
from harness.history import History
from harness.plan.gate import Gate, Settings
from harness.plan.plan import phases
from harness.selftest.seams.trigger import PHASES, SeamSpec, Trigger
from harness.stack import load


def trigger(tmp_path: Path, action: str = "garble", phase: str = "deploy", **more: Any) -> Trigger:
    return Trigger(SeamSpec("wire", action, phase, **{"count": 0, **more}), str(tmp_path / "touches"))


def touches(tmp_path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (tmp_path / "touches").read_text().splitlines()]


def begin(one: Trigger, *phases: str) -> None:
    """Have the phases begin as a run has them."""
    history = History()
    history.listen(one.heard)
    for phase in phases:
        with history.step(phase):
            pass


def test_it_is_spoilt_from_the_beginning_of_its_phase_to_that_of_the_next_alone(tmp_path: Path) -> None:
    one = trigger(tmp_path)
    assert not one.take("early")
    begin(one, "baseline")
    assert not one.take("before")
    begin(one, "deploy", "wait for web-1")
    assert one.take("then")
    begin(one, "deployed")
    assert not one.take("later")
    assert [(line["phase"], line["what"]) for line in touches(tmp_path)] == [("deploy", "then")]


def test_what_is_before_the_first_phase_is_startup(tmp_path: Path) -> None:
    one = trigger(tmp_path, phase="startup")
    assert one.take("at once")
    begin(one, "baseline")
    assert not one.take("too late")


def test_the_first_ones_are_let_pass_and_no_more_are_spoilt_than_asked_for(tmp_path: Path) -> None:
    one = trigger(tmp_path, skip=2, count=3)
    begin(one, "deploy")
    assert [one.take(str(n)) for n in range(8)] == [False, False, True, True, True, False, False, False]
    assert [line["what"] for line in touches(tmp_path)] == ["2", "3", "4"]


@pytest.mark.parametrize(
    ("action", "check"),
    [
        ("drop", lambda _data, found: found == b""),
        ("duplicate", lambda data, found: found == data + data),
        ("truncate", lambda data, found: data.startswith(found) and len(found) < len(data)),
        ("garble", lambda data, found: len(found) == len(data) and found != data),
    ],
)
def test_bytes_become_others_and_the_same_ones_with_the_same_seed(tmp_path: Path, action: str, check: Any) -> None:
    data = bytes(range(200))
    one, two = trigger(tmp_path, action, seed=7), trigger(tmp_path, action, seed=7)
    for made in (one, two):
        begin(made, "deploy")
    found = [one.spoil(data, "x") for _ in range(20)]
    assert all(check(data, piece) for piece in found)
    assert found == [two.spoil(data, "x") for _ in range(20)]


def test_no_bytes_cannot_be_spoilt_and_do_not_count_as_such(tmp_path: Path) -> None:
    one = trigger(tmp_path)
    begin(one, "deploy")
    assert one.spoil(b"", "x") == b""
    assert touches(tmp_path) == []


def test_what_stands_still_for_a_phase_goes_on_when_the_next_one_begins(tmp_path: Path) -> None:
    one = trigger(tmp_path, "stop", seconds=0.0)
    begin(one, "deploy")
    held = threading.Thread(target=one.spoil, args=(b"data", "x"), daemon=True)
    held.start()
    while not touches(tmp_path):
        held.join(0.01)
    assert held.is_alive()
    begin(one, "deployed")
    held.join(5.0)
    assert not held.is_alive()


def test_a_thread_that_waits_for_a_phase_goes_on_in_it(tmp_path: Path) -> None:
    one = trigger(tmp_path)
    waiting = threading.Thread(target=one.wait, daemon=True)
    waiting.start()
    begin(one, "baseline")
    assert waiting.is_alive()
    begin(one, "deploy")
    waiting.join(5.0)
    assert not waiting.is_alive()


def test_the_phases_are_those_of_the_gate() -> None:
    """A phase of another name would never come, and nothing would be spoilt in it."""
    stack = load(tiny.STACK, environ={})
    given = Gate(stack, "1.0.0", "1.1.0", Settings(recovery=True)).plans()
    assert set(PHASES) <= {phase for plan in given for phase in phases(plan.steps)}
