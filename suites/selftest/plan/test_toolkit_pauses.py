"""Pauses around an action that becomes a fault, and what it cannot have beside them."""

from __future__ import annotations

from typing import Any

import pytest

from harness.errors import UsageError
from suites.selftest.plan.test_toolkit import made, toxi

ACTION = toxi("create_latency_toxic", for_proxy="web", toxic_name="x", latency=5)
CONTROL = {"name": "c", "provider": {"type": "python", "module": "os"}}


def held(**pauses: Any) -> list[tuple[str, str]]:
    """The steps around the fault, with their seconds."""
    steps = made([{**ACTION, "pauses": pauses}]).plan.to_data()["steps"]
    return [(step["step"], step.get("seconds", "")) for step in steps if step["step"] in ("hold", "inject")]


def test_a_pause_is_a_hold_before_or_after_the_fault() -> None:
    assert held(before=2, after=1.5) == [("hold", "2s"), ("inject", ""), ("hold", "1.5s")]
    assert held(before=0.5) == [("hold", "0.5s"), ("inject", "")]
    assert held(after=1) == [("inject", ""), ("hold", "1s")]


@pytest.mark.parametrize("nothing", [0, 0.0], ids=repr)
def test_a_pause_of_no_time_is_none(nothing: float) -> None:
    assert held(before=nothing, after=nothing) == [("inject", "")]


@pytest.mark.parametrize("value", ["soon", True, [1]], ids=repr)
def test_a_pause_that_is_no_number_is_refused_where_it_stands(value: object) -> None:
    with pytest.raises(UsageError) as caught:
        held(before=value)
    assert str(caught.value.where).endswith("/method/0/pauses/before")


@pytest.mark.parametrize(("key", "value"), [("controls", [CONTROL]), ("tolerance", 3)])
def test_a_control_or_a_tolerance_of_such_an_action_is_refused_by_its_name(key: str, value: object) -> None:
    with pytest.raises(UsageError, match="An action that becomes a fault takes none") as caught:
        made([{**ACTION, key: value}])
    assert caught.value.got == key
    assert str(caught.value.where).endswith(f"/method/0/{key}")
    assert caught.value.hint
