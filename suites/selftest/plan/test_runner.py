"""The runner: the order of the steps, their numbers, what ends a plan, and what is healed at its end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, ClassVar

import pytest

from harness.errors import NotMeasured, UsageError
from harness.plan.runner import run
from harness.plan.steps import InPhase, PlanEnded, Progress, Step
from harness.plan.steps.heal import Heal
from harness.plan.steps.inject import Inject
from harness.plan.steps.load import Load
from harness.plan.trial import Trial
from harness.verdict import Outcome, Verdict
from suites.raw import raw, select
from suites.selftest.plan.made import plan_of, trial


class Noted(Step):
    """Notes that it ran."""

    text: str = ""

    def title(self) -> str:
        return f"note {self.text}"

    def run(self, trial: Trial, progress: Progress) -> None:  # noqa: ARG002
        trial.history.record(raw("note", text=self.text))


class Changing(Noted):
    """May change the releases."""

    changes: ClassVar[bool] = True


class Last(Noted):
    """Ends the plan."""

    def run(self, trial: Trial, progress: Progress) -> None:  # noqa: ARG002
        raise PlanEnded


class Broken(Noted):
    """Breaks."""

    def run(self, trial: Trial, progress: Progress) -> None:  # noqa: ARG002
        raise RuntimeError("broken")


class Judging(Noted):
    """Judges."""

    def run(self, trial: Trial, progress: Progress) -> None:  # noqa: ARG002
        trial.judge(Verdict("release", Outcome.FAIL, "another one"), "deployed")


def notes(made: Trial) -> list[tuple[Any, str]]:
    return [(event.data.get("plan_step"), event.data["text"]) for event in select(made.history.events, "note")]


def test_steps_run_in_order_and_every_event_of_one_has_its_number() -> None:
    made = trial()
    run(plan_of(Noted(text="a"), Noted(text="b")), made)
    assert notes(made) == [(1, "a"), (2, "b")]


def test_the_plan_is_in_the_history_before_its_first_step() -> None:
    made = trial()
    run(plan_of(Noted(text="a")), made)
    whole, begun, *_ = made.history.events
    assert (whole.kind, whole.data["text"]) == ("plan", ["p: a test", "  1. note a"])
    assert (begun.kind, begun.data["number"], begun.data["title"]) == ("plan.step.start", 1, "note a")
    assert select(made.history.events, "plan.step.end")[0].data["done"] is True


def test_a_step_that_ends_the_plan_leaves_out_the_rest_and_says_so() -> None:
    made = trial()
    run(plan_of(Noted(text="a"), Last(), Noted(text="b"), Noted(text="c")), made)
    assert notes(made) == [(1, "a"), (2, "the plan ends after step 2; 2 steps are left out")]
    assert [event.data["done"] for event in select(made.history.events, "plan.step.end")] == [True, False]


def test_a_step_that_breaks_breaks_the_run() -> None:
    made = trial()
    with pytest.raises(RuntimeError, match="broken"):
        run(plan_of(Broken(), Noted(text="b")), made)
    assert notes(made) == []
    assert [event.data["done"] for event in select(made.history.events, "plan.step.end")] == [False]


def test_a_failed_verdict_does_not_end_the_plan_and_is_what_it_comes_to() -> None:
    made = trial()
    assert run(plan_of(Judging(), Noted(text="after")), made).outcome is Outcome.FAIL
    assert notes(made) == [(2, "after")]


def test_the_releases_are_asked_before_and_after_a_step_that_may_change_them(monkeypatch: pytest.MonkeyPatch) -> None:
    made = trial()
    monkeypatch.setattr(made.environment, "releases", lambda: made.history.record(raw("note", text="asked")))
    run(plan_of(Noted(text="a"), Changing(text="b")), made)
    assert notes(made) == [(1, "a"), (2, "asked"), (2, "b"), (2, "asked")]


def test_a_plan_that_makes_no_sense_does_nothing() -> None:
    made = trial()
    with pytest.raises(UsageError, match="makes no sense"):
        run(plan_of(Noted(text="a"), Heal(name="x")), made)
    assert made.history.events == ()


# -- faults ------------------------------------------------------------------------------------------------------------

FAULT = {"fault": "latency", "from": "web-1", "to": "queue", "ms": 50}


def faulty(monkeypatch: pytest.MonkeyPatch) -> Trial:
    """A trial whose faults are only noted."""
    made = trial()

    @contextmanager
    def fault(_: object, phase: str, *, judged: bool = True) -> Iterator[None]:
        made.history.record(raw("note", text=f"on in {phase}"))
        try:
            yield
        finally:
            made.history.record(raw("note", text=f"off {phase}"))

    monkeypatch.setattr(made, "fault", fault)
    monkeypatch.setattr(made.workload, "start", lambda: None)
    return made


def inject(name: str) -> Inject:
    return Inject(phase=f"with-{name}", name=name, fault=FAULT)


def test_a_fault_stays_on_between_its_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    made = faulty(monkeypatch)
    run(plan_of(Load(), inject("a"), Noted(text="meanwhile"), Heal(name="a"), Noted(text="after")), made)
    assert [text for _, text in notes(made)] == ["on in with-a", "meanwhile", "off with-a", "after"]


def test_what_is_not_healed_is_healed_at_the_end_also_of_a_plan_that_breaks(monkeypatch: pytest.MonkeyPatch) -> None:
    for last in (Noted(text="x"), Last(), Broken()):
        made = faulty(monkeypatch)
        with suppress(RuntimeError):
            run(plan_of(Load(), inject("a"), inject("b"), last), made)
        off = [text for _, text in notes(made) if text.startswith("off")]
        assert sorted(off) == ["off with-a", "off with-b"]


class Certain(Noted):
    """Is run in any case."""

    @property
    def in_any_case(self) -> bool:
        return True


class Lost(Noted):
    """Cannot be done."""

    def run(self, trial: Trial, progress: Progress) -> None:  # noqa: ARG002
        raise NotMeasured("the load was lost")


def test_an_error_of_a_final_step_is_raised_also_where_a_later_one_ends_the_plan() -> None:
    with pytest.raises(NotMeasured, match="the load was lost"):
        run(plan_of(Noted(text="a"), final=(Lost(), Last(), Noted(text="z"))), trial())


class Giving(Noted):
    """Gives one thing and takes another away."""

    def provides(self) -> tuple[str, ...]:
        return ("given",)

    def removes(self) -> tuple[str, ...]:
        return ("taken",)


class Needing(Noted):
    """Needs what it is told to."""

    needs: tuple[str, ...] = ()

    def requires(self) -> tuple[str, ...]:
        return self.needs


def test_what_was_given_before_is_there_for_the_final_steps_whatever_was_taken_since() -> None:
    made = trial()
    final = (Needing(text="z", needs=("given",)),)
    run(plan_of(Giving(text="a"), Giving(text="b"), Noted(text="c"), final=final), made)
    assert (4, "z") in notes(made)


def test_the_whole_plan_is_recorded_as_data() -> None:
    made = trial()
    plan = plan_of(Noted(text="a"))
    run(plan, made)
    assert made.history.events[0].data["plan"] == plan.to_data()


def test_each_step_is_recorded_with_what_it_is_and_whether_it_changes_anything() -> None:
    made = trial()
    run(plan_of(Noted(text="a"), Changing(text="b"), final=(Noted(text="z"),)), made)
    begun, ended = (select(made.history.events, kind) for kind in ("plan.step.start", "plan.step.end"))
    assert [(one.data["number"], one.data["name"], one.data["changes"]) for one in begun] == [
        (1, Noted.step_name(), False), (2, Changing.step_name(), True), (3, Noted.step_name(), False),
    ]  # fmt: skip
    assert [one.data["number"] for one in ended] == [1, 2, 3]
    run(plan_of(Ending(phase="deploy")), made)
    assert select(made.history.events, "plan.step.start")[-1].data["planned"] == "deploy"


class Ending(InPhase):
    """Ends the plan in a phase."""

    def title(self) -> str:
        return "end"

    def run(self, trial: Trial, progress: Progress) -> None:  # noqa: ARG002
        raise PlanEnded


def test_a_plan_that_ended_before_anything_was_checked_says_so_in_its_phase_where_final_steps_might_hide_it() -> None:
    made = trial()
    run(plan_of(Ending(phase="deploy"), final=(Noted(text="z"),)), made)
    (told,) = select(made.history.events, "verdict")
    assert (told.phase, told.data["check"], told.data["outcome"], told.data["look"]) == (
        "deploy", "plan", "unknown", "what ended it",
    )  # fmt: skip
    without = trial()
    assert run(plan_of(Ending(phase="deploy")), without).outcome is Outcome.UNKNOWN
    assert select(without.history.events, "verdict") == ()
    judged = trial()
    run(plan_of(Judging(), Ending(phase="deploy"), final=(Noted(text="z"),)), judged)
    assert [one.data["check"] for one in select(judged.history.events, "verdict")] == ["release"]


class Interrupted(Noted):
    """Somebody pressed Ctrl-C."""

    def run(self, trial: Trial, progress: Progress) -> None:  # noqa: ARG002
        raise KeyboardInterrupt


class Taking(Noted):
    """Takes away what another step gave."""

    def removes(self) -> tuple[str, ...]:
        return ("given",)


def test_a_final_step_whose_needs_were_taken_away_is_left_out() -> None:
    made = trial()
    final = (Needing(text="z", needs=("given",)),)
    run(plan_of(Giving(text="a"), Taking(text="b"), Last(), Giving(text="c"), final=final), made)
    assert "step 5 is left out" in notes(made)[-1][1]
