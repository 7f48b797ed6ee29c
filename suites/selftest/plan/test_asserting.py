"""Checks as assertions: what the stack declares is filled in, what only the caller knows is asked for."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from harness import checks
from harness.errors import UsageError
from harness.plan.asserting import Asks, Checks, completed, needed
from harness.plan.trial import Trial
from harness.stack import Stack, XHarness
from harness.stack.xharness import CheckSettings
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


def filled(name: str, stack: Stack | None = None, **given: Any) -> dict[str, Any]:
    return completed(trial(stack), name, "p", given)


def test_who_is_asked_depends_on_what_is_asked() -> None:
    made = trial()
    everybody, healthy, fleet = made.names, made.watched_for_health, made.fleet_names
    assert len({everybody, healthy, fleet}) > 1
    other = cast(Trial, SimpleNamespace(stack=made.stack, names=("a",), watched_for_health=("b",), fleet_names=("c",)))
    assert [completed(other, name, "p", {})["replicas"] for name in ("containers", "health", "growth")] == [
        ("a",), ("b",), ("c",),
    ]  # fmt: skip
    assert completed(made, "containers", "p", {})["replicas"] == everybody
    assert completed(made, "health", "p", {})["replicas"] == healthy
    assert completed(made, "release", "p", {"release": "1.0.0"})["replicas"] == fleet


def with_schema() -> Stack:
    """The tiny stack with a schema that can be asked for its release."""
    stack = tiny_stack()
    declared = {"database_schema": {"service": "web", "command": ["x"], "releases": {"1.0.0": "17"}}}
    schema = XHarness.model_validate({"probes": declared}).probes.database_schema
    probes = stack.harness.probes.model_copy(update={"database_schema": schema})
    return stack.model_copy(update={"harness": stack.harness.model_copy(update={"probes": probes})})


def test_the_schema_is_asked_for_where_it_is_declared() -> None:
    assert filled("convergence", release="1.0.0")["schema"] is None
    assert filled("convergence", with_schema(), release="1.0.0")["schema"] == {"1.0.0": "17"}


def test_what_the_stack_declares_of_a_check_counts_and_the_rest_is_filled_in() -> None:
    stack = tiny_stack()
    checks_of = {"release": CheckSettings(parameters={"release": "9"})}
    tuned = stack.model_copy(update={"harness": stack.harness.model_copy(update={"checks": checks_of})})
    assert filled("release", tuned) == {"release": "9", "replicas": trial(tuned).fleet_names}
    assert filled("release", tuned, release="1.0.0")["release"] == "1.0.0"


def test_what_the_stack_declares_of_availability_is_filled_in_where_the_check_has_a_value_of_its_own() -> None:
    declared = tiny_stack().harness.availability
    found = filled("availability")
    assert {name: found[name] for name in ("latency", "longest_outage", "budget")} == {
        "latency": declared.latency, "longest_outage": declared.longest_outage, "budget": declared.budget,
    }  # fmt: skip


def test_a_refusal_says_in_which_phase_and_what_the_check_takes() -> None:
    with pytest.raises(UsageError) as caught:
        filled("no-change", before="x", colour="red")
    said = str(caught.value)
    assert "The check no-change takes no 'colour'" in said
    assert "phase p" in said
    assert "before, phase, replicas, registry" in said
    assert "events" not in said
    with pytest.raises(UsageError) as caught:
        filled("second-deployment")
    assert "phase p" in str(caught.value)
    assert "checks.second_deployment(phase='p', before=...)" in str(caught.value)
    with pytest.raises(UsageError) as caught:
        filled("recovery", samples=None, colour="red")
    assert "samples" not in str(caught.value).partition("expected")[2]


def test_samples_are_never_asked_of_the_caller() -> None:
    assert "samples" not in filled("recovery")


def test_a_check_of_several_words_is_found_by_its_name_with_underscores() -> None:
    made = trial()
    seen: list[object] = []
    Checks(lambda check, phase: seen.append((check.func, phase))).__getattr__("no_change")(phase="p")  # type: ignore[arg-type,return-value]
    assert seen == [(checks.find("no-change"), "p")]
    with pytest.raises(AttributeError) as caught:
        made.checks.__getattr__("no_chance")
    assert caught.value.name == "no_chance"
    with pytest.raises(AttributeError):
        made.checks.__getattr__("_release")


def test_only_what_neither_check_nor_stack_knows_is_needed() -> None:
    assert needed("release") == ["release"]
    assert needed("second-deployment") == ["before"]
    assert needed("availability") == []
    assert needed("effects") == []
    assert needed("deployer") == ["verb", "release"]


def test_a_check_as_a_method_has_the_words_of_the_check() -> None:
    assert vars(Checks)["release"].__doc__ == checks.find("release").__doc__
    asks: Asks[...] = Asks(checks.find("release"))
    assert asks.__doc__ == checks.find("release").__doc__
    seen: list[object] = []
    told = Checks(lambda check, phase: seen.append((check.func, phase)))  # type: ignore[arg-type,return-value]
    asks.__get__(told, Checks)(phase="p")
    assert seen == [(checks.find("release"), "p")]
