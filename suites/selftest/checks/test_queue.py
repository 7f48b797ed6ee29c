from harness.checks import queue
from harness.verdict import Outcome, Verdict
from suites.selftest.checks.builder import Made


def judge(made: Made, within: float = 5.0) -> Verdict:
    return queue.check(made.events, phase="rolled-back", within=within, slack=2.0)


def test_a_queue_that_drains_passes() -> None:
    verdict = judge(Made().queue("baseline", 0, 3).queue("rolled-back", 80, 40, 4))
    assert verdict
    assert verdict.reason == "the queue is back at its level (4 jobs) after 2.0 s"


def test_a_queue_that_stays_full_fails() -> None:
    verdict = judge(Made().queue("baseline", 0).queue("rolled-back", *[80] * 7))
    assert verdict.outcome is Outcome.FAIL
    assert verdict.reason == "the queue still holds 80 jobs after 6.0 s (level before: 2)"


def test_a_queue_that_drains_too_late_fails() -> None:
    assert "took 6.0 s to drain" in judge(Made().queue("baseline", 0).queue("rolled-back", *[80] * 6, 0)).reason


def test_a_queue_that_fills_again_fails() -> None:
    assert "filled again" in judge(Made().queue("baseline", 0).queue("rolled-back", 80, 0, 90)).reason


def test_a_queue_that_was_not_watched_long_enough_is_unknown() -> None:
    verdict = judge(Made().queue("baseline", 0).queue("rolled-back", 80, 70))
    assert verdict.outcome is Outcome.UNKNOWN
    assert "watched for 1.0 s of 5 s" in verdict.reason


def test_a_queue_without_a_baseline_is_unknown() -> None:
    assert judge(Made().queue("rolled-back", 0)).outcome is Outcome.UNKNOWN


def test_a_queue_that_could_not_be_asked_at_the_last_look_is_unknown() -> None:
    verdict = judge(Made().queue("baseline", 0).queue("rolled-back", 0, None))
    assert verdict.outcome is Outcome.UNKNOWN
    assert "connection refused" in verdict.reason
