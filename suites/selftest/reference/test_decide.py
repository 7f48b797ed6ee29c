"""What deployctl decides."""

from __future__ import annotations

from typing import Any

import pytest

from suites.selftest.reference.load import deployctl

decide: Any = deployctl()("decide")
Row, Do = decide.Row, decide.Do

SEED = [Row(1, "4.0.9", "deploy", "superseded"), Row(2, "4.1.0", "deploy", "current")]
OLD = [Row(1, "4.0.9", "deploy", "superseded"), Row(2, "4.1.0", "deploy", "superseded")]
DEPLOYED = [*OLD, Row(3, "4.1.1", "deploy", "current")]
HALFWAY = [*SEED, Row(3, "4.1.1", "deploy", "pending")]
TAKEN_BACK = [*OLD, Row(3, "4.1.1", "deploy", "rolled_back"), Row(4, "4.1.0", "rollback", "current")]
ROLLBACK_HALFWAY = [*DEPLOYED, Row(4, "4.1.0", "rollback", "pending")]
ROLLBACK_FAILED = [*DEPLOYED, Row(4, "4.1.0", "rollback", "failed")]


def fleet(*releases: str | None) -> dict[str, str | None]:
    return {f"backend-{number}": release for number, release in enumerate(releases, 1)}


ON_OLD, ON_NEW, MIXED = fleet(*["4.1.0"] * 3), fleet(*["4.1.1"] * 3), fleet("4.1.1", None, "4.1.0")


@pytest.mark.parametrize(
    ("rows", "running", "release"),
    [
        pytest.param(DEPLOYED, ON_NEW, "4.1.0", id="a finished deployment"),
        pytest.param(DEPLOYED, MIXED, "4.1.0", id="a finished deployment, a backend of which is down"),
        pytest.param(HALFWAY, MIXED, "4.1.0", id="half a deployment"),
        pytest.param(HALFWAY, ON_OLD, "4.1.0", id="a deployment that stopped before its first backend"),
        pytest.param(HALFWAY, ON_NEW, "4.1.0", id="a deployment that stopped before the registry"),
        pytest.param(ROLLBACK_HALFWAY, MIXED, "4.1.0", id="half a rollback"),
        pytest.param(ROLLBACK_FAILED, MIXED, "4.1.0", id="a failed rollback"),
        pytest.param([*SEED, Row(3, "4.1.1", "deploy", "failed")], MIXED, "4.1.0", id="a failed deployment"),
        pytest.param(TAKEN_BACK, MIXED, "4.1.0", id="a rollback that somebody undid in part"),
    ],
)
def test_a_rollback_goes_back_to_the_last_good_release(rows: list[Any], running: Any, release: str) -> None:
    decision = decide.rollback(rows, running)
    assert (decision.do, decision.release) == (Do.GO, release)


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param(TAKEN_BACK, id="after a rollback"),
        pytest.param([*SEED, Row(3, "4.1.1", "deploy", "rolled_back")], id="after an automatic rollback"),
        pytest.param([*SEED, Row(3, "4.1.1", "deploy", "failed")], id="after a deployment that changed nothing"),
        pytest.param([Row(1, "4.1.0", "deploy", "current")], id="on the first release"),
    ],
)
def test_a_rollback_with_nothing_to_take_back_does_nothing(rows: list[Any]) -> None:
    assert decide.rollback(rows, ON_OLD).do is Do.NOTHING


def test_a_rollback_after_the_second_deployment_goes_back_to_the_first_releases_latest_name() -> None:
    rows = [*TAKEN_BACK[:-1], Row(4, "4.1.0", "rollback", "superseded"), Row(5, "4.1.1", "deploy", "current")]
    assert decide.rollback(rows, ON_NEW).release == "4.1.0"


def test_a_rollback_to_a_named_release_is_done_unless_it_is_there() -> None:
    assert decide.rollback(TAKEN_BACK, ON_OLD, "4.1.0").do is Do.NOTHING
    assert decide.rollback(TAKEN_BACK, MIXED, "4.1.0").do is Do.GO
    assert decide.rollback(DEPLOYED, ON_NEW, "4.0.9").release == "4.0.9"
    assert decide.rollback(HALFWAY, ON_OLD, "4.1.0").do is Do.GO


def test_patches_and_settings_are_no_releases() -> None:
    rows = [*DEPLOYED, Row(4, "4.1.1", "fix-forward", "done"), Row(5, "4.1.1", "configure", "pending")]
    assert decide.rollback(rows, ON_NEW).release == "4.1.0"
    assert decide.view(rows) == {"current": "4.1.1", "previous": "4.1.0"}


def test_a_registry_without_a_current_release_is_refused_unless_told_where_to() -> None:
    rows = [Row(1, "4.1.0", "deploy", "failed")]
    assert decide.rollback(rows, MIXED).do is Do.REFUSE
    assert decide.rollback(rows, MIXED, "4.1.0").do is Do.GO


def test_the_previous_release_is_not_one_that_was_rolled_back() -> None:
    assert decide.previous(TAKEN_BACK) == "4.0.9"


def test_a_deployment_of_what_is_there_does_nothing() -> None:
    assert decide.deployment(DEPLOYED, ON_NEW, "4.1.1").do is Do.NOTHING
    assert decide.deployment(DEPLOYED, MIXED, "4.1.1").do is Do.GO


def test_half_a_deployment_is_taken_up_by_the_same_and_refused_to_another() -> None:
    assert decide.deployment(HALFWAY, MIXED, "4.1.1").do is Do.GO
    assert decide.deployment(HALFWAY, MIXED, "4.1.2").do is Do.REFUSE
    assert decide.deployment(ROLLBACK_HALFWAY, MIXED, "4.1.1").do is Do.REFUSE


def test_backends_that_do_not_answer_come_first_and_those_that_are_done_not_at_all() -> None:
    names = ["backend-1", "backend-2", "backend-3"]
    assert decide.order(names, fleet("4.1.1", None, "4.1.0"), "4.1.0") == ["backend-2", "backend-1"]
    assert decide.order(names, ON_NEW, "4.1.0") == names
    assert decide.order(names, ON_OLD, "4.1.0") == []
