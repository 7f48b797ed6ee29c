"""The self-tests with real gates of the tiny stack: a short form of what `tox -e honesty` does at length."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fixtures import tiny
from harness.engine import Engine
from suites.selftest.commands.support import World, eventually, left_on

pytestmark = [pytest.mark.containers, pytest.mark.alone]


@pytest.fixture
def world(tmp_path: Path, harness_engine: Engine) -> Iterator[World]:
    """Where the command runs; nothing of it may stay."""
    found = World(tmp_path)
    yield found
    found.close()
    assert eventually(lambda: not found.processes(), 60.0), found.processes()
    assert left_on(harness_engine, found) == {}


def results(world: World) -> list[dict[str, Any]]:
    lines = (world.directory / "out/results.jsonl").read_text().splitlines()[1:]
    return [json.loads(line) for line in lines]


def test_gates_whose_harness_is_spoilt_stay_honest(world: World) -> None:
    ended = world.harness(
        "selftest", "honesty", tiny.STACK, "--out", "out", "--runs", "3", "--no-undisturbed", "--seed", "1",
        *("--only", "generator"), *("--only", "shell"), *("--only", "samples-file"), timeout=400,
    )  # fmt: skip
    assert ended.code == 0, ended.text
    assert sum(one["touched"] > 0 for one in results(world)) == 3


def test_starved_gates_stay_honest(world: World) -> None:
    few = ("--clean", "1", "--repeat", "1", "--defects", "1")
    ended = world.harness("selftest", "starvation", tiny.STACK, "--out", "out", *few, timeout=400)
    assert ended.code == 0, ended.text
    found = results(world)
    assert sorted(one["defect"] for one in found) == [False, True]
    assert all(one["touched"] for one in found)


def test_ctrl_c_ends_the_gates_and_the_same_call_goes_on(world: World) -> None:
    words = ("selftest", "honesty", tiny.STACK, "--out", "out", "--runs", "0", "--jobs", "2")
    going = world.start(*words)
    going.wait_for(lambda: len(list((world.directory / "out/kept").glob("*/runs/2*/events.jsonl"))) == 2, "two gates")
    going.interrupt()
    ended = going.end(120.0)
    assert ended.code == 130, ended.text
    assert "the same call goes on from there" in ended.out
    assert results(world) == []
    assert eventually(lambda: not world.processes(), 30.0), world.processes()
