"""Answers that were changed, doubled or cut off on their way are told from those that came as they were sent."""

from __future__ import annotations

import dataclasses
import random
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from harness.clock import SystemClock
from harness.history import History
from harness.probes.digest import digested, whole
from harness.probes.logs import LogFollower
from harness.selftest.seams.trigger import CHANGES
from harness.stack import Log
from suites.selftest.probes.fakes import LocalReplica

ALL = ["duplicate", "truncate", "garble"]


def sh(script: str, path: str = "/usr/bin:/bin") -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(["/bin/sh", "-c", script], capture_output=True, check=False, env={"PATH": path})


def test_an_answer_comes_as_it_was_printed() -> None:
    for text in ("one", "a\nb\nSUM:c", "", "ä\\n"):
        found = whole(sh(digested(f"printf %s '{text}'")).stdout)
        assert found is not None
        assert bytes(found) == text.encode()


@pytest.mark.parametrize("action", ALL)
def test_an_answer_that_was_damaged_is_none(action: str) -> None:
    sent = sh(digested("seq 1 200")).stdout
    for seed in range(300):
        found = whole(CHANGES[action](sent, random.Random(seed)))
        # What was cut off behind the digest's mark is what was printed, and cannot be told from an image without one.
        assert found is None or bytes(found) == sent.partition(b"\nSUM:")[0]


def test_an_image_without_a_digest_is_taken_at_its_word(tmp_path: Path) -> None:
    found = whole(sh(digested("echo one; echo two"), path=str(tmp_path)).stdout)
    assert found is not None
    assert bytes(found) == b"one\ntwo\n"


class Damaging(LocalReplica):
    """Damages answers about a log: the first of each question, or all."""

    def __init__(self, action: str, *, always: bool) -> None:
        super().__init__()
        self.action, self.always, self.random, self.on = action, always, random.Random(1), False
        self.count = 0

    def ask(self, command: str | Sequence[str], timeout: float = 10.0) -> Any:
        answer = super().ask(command, timeout)
        self.count += 1
        if not self.on or not answer.stdout or (not self.always and self.count % 2 == 0):
            return answer
        return dataclasses.replace(answer, stdout=CHANGES[self.action](answer.stdout, self.random))


def followed(replica: Damaging, path: Path) -> dict[str, Any]:
    """What is reported of a sound log of which 200 records are new."""
    declared = Log(path=str(path), format="json", release="release")
    follower = LogFollower(replica, declared, History(), SystemClock()).view()
    line = '{"release": "1.0.0", "n": %d}\n'
    path.write_text("".join(line % n for n in range(50)))
    follower.mark()
    replica.on = True
    for begin in range(50, 250, 50):
        with path.open("a") as file:
            file.writelines(line % n for n in range(begin, begin + 50))
        follower.poll()
    return dict(follower.report().data)


@pytest.mark.parametrize("action", ALL)
def test_a_log_whose_answers_are_damaged_now_and_then_is_read_all_the_same(action: str, tmp_path: Path) -> None:
    data = followed(Damaging(action, always=False), tmp_path / "log")
    assert (data["error"], data["records"], data["unparsed"], data["by_release"]) == (None, 200, 0, {"1.0.0": 200})


@pytest.mark.parametrize("action", ALL)
def test_a_log_whose_answers_are_always_damaged_is_not_known(action: str, tmp_path: Path) -> None:
    data = followed(Damaging(action, always=True), tmp_path / "log")
    assert "damaged on their way" in data["error"]
    assert (data["unparsed"], data["errors"]) == (0, 0)
