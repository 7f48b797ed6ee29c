"""What is still on when a plan ends is healed, and told what ended it; what comes of that hides nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from harness.errors import NotMeasured
from harness.plan.runner import run
from harness.plan.steps import Step
from harness.plan.steps.load import Load
from harness.plan.trial import Trial
from suites.selftest.plan.made import plan_of, trial
from suites.selftest.plan.test_runner import Certain, Interrupted, Lost, Noted, inject, notes


def test_a_fault_that_is_healed_after_an_error_is_told_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    made = trial()
    seen: list[object] = []

    @contextmanager
    def fault(_: object, phase: str, *, judged: bool = True) -> Iterator[None]:
        try:
            yield
        except BaseException as error:
            seen.append((phase, type(error), error.__traceback__ is not None))
            raise

    monkeypatch.setattr(made, "fault", fault)
    monkeypatch.setattr(made.workload, "start", lambda: None)
    for final in ((), (Noted(text="z"),), (Certain(text="z"),)):
        with pytest.raises(KeyboardInterrupt):
            run(plan_of(Load(), inject("a"), inject("b"), Interrupted(), final=final), made)
        assert seen == [("with-b", KeyboardInterrupt, True), ("with-a", KeyboardInterrupt, True)]
        seen.clear()


class Stubborn:
    """A fault that cannot be healed, and keeps what it is told when it should be."""

    def __init__(self) -> None:
        self.told: list[tuple[object, ...]] = []

    def __enter__(self) -> None: ...

    def __exit__(self, *told: object) -> None:
        self.told.append(told)
        raise NotMeasured("it is still on")


def stubborn(monkeypatch: pytest.MonkeyPatch) -> tuple[Trial, Stubborn]:
    made, fault = trial(), Stubborn()
    monkeypatch.setattr(made, "fault", lambda *_, **__: fault)
    monkeypatch.setattr(made.workload, "start", lambda: None)
    return made, fault


def test_a_fault_that_cannot_be_healed_after_an_error_keeps_no_final_step_from_being_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made, _ = stubborn(monkeypatch)
    with pytest.raises(NotMeasured, match="the load was lost"):
        run(plan_of(Load(), inject("a"), Lost(), final=(Noted(text="z"),)), made)
    assert notes(made)[-1] == (4, "z")


def test_without_an_error_a_fault_that_cannot_be_healed_is_what_is_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    for final in ((), (Noted(text="z"),)):
        made, _ = stubborn(monkeypatch)
        with pytest.raises(NotMeasured, match="it is still on"):
            run(plan_of(Load(), inject("a"), final=final), made)


@pytest.mark.parametrize("final", [(), (Certain(text="z"),)])
def test_a_fault_is_healed_with_the_interrupt_itself_and_where_it_came_from(
    monkeypatch: pytest.MonkeyPatch, final: tuple[Step, ...]
) -> None:
    made, fault = stubborn(monkeypatch)
    with pytest.raises(KeyboardInterrupt) as caught:
        run(plan_of(Load(), inject("a"), Interrupted(), final=final), made)
    ((kind, error, trace),) = fault.told
    assert (kind, error is caught.value, trace is not None) == (KeyboardInterrupt, True, True)
    assert any("it is still on" in note for note in caught.value.__notes__)
