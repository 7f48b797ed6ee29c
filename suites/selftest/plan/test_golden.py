"""The plans of the gate and of the incident as they are printed: a missing step or another figure shows here.

`python -m suites.selftest.plan.test_golden` writes the files again; look at what changed before it is committed.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from fixtures import reference
from harness.plan.gate import Gate, Settings, half_deployment, round_trip
from harness.plan.incident import Incident, replay
from harness.plan.plan import Plan, of_data, of_text
from harness.stack import Stack, load
from harness.stack.xharness import CheckSettings
from harness.stack.xharness.logs import Rotation

GOLDEN = Path(__file__).parent / "golden"
OLD, NEW = "4.1.0", "4.1.1"
BECAUSE = "its rows cannot be read by 4.1.0"


@cache  # a stack is a value, and so is a plan: nothing changes them
def stack() -> Stack:
    return load(reference.STACK, environ={})


def one_way() -> Stack:
    """The same, with a release that cannot be taken back."""
    plain = stack()
    declared = plain.harness.deployer
    assert declared is not None
    deployer = declared.model_copy(update={"one_way": {NEW: BECAUSE}})
    return plain.model_copy(update={"harness": plain.harness.model_copy(update={"deployer": deployer})})


def tuned() -> Stack:
    """The same, with thresholds, and with a check that is switched off."""
    plain = stack()
    settings = {
        "availability": CheckSettings(parameters={"budget": 0.05}),
        "queue": CheckSettings(parameters={"slack": 50.0}),
        "trace": CheckSettings(off="the image writes a cache beside the release"),
        "acknowledged": CheckSettings(off="the work is kept elsewhere"),
    }
    return plain.model_copy(update={"harness": plain.harness.model_copy(update={"checks": settings})})


def rotated() -> Stack:
    """The same, with a log that may be rotated."""
    plain = stack()
    logs = {
        service: [one.model_copy(update={"rotate": Rotation(signal="HUP")}) for one in every]
        for service, every in plain.harness.logs.items()
    }
    return plain.model_copy(update={"harness": plain.harness.model_copy(update={"logs": logs})})


@cache
def plans() -> dict[str, Plan]:
    """Every plan of the harness's own, by the name of its file."""
    gate, script = Gate(stack(), OLD, NEW), Incident.load(reference.ROOT / "incident.yaml")
    return {
        "round-trip": round_trip(gate),
        "half-deployment": half_deployment(gate),
        "round-trip-recovery": round_trip(Gate(stack(), OLD, NEW, Settings(recovery=True))),
        "soaked": round_trip(Gate(stack(), OLD, NEW, Settings(soak=600.0))),
        "rotated": round_trip(Gate(rotated(), OLD, NEW)),
        "one-way": round_trip(Gate(one_way(), OLD, NEW)),
        "tuned": round_trip(Gate(tuned(), OLD, NEW)),
        "incident": replay(script, load(script.stack, script.override, environ={})),
    }


NAMES = ["round-trip", "half-deployment", "round-trip-recovery", "soaked", "rotated", "one-way", "tuned", "incident"]


@pytest.mark.parametrize("name", NAMES)
def test_the_printed_plan_is_as_it_was(name: str) -> None:
    assert "\n".join(plans()[name].lines()) + "\n" == (GOLDEN / f"{name}.txt").read_text(encoding="utf-8")


def test_every_golden_file_is_of_a_plan() -> None:
    assert sorted(path.stem for path in GOLDEN.iterdir()) == sorted(NAMES) == sorted(plans())


@pytest.mark.parametrize("name", NAMES)
def test_a_plan_that_is_written_and_read_again_is_the_same(name: str) -> None:
    made = plans()[name]
    assert of_text(made.to_yaml(), name) == made
    assert of_data(made.to_data()) == made


@pytest.mark.parametrize("name", NAMES)
def test_each_line_fits_a_terminal_of_80_columns(name: str) -> None:
    assert [line for line in plans()[name].lines() if len(line) > 80] == []


@pytest.mark.parametrize("name", NAMES)
def test_the_plans_of_the_harness_make_sense_on_their_stacks(name: str) -> None:
    plans()[name].check({"one-way": one_way, "rotated": rotated}.get(name, stack)())


if __name__ == "__main__":
    for name, plan in plans().items():
        (GOLDEN / f"{name}.txt").write_text("\n".join(plan.lines()) + "\n", encoding="utf-8")
