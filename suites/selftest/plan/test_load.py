"""The workload as a trial uses it: looks once, and a second time only where the first was no pass."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from harness.checks import Check, parts_of
from harness.clock import ManualClock
from harness.errors import NotMeasured, UsageError
from harness.history import History
from harness.plan.load import ComparedWorkload
from harness.samples import read as read_samples
from harness.stack import Recovery
from harness.verdict import Outcome, Verdict
from harness.workload import Spec
from harness.workload.workload import Measurement
from suites.raw import raw, select
from suites.selftest.workload.made import spec
from suites.selftest.workload.server import good, serving

SPEC = Spec("127.0.0.1", 1)


class Scripted(ComparedWorkload):
    """Runs no generator; answers with verdicts that a test lays down."""

    def __init__(self, *outcomes: Outcome, declared: Recovery | None = None, **more: Any) -> None:
        self.asked: list[dict[str, Any]] = []
        self.recorded: list[Verdict] = []
        self._outcomes = list(outcomes)
        history = History(clock=ManualClock())
        super().__init__(
            SPEC, history, declared=declared or Recovery(within=30.0), judge=self._answer, record=self._keep,
            **{"beside": None, **more},
        )  # fmt: skip
        self._clock = history.clock

    def _answer(self, check: Check, *, phase: str) -> Verdict:
        name, parameters = parts_of(check)
        assert name == "recovery"
        self.asked.append({**parameters, "phase": phase})
        return Verdict("recovery", self._outcomes.pop(0), "said so")

    def _keep(self, verdict: Verdict, _phase: str) -> Verdict:
        self.recorded.append(verdict)
        return verdict

    def running(self) -> bool:
        return True

    @contextmanager
    def window(self, phase: str) -> Iterator[Measurement]:
        self._history.record(raw("workload", phase=phase))
        yield Measurement()

    @property
    def waited(self) -> float:
        return self._clock.monotonic()


def test_a_pass_at_the_first_look_ends_it_after_the_hold() -> None:
    made = Scripted(Outcome.PASS)
    assert made.recovered("before")
    assert made.waited == 30.0
    assert [(one["baseline"], one["look"], one["since"]) for one in made.asked] == [("before", 1, 0.0)]


@pytest.mark.parametrize("first", [Outcome.FAIL, Outcome.UNKNOWN])
def test_anything_else_is_looked_at_once_more_when_the_time_is_over_and_twice_held(first: Outcome) -> None:
    made = Scripted(first, Outcome.PASS)
    assert made.recovered()
    assert made.waited == 30.0 + 30.0 + 30.0, "hold, then within and hold again: twice the hold after the time is over"
    assert [(one["look"], one["since"]) for one in made.asked] == [(1, 0.0), (2, 30.0)]


@pytest.mark.parametrize("second", [Outcome.FAIL, Outcome.UNKNOWN])
def test_the_second_look_is_the_last(second: Outcome) -> None:
    made = Scripted(Outcome.UNKNOWN, second)
    assert made.recovered().outcome is second
    assert len(made.asked) == 2
    assert [verdict.outcome for verdict in made.recorded] == [second], "only what counts is recorded"


def test_where_nothing_may_be_worse_at_all_a_failure_at_the_first_look_is_final() -> None:
    made = Scripted(Outcome.FAIL, declared=Recovery(within=0.0))
    assert made.recovered().outcome is Outcome.FAIL
    assert len(made.asked) == 1


def test_the_check_is_asked_what_the_stack_declares() -> None:
    declared = Recovery.model_validate({"within": "5s", "tolerance": {"p50": "20%"}, "errors": "2%", "hold": "10s"})
    made = Scripted(Outcome.PASS, declared=declared)
    made.recovered()
    asked = made.asked[0]
    assert (asked["tolerances"], asked["errors"], asked["confidence"], asked["within"]) == ({"p50": 0.2}, 0.02, 0.95, 5)
    assert made.waited == 10.0


def test_a_load_that_does_not_run_is_refused() -> None:
    nothing: Any = lambda *_: None  # noqa: E731
    made = ComparedWorkload(SPEC, History(), declared=Recovery(), judge=nothing, record=nothing, beside=None)
    with pytest.raises(UsageError, match="not running"):
        made.recovered()


def _broken(_rate: float | None) -> Any:
    raise NotMeasured("The control did not come up", got="no space")


@pytest.mark.parametrize(
    ("beside", "declared", "notes"),
    [
        (_broken, Recovery(), ["recovery is judged without a control: The control did not come up (no space)"]),
        (_broken, Recovery(control=False), []),
        (None, Recovery(), []),
    ],
)
def test_a_control_that_cannot_be_had_is_told_and_one_that_is_not_wanted_is_not_asked_for(
    beside: Callable[..., Any] | None, declared: Recovery, notes: list[str]
) -> None:
    made = Scripted(beside=beside, declared=declared)
    made.compare()
    assert made.control is None
    assert [event.data["text"] for event in select(made._history.events, "note")] == notes


def test_what_is_judged_is_counted_in_the_history_before(tmp_path: Path) -> None:
    """Beyond the last window, too: promises that were made after it are looked for in what is read back later."""
    history = History(tmp_path / "events.jsonl")
    with serving(good) as server:
        given = spec(server.port, acknowledged="{key}")
        more: dict[str, Any] = {"judge": None, "record": None, "beside": None, "samples": tmp_path / "samples-h1.bin"}
        with ComparedWorkload(given, history, declared=Recovery(), **more) as load:
            load.baseline(0.2)
            counted = select(history.events, "workload.saved")[-1].data["promises"]["count"]
            assert load.samples is not None
            while load.samples.complete < counted + 10:
                time.sleep(0.01)  # between two looks
            load.bring()
            (stream,) = read_samples(tmp_path, history.events).streams
            assert len(stream.promises) >= counted + 10
            assert history.events[-1].kind == "workload.saved"
            assert stream.promises_problem == stream.problem == ""
