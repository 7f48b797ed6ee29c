from typing import Any

from harness.checks import performance
from harness.verdict import Outcome, Verdict
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
