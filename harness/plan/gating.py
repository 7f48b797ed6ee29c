"""Running plans, each in an environment of its own."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from harness import checks
from harness.deploy import releases_needed
from harness.errors import FaultUnavailable
from harness.events import PlanLeftOut
from harness.plan.budget import Budget, estimate
from harness.plan.cases import Case
from harness.plan.gate import Gate
from harness.plan.plan import Plan
from harness.plan.run import Run
from harness.plan.runner import run as run_plan
from harness.plan.trial import Trial
from harness.plan.under_faults import plan as case_plan
from harness.stack import Stack
from harness.verdict import Outcome, Verdict, combine


def run_gate(run: Run, gate: Gate, scenarios: Sequence[str] = ()) -> Verdict:
    """Run the plans of the scenarios, each in an environment of its own, and combine their verdicts.

    Args:
        scenarios: names from `SCENARIOS`; all of them if empty.

    Raises:
        NotReady, EngineError: an environment could not be had; nothing was judged then beyond what the history has.
    """
    return run_plans(run, gate.stack, gate.plans(scenarios))


def run_cases(run: Run, gate: Gate, wanted: Sequence[Case]) -> Verdict:
    """Run cases of the gate under faults, each in an environment of its own, and combine their verdicts."""
    return run_plans(run, gate.stack, [case_plan(gate, case) for case in wanted])


def run_plans(run: Run, stack: Stack, plans: Sequence[Plan], seconds: float | None = None) -> Verdict:
    """Run plans in their order, each in an environment of its own, and combine their verdicts. A fault that this
    machine or stack cannot have makes its plan unknown, and the others go on.

    Args:
        seconds: the time for all of them. A plan for which none is left is recorded as left out, and is no part of the
            verdict; the first one is always run.
    """
    verdicts, budget, clock = list[Verdict](), Budget(seconds), run.history.clock
    for plan in plans:
        needed, began = estimate(plan), clock.monotonic()
        if not budget.allows(needed):
            run.history.record(PlanLeftOut(plan.name, round(needed), seconds))
            continue
        try:
            verdicts += in_environment(run, stack, plan)
        except FaultUnavailable as error:
            reason = f"{plan.name}: {error.what}: {error.got}"
            found = Verdict("faults", Outcome.UNKNOWN, reason, look="`harness fault explain`: what the fault needs")
            with run.history.scope(scenario=plan.name):
                run.history.record(checks.given(found))
            verdicts.append(found)
        budget.took(needed, clock.monotonic() - began)
    return combine(verdicts)


def in_environment(run: Run, stack: Stack, plan: Plan) -> list[Verdict]:
    """Run a plan in an environment of its own; returns its verdicts."""
    needed = [one for release in plan.releases() for one in releases_needed(stack, plan.old, release)]
    environment = run.environment(stack, plan.old, test=plan.name, releases=tuple(needed))
    with (
        run.history.scope(environment=environment.id, scenario=plan.name),
        run.history.step("scenario", f"{plan.name}: {plan.title}"),
    ):
        beside = partial(run.control, stack, plan.old)
        with environment, Trial(environment, run.samples(environment), beside, plan.strategy) as trial:
            run_plan(plan, trial)
        return trial.verdicts
