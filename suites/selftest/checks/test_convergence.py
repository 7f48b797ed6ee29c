from typing import Any

import pytest

from harness.checks import convergence
from harness.verdict import Outcome, Verdict
from suites.selftest.checks.builder import REPLICAS, Made

ALL: dict[str, Any] = {"registry": True, "configured": REPLICAS, "schema": {}, "balancer": True}


def made(**other: Any) -> Made:
    """Everything is at 4.1.0, but for what is given."""
    usual: dict[str, Any] = {
        "releases": ["4.1.0"] * 3, "registry": ["4.1.0"], "configurations": ["4.1.0"] * 3, "schema": ["4.1.0"],
        "balancer": ["UP", "UP 1/2", "UP"],
    }  # fmt: skip
    built = Made()
    for name, values in {**usual, **other}.items():
        if values is not None:
            getattr(built, name)("rolled-back", *values)
    return built


def judge(built: Made, **params: Any) -> Verdict:
    return convergence.check(built.events, phase="rolled-back", replicas=REPLICAS, **{**ALL, **params})


def test_a_fleet_that_agrees_passes_and_says_who_was_asked() -> None:
    assert judge(made()).reason == (
        "every replica, the registry, the configuration, the schema and the load balancer agree on 4.1.0"
    )
    alone = convergence.check(made().events, phase="rolled-back", replicas=REPLICAS)
    assert alone.reason == "every replica agrees on 4.1.0"


@pytest.mark.parametrize(
    ("other", "reason"),
    [
        ({"releases": ["4.1.0", "4.1.1", "4.1.0"]}, "backend-2 runs 4.1.1, the registry says 4.1.0"),
        ({"configurations": ["4.1.0", "4.1.0", "4.1.1"]},
         "the configuration of backend-3 is of 4.1.1, the registry says 4.1.0"),
        ({"schema": ["4.1.1"]}, "the schema is at 4.1.1, expected is 4.1.0"),
        ({"balancer": ["UP", "DRAIN", "UP"]}, "the load balancer has web/backend-2 as DRAIN"),
        ({"balancer": ["UP", "MAINT", "DOWN"]},
         "the load balancer has web/backend-2 as MAINT; the load balancer has web/backend-3 as DOWN"),
    ],
)  # fmt: skip
def test_each_that_disagrees_is_named(other: dict[str, Any], reason: str) -> None:
    verdict = judge(made(**other))
    assert verdict.outcome is Outcome.FAIL
    assert verdict.reason == reason
    assert verdict.evidence


def test_a_server_that_the_load_balancer_does_not_check_counts_as_up() -> None:
    assert judge(made(balancer=["no check", "UP", "UP"]))


def test_a_server_that_gets_no_requests_is_named() -> None:
    built = made(balancer=None).balancer("rolled-back", "UP", "UP", "UP", weight=0)
    assert "the load balancer has web/backend-1 with weight 0" in judge(built).reason


def test_what_is_meant_can_be_given_and_is_else_the_registrys_or_the_first_replicas() -> None:
    built = made(releases=["4.1.1", "4.1.0", "4.1.1"])
    assert judge(built, release="4.1.1").reason.startswith("the registry says 4.1.0, expected is 4.1.1")
    fleet = convergence.check(built.events, phase="rolled-back", replicas=REPLICAS)
    assert fleet.reason == "backend-2 runs 4.1.0, backend-1 runs 4.1.1"


def test_the_schemas_answer_can_stand_for_a_release() -> None:
    assert judge(made(schema=["17"]), schema={"4.1.0": "17", "4.1.1": "18"})
    verdict = judge(made(schema=["18"]), schema={"4.1.0": "17", "4.1.1": "18"})
    assert verdict.reason == "the schema is at 18, 4.1.0 has 17"
    assert judge(made(schema=["17"]), schema={"4.1.1": "18"}).outcome is Outcome.UNKNOWN


