"""The gate waits for performance to come back, as long as the stack says, and forgets nothing meanwhile."""

from __future__ import annotations

import threading

import pytest

from harness.plan.gate import SCENARIOS
from harness.plan.runner import run
from harness.plan.steps import Progress
from harness.plan.steps.recover import Recover
from harness.plan.trial import Trial
from harness.stack import Recovery
from harness.verdict import Outcome, combine
from suites.raw import select
from suites.selftest.plan.made import deployed_by, gate, trial
from suites.selftest.plan.phases import CHECKS, fill


def paced(monkeypatch: pytest.MonkeyPatch, p95: dict[str, float], *, failed: str = "", usual: float = 0.02) -> Trial:
    """A trial whose windows take as long as they should, with this p95 by phase; in the phase `failed` two requests
    fail.
    """
    made = trial()

    def watch(phase: str, seconds: float) -> None:
        bad, began = (2 if phase == failed else 0), made.history.clock.now()
        fill(made, phase, p95=p95.get(phase, usual), bad=bad, began=began)
        made.history.clock.wait(threading.Event(), seconds)

    monkeypatch.setattr(made.workload, "start", lambda: None)
    monkeypatch.setattr(made.workload, "window", lambda _phase: made.history.scope())
    deployed_by(made, monkeypatch)
    monkeypatch.setattr(made, "watch", watch)
    monkeypatch.setattr(made, "drain", lambda *_: None)
    return made


def windows(made: Trial) -> list[str]:
    phases = [str(event.data["phase"]) for event in select(made.history.events, "workload")]
    return [phase for phase in phases if phase.startswith("rolled-back-window")]


def performance(made: Trial) -> tuple[str, str]:
    (event,) = select(made.history.events, "verdict", phase="rolled-back", check="performance")
    assert event.data["phase"] == "rolled-back"
    return event.data["outcome"], event.data["reason"]


def test_a_rollback_after_which_performance_is_as_before_is_measured_once(monkeypatch: pytest.MonkeyPatch) -> None:
    made = paced(monkeypatch, {})
    run(SCENARIOS["round-trip"](gate()), made)
    assert (windows(made), performance(made)[0]) == ([], "pass")


def test_a_new_release_that_stays_slow_fails_although_the_rollback_is_as_before(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    slow = {"deployed": 0.9, **{f"deployed-window-{number}": 0.9 for number in range(2, 100)}}
    made = paced(monkeypatch, slow)
    run(SCENARIOS["round-trip"](gate()), made)
    (event,) = select(made.history.events, "verdict", phase="deployed", check="performance")
    assert event.data["outcome"] == "fail"
    assert "p95 900 ms, 20 ms before" in event.data["reason"]
    assert performance(made)[0] == "pass"


def test_a_new_release_that_warms_up_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    made = paced(monkeypatch, {"deployed": 0.9, "deployed-window-2": 0.9})
    run(SCENARIOS["round-trip"](gate()), made)
    (event,) = select(made.history.events, "verdict", phase="deployed", check="performance")
    assert event.data["outcome"] == "pass"
    assert "as in the baseline again" in event.data["reason"]


def test_a_stall_of_the_machine_in_the_first_window_after_a_rollback_is_no_verdict_on_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = paced(monkeypatch, {"rolled-back": 0.3})
    run(SCENARIOS["round-trip"](gate()), made)
    assert windows(made) == ["rolled-back-window-2"]
    outcome, reason = performance(made)
    assert outcome == "pass"
    assert reason.startswith("as in the baseline again 1.5 s after the first window began")
    again = {
        e.data["check"]: e.data["outcome"] for e in select(made.history.events, "verdict", phase="rolled-back-window-2")
    }
    assert again == dict.fromkeys(CHECKS, "pass")


def test_performance_that_stays_bad_fails_when_its_time_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    made = paced(monkeypatch, {"baseline": 0.02}, usual=0.3)
    run(SCENARIOS["round-trip"](gate()), made)
    assert made.stack.harness.recovery.within == 30.0
    assert len(windows(made)) == 19  # of 1.5 s each, after the first, that begin within 30 s
    outcome, reason = performance(made)
    assert outcome == "fail"
    assert "in window 20, 28.5 s after the first window began: p95 300 ms" in reason


def test_failures_before_performance_came_back_are_not_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    for phase in ("rolled-back", "rolled-back-window-2"):
        made = paced(monkeypatch, {"rolled-back": 0.3, "rolled-back-window-2": 0.3}, failed=phase)
        run(SCENARIOS["round-trip"](gate()), made)
        assert performance(made)[0] == "pass"
        (failed,) = (v for v in select(made.history.events, "verdict", phase=phase) if v.data["outcome"] == "fail")
        assert failed.data["check"] == "errors"
        assert combine(made.verdicts).outcome is Outcome.FAIL


def test_without_a_baseline_to_compare_with_nothing_is_measured_in_vain(monkeypatch: pytest.MonkeyPatch) -> None:
    made = paced(monkeypatch, {})
    fill(made, "baseline", lateness=0.3)
    fill(made, "rolled-back")
    Recover(phase="rolled-back", within=30.0, hold=1.5).run(made, Progress())
    assert (made.verdicts[-1].outcome, windows(made)) == (Outcome.UNKNOWN, [])


def test_how_long_recovery_may_take_is_the_stacks_to_say(monkeypatch: pytest.MonkeyPatch) -> None:
    made = paced(monkeypatch, {"baseline": 0.02}, usual=0.3)
    shorter = made.stack.harness.model_copy(update={"recovery": Recovery(within=4.0)})
    made.stack = made.stack.model_copy(update={"harness": shorter})
    run(SCENARIOS["round-trip"](gate(made.stack)), made)
    assert windows(made) == ["rolled-back-window-2", "rolled-back-window-3"]
    assert performance(made)[0] == "fail"
