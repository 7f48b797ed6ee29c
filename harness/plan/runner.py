"""Running a plan: the only loop over its steps."""

from __future__ import annotations

from contextlib import ExitStack
from functools import partial
from types import TracebackType

from harness.events import Note, PlanShown, PlanStepEnd, PlanStepStart
from harness.plan.plan import Plan
from harness.plan.steps import PlanEnded, Progress, Step
from harness.plan.trial import Trial
from harness.verdict import Verdict, combine


def run(plan: Plan, trial: Trial) -> Verdict:
    """Run a plan on a trial, and combine its verdicts.

    Every event of a step has the step's number. Which release each replica runs is asked before and after each step
    that may change it. Faults that are still on at the end are healed, and judged.

    Raises:
        UsageError: the plan makes no sense on this stack; nothing was done then.
        HarnessError: a step could not be done.
    """
    plan.check(trial.stack)
    trial.history.record(PlanShown(plan.to_data(), list(plan.lines())))
    for name, reason in plan.not_checked.items():
        trial.history.record(Note(f"not checked: {name}: {reason}"))
    progress = Progress()
    with ExitStack() as faults:
        faults.push(progress.closing)
        faults.push(partial(_heal, progress))
        for number, step in enumerate(plan.steps, 1):
            with trial.history.scope(plan_step=number):
                try:
                    _run(number, step, trial, progress)
                except PlanEnded:
                    left = len(plan.steps) - number
                    trial.history.record(Note(f"the plan ends after step {number}; {left} steps are left out"))
                    break
    return combine(trial.verdicts)


def _run(number: int, step: Step, trial: Trial, progress: Progress) -> None:
    """Run one step between two looks at the releases."""
    if step.changes:
        trial.environment.releases()
    trial.history.record(PlanStepStart(number, step.step_name(), step.title(), step.about, step.changes))
    done = False
    try:
        step.run(trial, progress)
        done = True
    finally:
        if done and step.changes:
            trial.environment.releases()
        trial.history.record(PlanStepEnd(number, done))


def _heal(
    progress: Progress, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
) -> None:
    """Heal what is still on, the last one first; every one is tried before the first error is raised."""
    problems: list[BaseException] = []
    for name in reversed(list(progress.faults)):
        try:
            progress.faults.pop(name).__exit__(kind, error, trace)
        except BaseException as problem:
            problems.append(problem)
    if problems and problems[0] is not error:
        raise problems[0]
