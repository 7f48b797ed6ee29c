"""What a stack has to declare for a plan is asked for by name, with an example and why."""

from __future__ import annotations

from typing import Any

import pytest

from fixtures.rolling import STACK as ROLLING
from harness.errors import UsageError
from harness.plan.needs import EXAMPLES, refuse_unknown, refuse_without
from harness.stack import Stack, XHarness, load
from harness.stack.xharness import CheckSettings
from suites.selftest.plan.made import tiny_stack


def with_(stack: Stack, **harness: Any) -> Stack:
    return stack.model_copy(update={"harness": stack.harness.model_copy(update=harness)})


def refused(stack: Stack, *keys: str) -> UsageError:
    with pytest.raises(UsageError) as caught:
        refuse_without(stack, keys, "gated")
    return caught.value


def test_a_stack_that_declares_all_of_it_lacks_nothing() -> None:
    refuse_without(tiny_stack(), EXAMPLES, "gated")
    refuse_without(load(ROLLING, environ={}), EXAMPLES, "gated")  # by a built-in strategy, of images


@pytest.mark.parametrize(
    ("key", "without"),
    [("entrypoint", {"entrypoint": None}), ("deployer", {"deployer": None}), ("workload", {"workload": None})],
)
def test_what_is_not_declared_is_named_with_an_example_and_why(key: str, without: dict[str, Any]) -> None:
    stack = with_(tiny_stack(), **without)
    error = refused(stack, *EXAMPLES)
    assert error.what == f"The stack declares no {key}, and cannot be gated without"
    assert error.where == f"{stack.file}: x-harness"
    example, why = EXAMPLES[key]
    assert (error.expected, error.hint) == (example, f"declare it: {why}; see docs/stack.md")
    refuse_without(stack, [other for other in EXAMPLES if other != key], "gated")  # nobody asked for it


def test_a_fleet_that_cannot_be_asked_is_refused_but_where_images_tell_its_release() -> None:
    probes = tiny_stack().harness.probes.model_copy(update={"release": {}})
    assert "declares no probes.release" in refused(with_(tiny_stack(), probes=probes), "probes.release").what


def test_the_first_that_is_missing_is_told() -> None:
    assert "no entrypoint" in refused(with_(tiny_stack(), entrypoint=None, workload=None), *EXAMPLES).what
    assert "no workload" in refused(with_(tiny_stack(), entrypoint=None, workload=None), "workload").what


def test_a_check_that_is_not_there_is_refused_with_what_may_be_meant() -> None:
    stack = with_(tiny_stack(), checks={"availabilty": CheckSettings(parameters={})})
    with pytest.raises(UsageError) as caught:
        refuse_unknown(stack)
    error = caught.value
    assert (error.what, error.got) == ("There is no such check", "availabilty")
    assert error.where == f"{stack.file}: x-harness.checks.availabilty"
    assert str(error.expected).startswith("one of acknowledged, answers, availability")
    assert str(error.expected).endswith("(did you mean availability?)")


def test_a_threshold_that_a_check_does_not_take_is_refused_and_one_that_it_takes_is_not() -> None:
    refuse_unknown(with_(tiny_stack(), checks={"errors": CheckSettings(parameters={"budget": 0.5})}))
    stack = with_(tiny_stack(), checks={"errors": CheckSettings(parameters={"budget": 0.5, "colour": "red"})})
    with pytest.raises(UsageError) as caught:
        refuse_unknown(stack)
    error = caught.value
    assert (error.what, error.got) == ("The check errors does not take this", "budget: 0.5, colour: red")
    assert error.where == f"{stack.file}: x-harness.checks.errors"
    assert error.expected


def test_a_probe_that_no_package_adds_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    other = XHarness.model_validate({"probes": {"other": {"weather": {}}}}).probes.other
    probes = tiny_stack().harness.probes.model_copy(update={"other": other})
    stack = with_(tiny_stack(), probes=probes)
    for known, expected in (
        ((), "none: no installed package adds a probe"), (("wether", "x"), "one of wether, x (did you mean wether?)"),
    ):  # fmt: skip
        monkeypatch.setattr("harness.plan.needs.probes.added", lambda known=known: known)
        with pytest.raises(UsageError) as caught:
            refuse_unknown(stack)
        error = caught.value
        assert (error.what, error.got, error.expected) == ("There is no such probe", "weather", expected)
        assert error.where == f"{stack.file}: x-harness.probes.other.weather"
        assert error.hint == "install the package that adds it; see docs/extending.md"
    monkeypatch.setattr("harness.plan.needs.probes.added", lambda: ("weather",))
    refuse_unknown(stack)
