"""Running a plan: the only loop over its steps."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from types import TracebackType

from harness.errors import DoorGone, EngineGone, HarnessError, NoSpace
from harness.events import Note, PlanShown, PlanStepEnd, PlanStepStart
from harness.plan.plan import Plan, without_faults
from harness.plan.steps import LEFT, PlanEnded, Progress, Step
from harness.plan.trial import Trial
from harness.signals import cleaning_up_after
from harness.verdict import Outcome, Verdict, combine

# Without the engine, the door or a place for the history no step can do anything.
GONE = (EngineGone, DoorGone, NoSpace)


def run(plan: Plan, trial: Trial) -> Verdict:
    """Run a plan on a trial, and combine its verdicts.

    Every event of a step has the step's number. Which release each replica runs is asked before and after each step
    that may change it. Faults that are still on at the end are healed, and judged.

    The final steps are run whatever happened before: also where a step ended the plan or could not be done. After a
    signal or the loss of the engine only those are that say so (`in_any_case`). One whose needs were not given by then
    is left out. What ended the plan is what is raised; what they find is added to the verdicts, and makes none of them
    better.

    Raises:
        UsageError: the plan makes no sense on this stack; nothing was done then.
        HarnessError: a step could not be done.
    """
    plan.check(trial.stack)
    trial.history.record(PlanShown(plan.to_data(), list(plan.lines())))
    for name, reason in plan.not_checked.items():
        trial.history.record(Note(f"not checked: {name}: {reason}"))
    progress, given = Progress(), set[str]()
    with ExitStack() as faults:
        faults.push(progress.closing)
        faults.push(partial(_heal, progress))
        try:
            _steps(plan, trial, progress, given)
            if plan.final:
                _heal(progress, None, None, None)
        except BaseException as error:
            with cleaning_up_after(error):
                hurried = isinstance(error, GONE) or not isinstance(error, Exception)
                _finally(plan, trial, progress, given, error if hurried else None)
            raise
        _finally(plan, trial, progress, given)
    return combine(trial.verdicts)


def _steps(plan: Plan, trial: Trial, progress: Progress, given: set[str]) -> None:
    """Run the steps before the final ones."""
    for number, step in enumerate(plan.steps, 1):
        with trial.history.scope(plan_step=number):
            try:
                _run(number, step, trial, progress, given)
            except PlanEnded:
                left = len(plan.steps) - number
                trial.history.record(Note(f"the plan ends after step {number}; {left} steps are left out"))
                if plan.final and not trial.verdicts:
                    # Else what the final steps find would be all that is told, and pass for the whole.
                    said = "the plan ended before anything was checked"
                    trial.judge(Verdict("plan", Outcome.UNKNOWN, said, look="what ended it"), step.about)
                return


def _finally(plan: Plan, trial: Trial, progress: Progress, given: set[str], hurry: BaseException | None = None) -> None:
    """Heal everything, then run the final steps: every one is tried before the first error is raised.

    Args:
        hurry: after which only the steps are run that are run in any case.
    """
    progress.hurried = hurry is not None
    if not any(_due(step, progress) for step in plan.final):
        return
    problems: list[Exception] = []
    with _kept(problems):
        _heal(progress, type(hurry) if hurry else None, hurry, hurry.__traceback__ if hurry else None)
    given.intersection_update(without_faults(given))
    for number, step in enumerate(plan.final, len(plan.steps) + 1):
        if not _due(step, progress):
            continue
        if missing := [need for need in step.requires() if need not in given]:
            said = f"step {number} is left out: it needs {missing[0]}, which was not given before the plan ended"
            trial.history.record(Note(said))
            continue
        with trial.history.scope(plan_step=number), _kept(problems):
            try:
                _run(number, step, trial, progress, given)
            except PlanEnded:
                break
            except GONE as error:
                problems.append(error)
                progress.hurried = True
    if problems:
        for other in problems[1:]:
            problems[0].add_note(f"and in a later final step: {other}")
        raise problems[0]


def _due(step: Step, progress: Progress) -> bool:
    return step.in_any_case or not progress.hurried


@contextmanager
def _kept(problems: list[Exception]) -> Iterator[None]:
    """Keep the error of a block for later."""
    try:
        yield
    except HarnessError as error:
        problems.append(error)


def _run(number: int, step: Step, trial: Trial, progress: Progress, given: set[str]) -> None:
    """Run one step between two looks at the releases."""
    asked = step.changes and not progress.hurried
    if asked:
        trial.environment.releases()
    trial.history.record(PlanStepStart(number, step.step_name(), step.title(), step.about, step.changes))
    done = False
    try:
        step.run(trial, progress)
        done = True
    finally:
        # A deployment that broke may have changed something, and has to be taken back no less.
        provided = set(step.provides())
        given |= provided if done else provided & set(LEFT)
        given -= set(step.removes())
        if done and asked:
            trial.environment.releases()
        trial.history.record(PlanStepEnd(number, done))


def _heal(
    progress: Progress, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
) -> None:
    """Heal what is still on, the last one first; every one is tried before the first error is raised. Where something
    else ended the plan, that stays what is raised, and is told of it.
    """
    problems: list[BaseException] = []
    for name in reversed(list(progress.faults)):
        try:
            progress.faults.pop(name).__exit__(kind, error, trace)
        except BaseException as problem:
            if problem is not error:
                problems.append(problem)
    if problems:
        with cleaning_up_after(error):
            raise problems[0]
