"""The pre-release checklist on a stack: each test vouches for an item. By default on the reference stack.

pytest suites/checklist --checklist-run runs/latest --vouched-for vouched.json

Put your own tests beside these: the marker `vouches` names the item, see docs/checklist.md.
"""

from __future__ import annotations

import pytest

from harness.checklist.document import State
from harness.checklist.questions import QUESTIONS, Question
from harness.checklist.runs import GateRun, doubt
from harness.plan.judging import judge_again
from harness.report import Report
from harness.samples import read as read_samples
from harness.stack import Stack
from harness.verdict import Outcome

pytestmark = [pytest.mark.containers, pytest.mark.paired, pytest.mark.xdist_group("the checklist's gate")]


@pytest.fixture
def on_this(gate_run: GateRun, stack: Stack) -> Report:
    """What the run found, where it ran on what the stack is made of now."""
    from harness.plan.inputs import inputs

    info = gate_run.report.info
    files = inputs(stack, (info.from_, info.to))
    said = doubt(gate_run, files, gate_run.ended, stack.harness.checklist.valid_for)
    assert said == ""
    return gate_run.report


@pytest.mark.parametrize(
    "question", [pytest.param(one, marks=pytest.mark.vouches(one.key), id=one.key) for one in QUESTIONS]
)
def test_the_gate_answers(question: Question, on_this: Report) -> None:
    state, why = question.answer(on_this.judged)
    if state is State.UNKNOWN:
        pytest.skip(why)  # not a tick, and not a failure either
    assert state is State.TICKED, why


@pytest.mark.vouches("gate.all")
def test_the_gate_passed(on_this: Report) -> None:
    if on_this.run.outcome is Outcome.UNKNOWN:
        pytest.skip(on_this.run.reason)
    assert on_this.run.outcome is Outcome.PASS, on_this.run.reason


@pytest.mark.vouches("judged-again", title="Judging the run again gives the same verdicts")
def test_judging_the_run_again_gives_the_same_verdicts(gate_run: GateRun, on_this: Report) -> None:
    found = judge_again(on_this.events, read_samples(gate_run.path.parent, on_this.events))
    assert [one.then.check for one in found if one.changed] == []
    assert sum(not one.kept for one in found) > len(QUESTIONS)
