"""Which fingerprints have nothing but the load between them."""

from __future__ import annotations

from typing import Any

import pytest

from harness.fingerprint.quiet import quiet
from suites.raw import raw
from suites.selftest.checks.builder import Made

PLAN_STEP: dict[str, Any] = {"index": 1, "of": 2, "title": "x", "path": [], "phase": None, "settings": {}}


def pairs(*between: tuple[str, dict[str, Any]]) -> list[tuple[str, str]]:
    """The names of those that are quiet, where something lies between the first and the second of three."""
    made = Made().fingerprint("p", name="one")
    for kind, data in between:
        made.history.record(raw(kind, **data))
    made.fingerprint("p", name="two").fingerprint("p", name="three").fingerprint("p", name="last")
    return [(one.name, two.name) for one, two in quiet(made.events, made.events[-1])]


def test_fingerprints_with_nothing_between_them_are_quiet_two_and_two() -> None:
    assert pairs() == [("one", "two"), ("two", "three")]
    assert pairs(("note", {"text": "x"})) == [("one", "two"), ("two", "three")]


@pytest.mark.parametrize(
    "event",
    [
        ("deployer.start", {"verb": "deploy"}), ("replica.replace", {"replica": "web-1"}), ("fault.inject", {}),
        ("plan.step.start", {**PLAN_STEP, "name": "deploy", "changes": True}),
        ("plan.step.start", {**PLAN_STEP, "name": "run", "changes": False}),
        ("plan.step.start", {**PLAN_STEP, "name": "restart", "changes": False}),
        ("plan.step.start", {**PLAN_STEP, "name": "link", "changes": False}),
    ],
    ids=lambda event: f"{event[0]} {event[1].get('name', '')}",
)  # fmt: skip
def test_what_changes_or_breaks_something_between_two_makes_them_tell_nothing(event: Any) -> None:
    assert pairs(event) == [("two", "three")]


def test_a_step_that_changes_nothing_leaves_them_quiet() -> None:
    assert len(pairs(("plan.step.start", {**PLAN_STEP, "name": "hold", "changes": False}))) == 2


def test_only_those_before_and_of_the_same_environment_are_looked_at() -> None:
    made = Made().fingerprint("p", name="one")
    made.history.record(raw("fingerprint", environment="h2", name="other", replicas={}, contents={}))
    made.fingerprint("p", name="two").fingerprint("p", name="three")
    assert [(one.name, two.name) for one, two in quiet(made.events, made.events[2])] == []
    found = quiet(made.events, made.events[3])
    assert [(one.name, two.name) for one, two in found] == [("one", "two")]
    assert [(one.taken, one.event) for one in found[0]] == [(0.0, 0), (1.0, 2)]
