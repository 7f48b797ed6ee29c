"""The plans of 50 seeds on the tiny and on the reference stack, as they were: another Python, machine or order of
anything shows here, and so does a change of the generator.

`python -m suites.selftest.plan.random.test_golden` writes the files again; look at what changed before it is committed.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from harness.plan.random import RandomPlan
from suites.selftest.plan.random.stacks import usual

GOLDEN = Path(__file__).parent / "golden"
NAMES = ("tiny", "reference")
SEEDS, WHOLE = 50, 5  # of each stack; of these so many in full


def digest(made: RandomPlan) -> str:
    """Of a plan as its file has it."""
    return hashlib.sha256(json.dumps(made.plan.to_data(), sort_keys=True).encode()).hexdigest()[:16]


def line(made: RandomPlan) -> str:
    """A plan in a line: its digest, how long it is and what it tests."""
    tests = "; ".join(f"{one.what} ({one.stage})" for one in made.elements) or "nothing but there and back"
    return f"{made.seed} {digest(made)} {len(made.plan.every)} steps, {made.seconds:g} s: {tests}"


def table(name: str) -> str:
    return "".join(f"{line(usual(name, seed))}\n" for seed in range(SEEDS))


def whole(name: str, seed: int) -> str:
    return "".join(f"{one}\n" for one in usual(name, seed).plan.lines())


@pytest.mark.parametrize("name", NAMES)
def test_the_plans_of_50_seeds_are_as_they_were(name: str) -> None:
    assert table(name) == (GOLDEN / f"{name}.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("seed", range(WHOLE))
def test_a_printed_plan_is_as_it_was(name: str, seed: int) -> None:
    assert whole(name, seed) == (GOLDEN / f"{name}-{seed}.txt").read_text(encoding="utf-8")


def test_no_line_of_a_printed_plan_is_longer_than_a_terminal() -> None:
    for name in NAMES:
        assert [one for seed in range(WHOLE) for one in whole(name, seed).splitlines() if len(one) > 80] == []


if __name__ == "__main__":
    GOLDEN.mkdir(exist_ok=True)
    for name in NAMES:
        (GOLDEN / f"{name}.txt").write_text(table(name), encoding="utf-8")
        for seed in range(WHOLE):
            (GOLDEN / f"{name}-{seed}.txt").write_text(whole(name, seed), encoding="utf-8")