@pytest.mark.parametrize(
    ("other", "words"),
    [
        ({"releases": ["4.1.0", None, "4.1.0"]}, "backend-2 could not be asked"),
        ({"releases": ["4.1.0", "4.1.0"]}, "backend-3 was not asked"),
        ({"registry": None}, "the registry was not asked"),
        ({"registry": [None]}, "the registry could not be asked"),
        ({"configurations": ["4.1.0", "4.1.0", None]}, "the configuration of backend-3 could not be asked"),
        ({"schema": [None]}, "the schema could not be asked: no such table"),
        ({"balancer": None}, "the load balancer was not asked"),
        ({"balancer": [None]}, "the load balancer could not be asked: no socket"),
        ({"balancer": ["UP", "UP", None]}, "the load balancer has no server named backend-3"),
    ],
)
def test_whom_nobody_could_ask_leaves_it_unknown(other: dict[str, Any], words: str) -> None:
    verdict = judge(made(**other))
    assert verdict.outcome is Outcome.UNKNOWN
    assert words in verdict.reason


def test_a_disagreement_is_a_failure_even_where_another_could_not_be_asked() -> None:
    assert judge(made(releases=["4.1.0", None, "4.1.1"])).outcome is Outcome.FAIL


def test_where_the_load_balancer_brought_no_answer_last_one_shortly_before_counts() -> None:
    short = made().balancer("rolled-back", None)
    assert judge(short)
    assert judge(made(balancer=["UP", "DOWN", "UP"]).balancer("rolled-back", None)).outcome is Outcome.FAIL
    long_ago = made()
    long_ago.clock.advance(2.1)
    found = judge(long_ago.balancer("rolled-back", None))
    assert found.outcome is Outcome.UNKNOWN
    assert "the load balancer could not be asked: no socket" in found.reason
    assert judge(made(balancer=[None] * 3)).outcome is Outcome.UNKNOWN


def test_the_registry_is_not_asked_where_there_is_none() -> None:
    assert judge(made(registry=["4.0.0"]), registry=False)


def test_what_disagrees_rests_on_its_answer_and_on_the_one_that_says_what_is_meant() -> None:
    """Releases are events 0 to 2, the registry 3, the configurations 4 to 6, the schema 7, the load balancer 8."""
    for other, evidence in (
        ({"releases": ["4.1.0", "4.1.1", "4.1.0"]}, (1, 3)),
        ({"configurations": ["4.1.0", "4.1.0", "4.1.1"]}, (3, 6)),
        ({"schema": ["4.1.1"]}, (3, 7)),
        ({"balancer": ["UP", "DRAIN", "UP"]}, (8,)),
    ):
        assert judge(made(**other)).evidence == evidence, other
    weightless = made(balancer=None).balancer("rolled-back", "UP", "UP", "UP", weight=0)
    assert judge(weightless).evidence == (8,)
    given = judge(made(releases=["4.1.0", "4.1.1", "4.1.0"]), release="4.1.0")
    assert given.evidence == (1,)


def test_without_replicas_nothing_converges() -> None:
    found = convergence.check(made().events, phase="rolled-back")
    assert (found.outcome, found.reason) == (Outcome.UNKNOWN, "no replica was to be asked for its release")


def test_a_registry_that_is_not_to_be_asked_is_not_believed() -> None:
    found = judge(made(registry=["4.0.9"]), registry=False)
    assert found
    assert found.reason.endswith("agree on 4.1.0")


def test_nobody_who_names_a_release_means_none() -> None:
    found = judge(made(releases=[None] * 3), registry=False, configured=(), schema=None, balancer=False)
    assert found.outcome is Outcome.UNKNOWN
    assert "backend-1 could not be asked" in found.reason
    nothing = judge(Made(), configured=(), balancer=False)
    assert nothing.outcome is Outcome.UNKNOWN
    assert "what the schema answers on" not in nothing.reason


def test_an_answer_of_the_load_balancer_counts_for_as_long_as_it_is_recent() -> None:
    for seconds, outcome in ((convergence.RECENT, Outcome.PASS), (convergence.RECENT + 0.1, Outcome.UNKNOWN)):
        built = made(balancer=None)
        built.balancer("rolled-back", "UP", "UP", "UP")
        built.clock.advance(seconds - 1.0)
        built.balancer("rolled-back")
        assert judge(built).outcome is outcome, seconds
