from typing import Any

import msgspec
import pytest

from harness.checks import performance
from harness.verdict import Outcome, Verdict
from suites.raw import raw
from suites.selftest.checks.arms import Arms
from suites.selftest.checks.builder import Made


def judge(before: dict[str, Any] | None = None, **after: Any) -> Verdict:
    made = Made().load("baseline", **(before or {})).load("rolled-back", **after)
    return performance.check(made.events, phase="rolled-back")


def test_the_same_performance_passes_with_both_figures() -> None:
    assert judge().reason == "p50 10 ms, 10 ms before; p95 30 ms, 30 ms before"


def test_a_gross_slowdown_fails() -> None:
    verdict = judge(p95=0.2)
    assert verdict.outcome is Outcome.FAIL
    assert verdict.reason == "p95 200 ms, 30 ms before: more than 3 times that and 50 ms"


def test_a_slowdown_within_the_factor_passes() -> None:
    assert judge(p50=0.03, p95=0.13)


def test_more_failures_than_in_the_baseline_fail() -> None:
    assert judge(ok=499, failed=1).outcome is Outcome.FAIL
    assert judge({"ok": 499, "failed": 1}, ok=499, failed=1)


def test_a_generator_that_was_late_proves_nothing() -> None:
    assert judge(lateness_p95=0.2).outcome is Outcome.UNKNOWN
    assert judge({"lateness_p95": None}).outcome is Outcome.UNKNOWN


def test_a_missing_baseline_is_unknown() -> None:
    made = Made().load("rolled-back")
    assert performance.check(made.events, phase="rolled-back").outcome is Outcome.UNKNOWN


def test_a_baseline_in_which_nothing_was_answered_is_unknown() -> None:
    broken: dict[str, Any] = {"ok": 0, "failed": 500, "p50": None, "p95": None}
    assert judge(broken, **broken).outcome is Outcome.UNKNOWN


def test_a_phase_in_which_nothing_was_answered_fails() -> None:
    assert judge(ok=0, failed=500, p50=None, p95=None).outcome is Outcome.FAIL


# -- recovery: further windows, while none was as the baseline was -----------------------------------------------------

SLOW: dict[str, Any] = {"p95": 0.2}
LATE: dict[str, Any] = {"lateness_p95": 0.2}


def recovery(*windows: dict[str, Any], every: float = 3.0, **asked: Any) -> Verdict:
    """The verdict on windows that begin so many seconds apart; the first is the phase itself."""
    made = Made().load("baseline")
    names = [f"window-{number}" for number in range(1, len(windows) + 1)]
    for name, data in zip(names, windows, strict=True):
        made.load(name, **data)
        made.clock.advance(every - 1)
    return performance.check(made.events, phase=names[0], again=names[1:], **{"within": 30.0, **asked})


def test_a_first_window_that_is_good_needs_no_other() -> None:
    assert recovery({}, SLOW).reason == judge().reason


def test_a_stall_in_the_first_window_alone_passes_and_both_are_told() -> None:
    verdict = recovery(SLOW, {})
    assert verdict
    assert verdict.reason == (
        "as in the baseline again 3.0 s after the first window began: p50 10 ms, 10 ms before; p95 30 ms, 30 ms before"
        "; at first: p95 200 ms, 30 ms before: more than 3 times that and 50 ms"
    )


def test_performance_that_never_comes_back_fails_with_what_the_last_window_says() -> None:
    verdict = recovery(*[SLOW] * 10, {"p95": 0.3})
    assert verdict.outcome is Outcome.FAIL
    assert verdict.reason == (
        "not as in the baseline again, in window 11, 30.0 s after the first window began: "
        "p95 300 ms, 30 ms before: more than 3 times that and 50 ms"
    )
    assert verdict.look


@pytest.mark.parametrize(("within", "outcome"), [(9.0, Outcome.PASS), (8.9, Outcome.FAIL), (0.0, Outcome.FAIL)])
def test_performance_that_comes_back_too_late_fails(within: float, outcome: Outcome) -> None:
    verdict = recovery(SLOW, SLOW, SLOW, {}, within=within)
    assert verdict.outcome is outcome
    assert "9.0 s after the first window began" in verdict.reason
    assert ("later than" in verdict.reason) == (outcome is Outcome.FAIL)


