"""Checks as assertions: what the stack declares is filled in, what only the caller knows is asked for."""

from __future__ import annotations

from typing import Any

import pytest

from harness import checks
from harness.errors import UsageError
from harness.plan.asserting import completed
from harness.plan.trial import Trial
from harness.stack import XHarness
from harness.verdict import Outcome
from suites.raw import raw, select
from suites.selftest.plan.made import tiny_stack, trial


def asked(*releases: str) -> Trial:
    made = trial()
    for replica, release in zip(made.fleet_names, releases, strict=True):
        made.history.record(raw("probe.release", environment="h1", phase="p", replica=replica, release=release))
    return made


def test_a_check_reads_as_an_assertion_and_is_recorded() -> None:
    made = asked("1.0.0", "1.0.0")
    assert made.checks.release(phase="p", release="1.0.0")
    assert select(made.history.events, "verdict")[-1].data["outcome"] == "pass"


def test_a_verdict_that_is_no_pass_is_not_true_and_says_why() -> None:
    verdict = asked("1.0.0", "1.1.0").checks.release(phase="p", release="1.0.0")
    assert not verdict
    assert "web-2 runs 1.1.0" in str(verdict)


def test_every_replica_that_the_stack_declares_must_have_been_asked() -> None:
    made = trial()
    made.history.record(raw("probe.release", environment="h1", phase="p", replica="web-1", release="1.0.0"))
    assert made.checks.release(phase="p", release="1.0.0").outcome is Outcome.UNKNOWN


def test_what_is_given_counts_more_than_what_is_declared() -> None:
    made = trial()
    made.history.record(raw("probe.release", environment="h1", phase="p", replica="web-1", release="1.0.0"))
    assert made.checks.release(phase="p", release="1.0.0", replicas=["web-1"])


def test_every_check_is_there_by_its_name() -> None:
    found = trial().checks
    assert dir(found) == sorted(name.replace("-", "_") for name in checks.names())
    assert all(callable(getattr(found, name)) for name in dir(found))


def test_a_check_that_is_not_there_names_those_that_are() -> None:
    with pytest.raises(AttributeError, match=r"there are .*release"):
        _ = trial().checks.relase


def test_what_only_the_caller_can_know_is_asked_for() -> None:
    with pytest.raises(UsageError, match="needs to know 'release'") as caught:
        trial().checks.release(phase="p")  # type: ignore[call-arg]  # mypy knows what is missing
    assert "checks.release(phase='p', release=...)" in str(caught.value)


def test_a_parameter_that_the_check_does_not_take_is_refused_with_those_that_it_takes() -> None:
    with pytest.raises(UsageError, match="takes no 'relase'") as caught:
        trial().checks.release(phase="p", relase="1")  # type: ignore[call-arg]  # as mypy knows
    assert "replicas" in str(caught.value)


@pytest.mark.parametrize(
    ("servers", "expected"),
    [
        ({}, False),
        ({"web": {"kind": "haproxy", "address": "127.0.0.1:9999"}}, True),
        ({"web": {"kind": "haproxy", "address": "127.0.0.1:9999", "watch": False}}, False),
        ({"web": {"kind": "redis"}}, False),
    ],
)
def test_a_haproxy_that_is_watched_is_the_load_balancer_of_the_fleet(servers: dict[str, Any], expected: bool) -> None:
    stack, declared = tiny_stack(), XHarness.model_validate({"servers": servers}).servers
    harness = stack.harness.model_copy(update={"servers": declared})
    made = trial(stack.model_copy(update={"harness": harness}))
    asked = completed(made, "convergence", "p", {"release": "1.0.0"})
    assert asked["balancer"] is expected
