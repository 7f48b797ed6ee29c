"""The table of what is spoilt."""

from __future__ import annotations

from itertools import islice

import pytest

from harness.selftest.injections import BY_NAME, pairs, size, table
from harness.selftest.seams.trigger import SeamSpec
from harness.selftest.table import Case
from suites.selftest.selftest.made import CLEAN, HALF, LATE, variants


def first(count: int, seed: int = 1, *only: str) -> list[Case]:
    return list(islice(table(variants(), seed, only), count))


def test_a_round_spoils_every_target_by_each_of_its_actions_once() -> None:
    cases = first(3 + len(pairs()))[3:]
    assert len(pairs()) > 100
    assert sorted((one.details["target"], one.details["action"]) for one in cases) == sorted(
        (target.name, action) for target, action in pairs()
    )


def test_the_nth_run_of_a_seed_is_always_the_same_and_another_of_another_seed() -> None:
    assert first(400) == first(400)
    assert [one.details for one in first(50)] != [one.details for one in first(50, 2)]


def test_first_each_variant_is_gated_with_nothing_done_to_it() -> None:
    assert [one.variant.name for one in first(5) if one.undisturbed] == ["clean", "half", "late"]
    assert [one.n for one in first(400)] == list(range(400))


def test_about_two_in_five_runs_are_of_the_clean_stack() -> None:
    cases = first(1003)[3:]
    assert 0.3 < sum(one.variant is CLEAN for one in cases) / len(cases) < 0.5


def test_every_case_is_one_that_the_gate_has_a_phase_for() -> None:
    for one in first(1003)[3:]:
        spec = SeamSpec.of(one.details)
        target = BY_NAME[spec.target]
        assert spec.action in target.actions
        assert spec.phase in target.phases
        if one.variant is HALF and not target.control:
            assert "--scenario" not in one.arguments, "a defect may be seen in the other scenario"
        if one.variant is CLEAN and not target.control:
            wanted = "half-deployment" if spec.phase.startswith("half-") else "round-trip"
            assert one.arguments[-2:] == ("--scenario", wanted)
        if one.variant is LATE and any(phase.startswith("half-") for phase in target.phases):
            assert spec.phase.startswith("half-") or spec.phase in ("startup", "saved")
        assert ("--recovery" in one.arguments) is target.control


def test_only_what_is_asked_for_is_spoilt() -> None:
    assert {one.details["target"] for one in first(60, 1, "events", "door")[3:]} == {"events", "door"}
    assert size(variants(), ["events"]) == 13 * 3


@pytest.mark.parametrize("target", list(BY_NAME))
def test_every_target_can_be_spoilt_in_some_way_at_some_time(target: str) -> None:
    assert BY_NAME[target].actions
    assert BY_NAME[target].phases
    assert BY_NAME[target].about
