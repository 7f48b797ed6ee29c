"""Items from runs of the gate: what was verified, when, and by which run."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

from harness.checklist.document import Evidence, Item, State
from harness.checklist.questions import QUESTIONS, Question
from harness.checklist.runs import GateRun, doubt
from harness.report import Judged
from harness.stack import Stack
from harness.verdict import Outcome

ONE_WAY = Question(
    "gate.one-way",
    "It cannot be taken back, and its rollback is refused",
    ("refused-rollback", "refused"),
    needed=(("refused", "one-way"),),
)
NOT_ASKED = {"gate.taken-back", "gate.taken-back-twice", "gate.deployed-again", "gate.no-trace"}  # of one that is so


def items(stack: Stack, new: str, runs: Sequence[GateRun], files: Sequence[str], now: float) -> list[Item]:
    """The items of the gate; without a run all of them are unknown.

    Args:
        new: the release.
        files: what the stack is made of now.
        now: Unix time.
    """
    valid_for = stack.harness.checklist.valid_for
    doubts = [said for run in runs if (said := doubt(run, files, now, valid_for))]
    if not runs:
        doubts = ["no run of the gate was named: `harness checklist make --run`"]
    judged = tuple(chain.from_iterable(run.report.judged for run in runs))
    ended = min((run.ended for run in runs), default=None)
    expires = ended + valid_for if ended is not None and not doubts else None
    made = [_item(one, judged, runs, doubts, expires) for one in _questions(stack, new)]
    made.append(_whole(runs, doubts, expires))
    if any(run.report.cases for run in runs):
        made.append(_faults(runs, doubts, expires))
    return made


def _questions(stack: Stack, new: str) -> list[Question]:
    deployer = stack.harness.deployer
    if deployer is None or new not in deployer.one_way:
        return list(QUESTIONS)
    return [ONE_WAY, *(one for one in QUESTIONS if one.key not in NOT_ASKED)]


def _item(
    question: Question, judged: Sequence[Judged], runs: Sequence[GateRun], doubts: list[str], expires: float | None
) -> Item:
    state, why = question.answer(judged)
    phases = {one.phase for one in question.about(judged)}
    own = [run for run in runs if phases & set(run.report.phases)]
    return _made(question.key, question.title, state, why, own, doubts, expires)


def _whole(runs: Sequence[GateRun], doubts: list[str], expires: float | None) -> Item:
    """Everything that was judged, so that no verdict is lost between the questions."""
    states = {Outcome.PASS: State.TICKED, Outcome.FAIL: State.FAILED, Outcome.UNKNOWN: State.UNKNOWN}
    outcomes = [run.report.run.outcome for run in runs]
    worst = next((one for one in (Outcome.FAIL, Outcome.UNKNOWN) if one in outcomes), Outcome.PASS)
    reasons = [run.report.run.reason for run in runs if run.report.run.outcome is worst]
    off = [line for run in runs for line in (*run.report.not_checked, *run.report.not_looked_at)]
    why = reasons[0] if reasons else "nothing was judged"
    if off:
        why = f"{why}; not checked or not looked at: {'; '.join(dict.fromkeys(off))}"
    state = states[worst] if runs else State.UNKNOWN
    return _made("gate.all", "Everything else that the gate judges passed too", state, why, runs, doubts, expires)


def _faults(runs: Sequence[GateRun], doubts: list[str], expires: float | None) -> Item:
    under = [run for run in runs if run.report.cases]
    outcomes = [(name, outcome) for run in under for name, outcome in run.report.cases.items()]
    state, why = State.TICKED, f"{len(outcomes)} cases passed"
    for outcome, bad in ((Outcome.UNKNOWN, State.UNKNOWN), (Outcome.FAIL, State.FAILED)):
        names = [name for name, found in outcomes if found is outcome]
        if names:
            state, why = bad, f"{len(names)} of {len(outcomes)} cases: {', '.join(names[:3])}"
    return _made("gate.faults", "So it is under faults", state, why, under, doubts, expires)


def _made(
    key: str, title: str, state: State, why: str, runs: Sequence[GateRun], doubts: list[str], expires: float | None
) -> Item:
    """The item. Where a run does not count, its passes do not either; a failure stays one."""
    if doubts and state is not State.FAILED:
        state, why = State.UNKNOWN, doubts[0]
    evidence = tuple(Evidence("run", f"run {run.name}: {run.report.run.outcome}", run.name, run.ended) for run in runs)
    ticked = state is State.TICKED
    return Item(key, "suites", title, state, why, evidence=evidence, expires=expires if ticked else None)
