"""A sample of the corpus, gated: others with each commit. `tox -e detection` runs the whole.

Drawn are those that the table has a result of and whose gate is not a long one. The others are for `tox -e detection`.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from fixtures.reference import STACK
from harness.selftest import record
from harness.selftest.corpus import read
from suites.selftest.commands.support import World, eventually

ROOT = STACK.parent.parent.parent
COUNT = 1  # of each kind
LIMIT = 560  # s for them
LONGEST = 150  # s that a gate of it took, beside another one


def turn() -> int:
    """Another one with each commit; `HARNESS_DETECTION_TURN` repeats one."""
    if told := os.environ.get("HARNESS_DETECTION_TURN"):
        return int(told)
    asked = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False)
    return int(asked.stdout.strip()[:8] or "0", 16)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """Where the command runs; no process of it may stay."""
    found = World(tmp_path)
    yield found
    found.close()
    assert eventually(lambda: not found.processes(), 60.0), found.processes()


def drawn(names: Sequence[str], turn: int, count: int) -> list[str]:
    """So many of them, the next ones in the next turn."""
    return [names[(turn * count + place) % len(names)] for place in range(min(count, len(names)))]


@pytest.mark.containers
@pytest.mark.paired
@pytest.mark.parametrize("kind", ["defects", "variants"])
def test_a_sample_of_the_corpus_comes_to_what_the_table_says(world: World, kind: str) -> None:
    now, corpus = turn(), read(STACK)
    known = {name: one for name, one in record.load(corpus).items() if one.get("seconds", LONGEST) <= LONGEST}
    overlays, came = {"defects": (corpus.defects, ("named", "noticed")), "variants": (corpus.variants, ("quiet",))}[
        kind
    ]
    names = drawn([one.name for one in overlays if known.get(one.name, {}).get("came") in came], now, COUNT)
    assert len(names) == COUNT
    only = [word for name in names for word in ("--only", name)]
    ended = world.harness("selftest", "detection", STACK, "--out", "out", "--jobs", "1", *only, timeout=LIMIT)
    lines = (world.directory / "out/results.jsonl").read_text().splitlines()[1:]
    results = [json.loads(line) for line in lines]
    assert len(results) == COUNT, f"HARNESS_DETECTION_TURN={now}: {ended.text}"
    for one in results:
        assert not one["findings"], f"HARNESS_DETECTION_TURN={now}: {one['variant']}: {one['findings']}"


def test_turns_go_round_all_of_them() -> None:
    names = ["a", "b", "c", "d", "e"]
    assert [drawn(names, turn, 2) for turn in range(3)] == [["a", "b"], ["c", "d"], ["e", "a"]]
    assert drawn(["a"], 7, 2) == ["a"]
