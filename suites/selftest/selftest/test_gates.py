"""The self-tests with real gates of the tiny stack: a short form of what `tox -e honesty` does at length."""

from __future__ import annotations

import json
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fixtures import tiny
from harness.engine import Engine
from harness.engine.labels import RUN
from harness.history import read
from suites.leftovers import networks_left
from suites.raw import select
from suites.selftest.commands.support import World, eventually

pytestmark = [pytest.mark.containers, pytest.mark.sampled]


@pytest.fixture
def world(tmp_path: Path, harness_engine: Engine) -> Iterator[World]:
    """Where the command runs; no process of it may stay."""
    found = World(tmp_path)
    yield found
    found.close()
    assert eventually(lambda: not found.processes(), 60.0), found.processes()


def results(world: World) -> list[dict[str, Any]]:
    lines = (world.directory / "out/results.jsonl").read_text().splitlines()[1:]
    return [json.loads(line) for line in lines]


HALF = f"""# The shorter scenario, and little time to recover: each gate takes several times as long as usual.
overrides: [{tiny.STACK.parent / "compose.selftest.yaml"}]
arguments: [--baseline, "2", --hold, "2", --scenario, half-deployment]
variants:
  clean: {{environment: {{TINY_RECOVERY: 5s}}}}
  half-blind: {{defect: true, environment: {{TINY_DEPLOYER: half-blind, TINY_RECOVERY: 5s}}}}
"""


def test_gates_whose_harness_is_spoilt_stay_honest(world: World) -> None:
    (world.directory / "half.yaml").write_text(HALF, encoding="utf-8")
    ended = world.harness(
        *("selftest", "honesty", tiny.STACK, "--variants", "half.yaml", "--out", "out", "--runs", "3", "--seed", "3"),
        *("--no-undisturbed", "--only", "generator"), *("--only", "shell"), *("--only", "samples-file"), timeout=400,
    )  # fmt: skip
    assert ended.code == 0, ended.text
    assert sum(one["touched"] > 0 for one in results(world)) == 3


@pytest.mark.alone  # what starves it would starve the tests beside it
def test_starved_gates_stay_honest(world: World) -> None:
    (world.directory / "half.yaml").write_text(HALF, encoding="utf-8")
    few = ("--variants", "half.yaml", "--clean", "1", "--repeat", "1", "--defects", "1", "--seed", "3", "--jobs", "2")
    ended = world.harness("selftest", "starvation", tiny.STACK, "--out", "out", *few, timeout=400)
    assert ended.code == 0, ended.text
    found = results(world)
    assert sorted(one["defect"] for one in found) == [False, True]
    assert all(one["touched"] for one in found)


DEFECT = """about: The rollback leaves out the second replica.
class: 5
suffers: Half of the requests.
modelled_on: a mode of the deployer
named_by: ["web-2 runs 1\\\\.1\\\\.0"]
edits:
  - {in: images/app/deploy.py, old: 'MODE == "half" and back', new: back}
proof:
  after: [deploy, rollback]
  looks:
    - {in: control, run: cat /srv/web-2, shows: "1\\\\.1\\\\.0", stock: "1\\\\.0\\\\.0"}
"""
VARIANT = """about: The deployer says more.
harmless: Output is for people.
edits:
  - {in: images/app/deploy.py, old: 'runs {release}"', new: 'runs {release} now"'}
"""


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """The tiny stack, with a corpus of one defect and one variant."""
    root = tmp_path / "tiny"
    shutil.copytree(tiny.STACK.parent, root, ignore=shutil.ignore_patterns("__pycache__"))
    for name, text in (("defects/half/defect.yaml", DEFECT), ("variants/words/variant.yaml", VARIANT)):
        (root / name).parent.mkdir(parents=True)
        (root / name).write_text(text)
    return root / "compose.yaml"


def test_a_corpus_is_gated_and_goes_on_where_it_was(world: World, corpus: Path) -> None:
    gate = [word for one in ("--scenario", "round-trip", "--baseline", "1", "--hold", "1") for word in ("--gate", one)]
    words: list[str | Path] = ["selftest", "detection", corpus, "--out", "out", "--jobs", "2", *gate]
    first = world.harness(*words, "--runs", "1", timeout=200)
    assert first.code == 2, f"not all of them had a verdict: {first.text}"
    assert len(results(world)) == 1
    ended = world.harness(*words, "--record", timeout=200)
    assert ended.code == 0, ended.text
    came = json.loads((corpus.parent / "detection.json").read_text())
    assert came["half"]["came"] == "named"
    assert came["half"]["by"].startswith("release ")
    assert came["half"]["after"] > 0
    assert came["words"]["came"] == "quiet"
    starts = [line for line in (world.directory / "out/results.jsonl").read_text().splitlines() if '"table"' in line]
    assert len(starts) == 1


def test_a_defect_is_proven_on_its_stack_and_on_the_stock(world: World, corpus: Path) -> None:
    ended = world.harness("selftest", "prove", corpus, timeout=200)
    assert ended.code == 0, ended.text
    assert "ok   half 1: " in ended.out
    assert "ok   half 1 on the stock: " in ended.out
    text = (corpus.parent / "defects/half/defect.yaml").read_text()
    (corpus.parent / "defects/half/defect.yaml").write_text(text.replace('stock: "1\\\\.0', 'stock: "2\\\\.0'))
    again = world.harness("selftest", "prove", corpus, timeout=200)
    assert again.code == 1
    assert "NOT  half 1 on the stock" in again.out
    assert "     | 1.0.0" in again.out


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL], ids=["Ctrl-C", "SIGKILL"])
def test_the_gates_end_with_the_self_test_and_leave_nothing(world: World, harness_engine: Engine, number: int) -> None:
    words = ("selftest", "honesty", tiny.STACK, "--out", "out", "--runs", "0", "--jobs", "2")
    going = world.start(*words)
    events = "out/kept/*/runs/2*/events.jsonl"
    going.wait_for(lambda: len(list(world.directory.glob(events))) == 2, "two gates")
    runs = [path.parent.name for path in world.directory.glob(events)]
    going.signal(number)
    ended = going.end(120.0)
    assert ended.code == (130 if number == signal.SIGINT else -signal.SIGKILL), ended.text
    assert ("the same call goes on from there" in ended.out) is (number == signal.SIGINT)
    assert results(world) == []
    assert eventually(lambda: not world.processes(), 60.0), world.processes()
    ends = [select(read(path), "run.end")[-1].data["exit_code"] for path in world.directory.glob(events)]
    assert ends == ([] if number == signal.SIGINT else [143, 143]), "they were ended, and did not come to their end"
    for run in runs:
        assert harness_engine.containers.list([f"{RUN}={run}"]) == ()
        assert not networks_left(harness_engine, f"{RUN}={run}")