@pytest.mark.parametrize(("stood", "outcome"), [(0.5, Outcome.UNKNOWN), (0.0, Outcome.FAIL)])
def test_recovery_that_was_late_proves_nothing_where_the_machine_spoilt_a_window_that_began_in_time(
    stood: float, outcome: Outcome
) -> None:
    made = Made().load("baseline")
    made.clock.advance(60.0)
    made.load("window-1", **SLOW)
    end = made.events[-1].since_start
    made.history.record(raw("witness", place="door", begin=end - 10.0, end=end, stood=10.0 * stood, busy=1.0))
    made.clock.advance(20.0)
    made.history.record(raw("witness", place="door", begin=end, end=end + 19.0, stood=0.0, busy=1.0))
    made.load("window-2")
    found = performance.check(made.events, phase="window-1", again=["window-2"], within=0.0)
    assert found.outcome is outcome, found
    assert "later than 0 s" in found.reason
    assert found.stalled == ("; before: the machine stood still for " in found.reason) == (stood > 0)


def test_a_window_after_the_one_that_came_too_late_changes_nothing() -> None:
    assert recovery(SLOW, {}, SLOW, within=1.0).reason == recovery(SLOW, {}, within=1.0).reason
    assert recovery(SLOW, {}, {}, within=1.0).outcome is Outcome.FAIL


def test_failures_that_stop_let_performance_recover_and_are_told() -> None:
    verdict = recovery({"ok": 490, "failed": 10}, {})
    assert verdict
    assert "at first: 2 % of 500 requests failed, 0 % in the baseline" in verdict.reason


def test_failures_that_go_on_fail() -> None:
    assert recovery(SLOW, {"ok": 490, "failed": 10}).outcome is Outcome.FAIL


@pytest.mark.parametrize(
    ("windows", "outcome"),
    [((LATE, {}), Outcome.PASS), ((SLOW, LATE), Outcome.UNKNOWN), ((LATE, SLOW), Outcome.FAIL)],
)
def test_where_no_window_is_good_the_last_one_decides(windows: tuple[dict[str, Any], ...], outcome: Outcome) -> None:
    assert recovery(*windows).outcome is outcome


def test_a_good_window_of_which_nobody_knows_when_it_was_is_unknown() -> None:
    assert recovery(SLOW, {"began": None}).outcome is Outcome.UNKNOWN


def test_a_further_window_without_a_measurement_is_unknown() -> None:
    made = Made().load("baseline").load("rolled-back", **SLOW)
    found = performance.check(made.events, phase="rolled-back", again=["rolled-back-window-2"], within=30.0)
    assert found.outcome is Outcome.UNKNOWN


def test_the_verdict_rests_on_every_window_that_was_looked_at() -> None:
    assert recovery(SLOW, SLOW, {}).evidence == (0, 1, 2, 3)


# -- the control beside it ---------------------------------------------------------------------------------------------


def compared(control: float) -> Verdict:
    """A subject that is 30 times slower than in the baseline; its control so many times."""
    arms = Arms(slower=30.0 / control, machine=control, rate=50.0)
    made = arms.events
    quantiles = {"baseline": (0.005, 0.008), "rolled-back": (0.15, 0.24)}
    events = tuple(
        event
        if event.kind != "workload"
        else event.with_body(
            msgspec.structs.replace(
                event.body, intended=1500, sent=1500, ok=1500, p50=quantiles[str(event.phase)][0],
                p95=quantiles[str(event.phase)][1], lateness_p95=0.0,
            )
        )
        for event in made
    )  # fmt: skip
    return performance.check(events, phase="rolled-back", samples=arms.samples)


def test_what_slows_the_untouched_control_as_well_is_no_verdict_on_the_release() -> None:
    assert compared(1.0).outcome is Outcome.FAIL
    verdict = compared(30.0)
    assert verdict.outcome is Outcome.UNKNOWN
    assert "the untouched control was slower as well (p50 1" in verdict.reason
