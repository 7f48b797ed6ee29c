"""The final steps of a plan: they run whatever happened, and make no verdict better."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import jsonschema
import pytest
from pydantic import Field

from harness.errors import EngineGone, HarnessError, NotMeasured, UsageError
from harness.plan.plan import Plan, of_data, of_text, schema
from harness.plan.runner import run
from harness.plan.steps import DEPLOYED, InPhase, PlanEnded, Progress, Step
from harness.plan.steps.heal import Heal
from harness.plan.steps.hold import Hold
from harness.plan.steps.inject import Inject
from harness.plan.steps.load import Load
from harness.plan.trial import Trial
from harness.signals import Terminated
from harness.verdict import Outcome, Verdict
from suites.raw import raw, select
from suites.selftest.plan.made import NEW, OLD, tiny_stack, trial

FAULT = {"fault": "latency", "from": "web-1", "to": "queue", "ms": 50}


class Noted(Step):
    """Notes that it ran, and raises or judges what the test wants."""

    text: str = ""
    raises: Any = Field(default=None, exclude=True)
    judges: Outcome | None = None
    gives: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()

    def title(self) -> str:
        return f"note {self.text}"

    def provides(self) -> tuple[str, ...]:
        return self.gives

    def requires(self) -> tuple[str, ...]:
        return self.needs

    def run(self, trial: Trial, progress: Progress) -> None:  # noqa: ARG002
        trial.history.record(raw("note", text=self.text))
        if self.judges is not None:
            trial.judge(Verdict("release", self.judges, self.text), "p")
        if self.raises is not None:
            raise self.raises


class Certain(Noted):
    """Is run in any case."""

    changes = True

    @property
    def in_any_case(self) -> bool:
        return True


class Deploying(InPhase):
    """Deploys, and breaks at it."""

    def title(self) -> str:
        return "deploy"

    def provides(self) -> tuple[str, ...]:
        return (*super().provides(), DEPLOYED)

    def run(self, trial: Trial, progress: Progress) -> None:  # noqa: ARG002
        raise NotMeasured("the deployer was lost")


def plan(steps: list[Step], final: list[Step]) -> Plan:
    return Plan("p", "a test", OLD, NEW, tuple(steps), {}, tuple(final))


def notes(made: Trial) -> list[tuple[Any, str]]:
    return [(event.data.get("plan_step"), event.data["text"]) for event in select(made.history.events, "note")]


def texts(made: Trial) -> list[str]:
    return [text for _, text in notes(made)]


# -- the runner --------------------------------------------------------------------------------------------------------


def test_final_steps_come_after_the_others_with_the_numbers_that_follow() -> None:
    made = trial()
    run(plan([Noted(text="a"), Noted(text="b")], [Noted(text="z")]), made)
    assert notes(made) == [(1, "a"), (2, "b"), (3, "z")]


def test_they_run_when_a_step_ends_the_plan() -> None:
    made = trial()
    run(plan([Noted(text="a", raises=PlanEnded()), Noted(text="b")], [Noted(text="z")]), made)
    assert [text for number, text in notes(made) if number is not None and "left out" not in text] == ["a", "z"]


@pytest.mark.parametrize("error", [NotMeasured("no load"), UsageError("no such replica"), RuntimeError("a bug")])
def test_they_run_when_a_step_cannot_be_done_and_its_error_is_what_is_raised(error: Exception) -> None:
    made = trial()
    with pytest.raises(type(error)) as caught:
        run(plan([Noted(text="a", raises=error)], [Noted(text="y", judges=Outcome.PASS), Noted(text="z")]), made)
    assert caught.value is error
    assert texts(made) == ["a", "y", "z"]


def test_every_one_is_tried_and_the_first_error_among_them_is_raised_when_nothing_broke_before() -> None:
    made = trial()
    first, second = NotMeasured("first"), NotMeasured("second")
    with pytest.raises(NotMeasured) as caught:
        run(
            plan([Noted(text="a")], [Noted(text="x", raises=first), Noted(text="y", raises=second), Noted(text="z")]),
            made,
        )
    assert caught.value is first
    assert "second" in "".join(caught.value.__notes__)
    assert texts(made) == ["a", "x", "y", "z"]


def test_an_error_among_them_is_a_note_of_what_broke_before() -> None:
    made = trial()
    error = NotMeasured("the cause")
    with pytest.raises(NotMeasured) as caught:
        run(plan([Noted(text="a", raises=error)], [Noted(text="z", raises=NotMeasured("and this"))]), made)
    assert caught.value is error
    assert "and this" in "".join(caught.value.__notes__)


@pytest.mark.parametrize("error", [KeyboardInterrupt(), Terminated(), EngineGone("the engine went away")])
def test_a_signal_and_the_loss_of_the_engine_leave_them_out(error: BaseException) -> None:
    made = trial()
    with pytest.raises(type(error)):
        run(plan([Noted(text="a", raises=error)], [Noted(text="z")]), made)
    assert texts(made) == ["a"]


@pytest.mark.parametrize("error", [KeyboardInterrupt(), Terminated(), EngineGone("the engine went away")])
def test_those_that_run_in_any_case_do_so_also_then_with_nothing_asked_of_the_environment(
    error: BaseException, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = trial()
    monkeypatch.setattr(made.environment, "releases", lambda: pytest.fail("the environment was asked"))
    final: list[Step] = [Noted(text="x"), Certain(text="y", raises=EngineGone("gone")), Certain(text="z")]
    with pytest.raises(type(error)) as caught:
        run(plan([Noted(text="a", raises=error)], final), made)
    assert caught.value is error
    assert texts(made) == ["a", "y", "z"]


def test_a_signal_while_faults_are_healed_before_them_leaves_out_none_that_runs_in_any_case(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = trial()

    @contextmanager
    def fault(_: object, phase: str, *, judged: bool = True) -> Iterator[None]:
        yield
        raise KeyboardInterrupt

    monkeypatch.setattr(made, "fault", fault)
    monkeypatch.setattr(made.workload, "start", lambda: None)
    with pytest.raises(KeyboardInterrupt):
        run(plan([Load(), Inject(phase="f", name="f", fault=FAULT)], [Noted(text="y"), Certain(text="z")]), made)
    assert texts(made) == ["z"]


def test_the_loss_of_the_engine_among_them_ends_them() -> None:
    made = trial()
    with pytest.raises(EngineGone):
        run(plan([Noted(text="a")], [Noted(text="y", raises=EngineGone("gone")), Noted(text="z")]), made)
    assert texts(made) == ["a", "y"]


def test_one_whose_needs_were_not_given_is_left_out_and_the_history_says_why() -> None:
    made = trial()
    steps: list[Step] = [Noted(text="a", raises=PlanEnded()), Noted(text="b", gives=("the load",))]
    run(plan(steps, [Noted(text="y", needs=("the load",)), Noted(text="z")]), made)
    said = "step 3 is left out: it needs the load, which was not given before the plan ended"
    assert texts(made)[-2:] == [said, "z"]


def test_a_deployment_that_broke_counts_as_one_so_that_it_is_taken_back() -> None:
    made = trial()
    with pytest.raises(NotMeasured):
        run(
            plan(
                [Deploying(phase="deploy")],
                [Noted(text="y", needs=(DEPLOYED,)), Noted(text="z", needs=("the phase deploy",))],
            ),
            made,
        )
    assert texts(made)[0] == "y"
    assert texts(made)[1].startswith("step 3 is left out")


@pytest.mark.parametrize(
    "last", [Noted(text="x"), Noted(text="x", raises=PlanEnded()), Noted(text="x", raises=NotMeasured("x"))]
)
def test_every_fault_is_healed_before_them(last: Noted, monkeypatch: pytest.MonkeyPatch) -> None:
    made = trial()

    @contextmanager
    def fault(_: object, phase: str, *, judged: bool = True) -> Iterator[None]:
        yield
        made.history.record(raw("note", text=f"healed {phase}"))

    monkeypatch.setattr(made, "fault", fault)
    monkeypatch.setattr(made.workload, "start", lambda: None)
    with suppress(NotMeasured):
        run(plan([Load(), Inject(phase="f", name="f", fault=FAULT), last], [Noted(text="z")]), made)
    assert [text for text in texts(made) if text in ("healed f", "z")] == ["healed f", "z"]


def test_a_fault_that_cannot_be_healed_is_told_after_them(monkeypatch: pytest.MonkeyPatch) -> None:
    made = trial()

    @contextmanager
    def fault(_: object, phase: str, *, judged: bool = True) -> Iterator[None]:
        yield
        raise NotMeasured("it may still be there")

    monkeypatch.setattr(made, "fault", fault)
    monkeypatch.setattr(made.workload, "start", lambda: None)
    with pytest.raises(NotMeasured, match="it may still be there"):
        run(plan([Load(), Inject(phase="f", name="f", fault=FAULT)], [Noted(text="z")]), made)
    assert texts(made) == ["z"]


# -- verdicts ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("outcome", [Outcome.UNKNOWN, Outcome.FAIL])
def test_what_passes_at_the_end_makes_no_verdict_better(outcome: Outcome) -> None:
    made = trial()
    steps: list[Step] = [Noted(text="a", judges=outcome), Noted(text="b", raises=PlanEnded())]
    assert run(plan(steps, [Noted(text="z", judges=Outcome.PASS)]), made).outcome is outcome


def test_a_plan_that_ended_before_anything_was_checked_is_unknown_whatever_passes_at_the_end() -> None:
    made = trial()
    found = run(plan([Noted(text="a", raises=PlanEnded())], [Noted(text="z", judges=Outcome.PASS)]), made)
    assert (found.outcome, found.reason) == (Outcome.UNKNOWN, "plan: the plan ended before anything was checked")


def test_what_fails_at_the_end_fails() -> None:
    made = trial()
    found = run(plan([Noted(text="a", judges=Outcome.PASS)], [Noted(text="z", judges=Outcome.FAIL)]), made)
    assert found.outcome is Outcome.FAIL


def test_what_fails_at_the_end_is_unknown_where_the_precondition_did_not_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    made = trial()
    monkeypatch.setattr(made.workload, "start", lambda: None)
    monkeypatch.setattr(Hold, "_measure", lambda *_: [Verdict("release", Outcome.FAIL, "not sound")])
    steps: list[Step] = [Load(), Hold(phase="baseline", seconds=1.0, precondition=True)]
    assert run(plan(steps, [Noted(text="z", judges=Outcome.FAIL)]), made).outcome is Outcome.UNKNOWN


# -- the plan ----------------------------------------------------------------------------------------------------------

FILE = {
    "name": "p",
    "from": OLD,
    "to": NEW,
    "steps": [{"step": "load"}, {"step": "inject", "phase": "f", "name": "f", "fault": FAULT}],
    "finally": [{"step": "hold", "phase": "final", "seconds": "2s"}],
}


def test_a_file_with_final_steps_is_read_and_written_as_it_was() -> None:
    made = of_data(FILE)
    assert [step.step_name() for step in made.final] == ["hold"]
    assert of_text(made.to_yaml(), "p") == made
    made.check(tiny_stack())
    jsonschema.validate(FILE, schema())


def test_they_are_printed_below_a_line_of_their_own_and_numbered_on() -> None:
    lines = list(of_data(FILE).lines())
    assert lines[-2:] == [
        "  finally, whatever happened before, with every fault healed:",
        "  3. hold 2 s of load  [final]",
    ]


def refused(changes: dict[str, Any], check: Callable[[Plan], None] = lambda plan: plan.check(tiny_stack())) -> str:
    with pytest.raises(HarnessError) as caught:
        check(of_data({**FILE, **changes}))
    return str(caught.value)


def test_a_fault_is_healed_already_when_they_begin() -> None:
    said = refused({"finally": [Heal(name="f").to_data()]})
    assert "step 3: heal f" in said
    assert "it needs the fault f" in said


def test_what_they_need_must_be_given_before() -> None:
    said = refused({"steps": [{"step": "probe", "phase": "x"}]})
    assert "step 2: hold 2 s of load" in said
    assert "it needs the load" in said


def test_a_phase_that_is_measured_already_is_refused_in_them_too() -> None:
    assert "the phase f is measured already" in refused({"finally": [{"step": "probe", "phase": "f"}]})


@pytest.mark.parametrize(
    ("final", "words"),
    [("load", ("The final steps are no list", "finally")), ([{"step": "lode"}], ("did you mean load?", "finally[0]"))],
)
def test_a_mistake_in_them_is_refused_with_its_place(final: Any, words: tuple[str, ...]) -> None:
    said = refused({"finally": final})
    assert not [word for word in words if word not in said], said
