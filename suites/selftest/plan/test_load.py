"""The workload as a trial uses it: looks once, and a second time only where the first was no pass."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from harness.checks import Check, parts_of
from harness.clock import ManualClock
from harness.errors import NotMeasured, UsageError
from harness.history import History
from harness.plan import load
from harness.plan.load import ComparedWorkload
from harness.samples import read as read_samples
from harness.stack import Recovery
from harness.verdict import Outcome, Verdict
from harness.workload import Spec, Window, Workload
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

    def _keep(self, verdict: Verdict, phase: str) -> Verdict:
        self.recorded.append(verdict)
        self.kept_as = phase
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
    assert {(one["baseline"], one["phase"]) for one in made.asked} == {("baseline", "recovered")}
    windows = select(made._history.events, "workload")
    assert [(one.phase, made.kept_as) for one in windows] == [("recovered", "recovered")] * 2
    (note,) = select(made._history.events, "note")
    assert note.data["text"] == "looking a second and last time: said so"


def test_the_phases_of_a_recovery_can_be_named_and_a_measured_baseline_has_its_own() -> None:
    made = Scripted(Outcome.UNKNOWN, Outcome.PASS)
    before = cast(Window, SimpleNamespace(phase="usual"))
    assert made.recovered(before, phase="after")
    assert [(one["baseline"], one["phase"]) for one in made.asked] == [("usual", "after")] * 2
    assert made.kept_as == "after"


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
    soon = Scripted(Outcome.FAIL, Outcome.PASS, declared=Recovery(within=0.5))
    assert soon.recovered(), "half a second is time to recover"


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
    with pytest.raises(UsageError, match="not running") as caught:
        made.recovered()
    assert caught.value.hint == "workload.baseline() starts it; recovery needs one"
    with pytest.raises(UsageError, match="The workload is not running") as caught:
        made.push()
    assert caught.value.hint == "workload.start() first: a push is more than a load"


def test_a_push_is_a_load_of_its_own_at_a_share_of_the_rate_whose_samples_lie_beside_the_others(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    made: list[Any] = []

    class More:
        def __init__(self, given: Spec, history: History, *, samples: Path | None) -> None:
            made.append((given.schedule.rate, history, samples))

        def __enter__(self) -> More:
            return self

        def __exit__(self, *_: object) -> None: ...

        def baseline(self, seconds: float, phase: str) -> tuple[float, str]:
            return seconds, phase

    monkeypatch.setattr(load, "Workload", More)
    for samples, beside in ((None, None), (tmp_path / "samples-h1.bin", tmp_path / "samples-h1-push.bin")):
        one: Any = Scripted(samples=samples)
        rate = one.spec.schedule.rate
        assert one.push() == (2.0, "push")
        assert one.push(0.5, 7.0, "more") == (7.0, "more")
        assert made == [(rate * 0.2, one._history, beside), (rate * 0.5, one._history, beside)]
        made.clear()


def test_a_baseline_without_a_length_is_as_long_as_declared_and_beside_the_control(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Workload, "baseline", lambda _, seconds, phase: (seconds, phase))
    asked: list[Any] = []

    class Control:
        def follow(self, history: History) -> None:
            asked.append(history)

        def bring(self, until: float) -> None:
            asked.append(until)

    def beside(rate: float | None) -> Any:
        asked.append(rate)
        return Control()

    made: Any = Scripted(declared=Recovery(baseline=45.0), beside=beside, rate=5.0)
    assert made.baseline(3.0, "short") == (3.0, "short")
    assert made.control is None
    assert made.baseline() == (45.0, "baseline")
    made.compare()
    assert asked == [5.0, made._history], "it is brought up once"
    monkeypatch.setattr(made, "count", lambda: asked.append("counted"))
    made._clock.advance(7.0)
    made.bring()
    assert asked[2:] == ["counted", 7.0]


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (NotMeasured("The control has ended", got="killed"), "The control has ended (killed)"),
        (NotMeasured("The control has ended"), "The control has ended"),
        (OSError(28, "No space left on device"), "[Errno 28] No space left on device"),
    ],
)
def test_a_control_that_breaks_is_no_more_compared_with_and_the_history_says_why(
    monkeypatch: pytest.MonkeyPatch, error: Exception, said: str
) -> None:
    class Control:
        def bring(self, _until: float) -> None:
            raise error

    made = Scripted()
    monkeypatch.setattr(made, "count", lambda: None)
    made.control = cast(Any, Control())
    made.bring()
    assert made.control is None
    (note,) = select(made._history.events, "note")
    assert note.data["text"] == f"recovery is judged without a control: {said}"


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
        with ComparedWorkload(given, history, declared=Recovery(), **more) as running:
            running.baseline(0.2)
            counted = select(history.events, "workload.saved")[-1].data["promises"]["count"]
            assert running.samples is not None
            while running.samples.complete < counted + 10:
                time.sleep(0.01)  # between two looks
            running.bring()
            (stream,) = read_samples(tmp_path, history.events).streams
            assert len(stream.promises) >= counted + 10
            assert history.events[-1].kind == "workload.saved"
            assert stream.promises_problem == stream.problem == ""
