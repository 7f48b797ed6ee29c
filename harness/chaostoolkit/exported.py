"""Steps of a plan as activities of the Chaos Toolkit."""

from __future__ import annotations

from typing import Any

ACTIONS = "harness.chaostoolkit.actions"


def activity(kind: str, name: str, function: str, **arguments: Any) -> dict[str, Any]:
    """An activity that calls a function of `harness.chaostoolkit.actions`. `kind` is `action` or `probe`."""
    provider = {"type": "python", "module": ACTIONS, "func": function, "arguments": arguments}
    return {"type": kind, "name": name, "provider": provider}


def step(number: int, title: str) -> dict[str, Any]:
    """The activity that waits for a step of a plan."""
    return activity("probe", f"step {number}: {title}", "wait_for_step", number=number)
