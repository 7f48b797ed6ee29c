"""An experiment of the Chaos Toolkit from a plan: `chaos run` runs it, and shows each step as an activity."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from harness.chaostoolkit.exported import ACTIONS, activity
from harness.chaostoolkit.exported import step as step_activity
from harness.chaostoolkit.place import Place
from harness.plan.plan import Plan

TAG = "rollback-harness"


def experiment_of(plan: Plan, stack: str, out: str = "runs", override: Sequence[str] = ()) -> dict[str, Any]:
    """The experiment, as JSON holds it.

    The method starts the plan and waits for its steps, one after the other; the final ones are the rollbacks. The
    hypothesis is looked at after the method alone: there is no environment before. It is met where the verdict of the
    run is pass.

    Args:
        stack: the Compose file, as `chaos run` will find it; override: those to merge into it.
        out: where the run is saved.
    """
    given: dict[str, Any] = {"plan": plan.to_data(), "stack": stack, "out": out}
    if override:
        given["override"] = list(override)
    start = activity("action", f"start the plan {plan.name}", "start_plan", **given)
    steps = [step_activity(number, step.title()) for number, step in enumerate(plan.every, 1)]
    # First of all the run is ended, so that an interrupted experiment does not wait for the rest of the plan.
    stop = activity("action", "end the run, should it go on", "stop_plan")
    verdict = {**activity("probe", "the exit code of the run", "outcome"), "tolerance": 0}
    return {
        "version": "1.0.0",
        "title": plan.title or plan.name,
        "description": f"The plan {plan.name} on {stack}, in an environment of its own, by rollback-harness. The first "
        "activity starts it; each one after it waits for a step and says what its checks said.",
        "tags": [TAG],
        "runtime": {"hypothesis": {"strategy": "after-method-only"}, "rollbacks": {"strategy": "always"}},
        "steady-state-hypothesis": {"title": "everything that the plan checks is as it should be", "probes": [verdict]},
        "method": [start, *steps[: len(plan.steps)]],
        "rollbacks": [stop, *steps[len(plan.steps) :]],
    }


def exported_plan(experiment: Place) -> tuple[Place, dict[str, Any]] | None:
    """Of an experiment that was made here, the plan, and the other arguments of `experiment_of`."""
    provider = experiment.at("method").at(0).at("provider")
    arguments = provider.at("arguments")
    if provider.at("module").value != ACTIONS or not isinstance(arguments.at("plan").value, dict):
        return None
    return arguments.at("plan"), {key: one for key, one in arguments.value.items() if key != "plan"}
