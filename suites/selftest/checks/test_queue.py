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


def test_a_short_queue_whose_oldest_job_grows_old_fails() -> None:
    made = Made().queue("baseline", 0, 3, ages=[0.0, 0.4])
    made.queue("rolled-back", *[2] * 8, ages=[float(age) for age in range(60, 68)])
    verdict = judge(made)
    assert verdict.outcome is Outcome.FAIL
    assert verdict.reason == "the oldest job has waited for 67.0 s (before: 2.4 s)"


def test_an_age_that_came_back_passes() -> None:
    made = Made().queue("baseline", 0, 3, ages=[0.0, 0.4]).queue("rolled-back", 80, 4, ages=[31.0, 2.4])
    assert judge(made)


def test_an_old_job_that_was_not_watched_long_enough_is_unknown() -> None:
    verdict = judge(Made().queue("baseline", 0, ages=[0.0]).queue("rolled-back", 2, 2, ages=[9.0, 9.0]))
    assert verdict.outcome is Outcome.UNKNOWN
    assert verdict.reason == "the oldest job has waited for 9.0 s (before: 2.0 s), and was watched for 1.0 s of 5 s"


def test_an_age_that_was_known_and_is_not_any_more_is_unknown() -> None:
    verdict = judge(Made().queue("baseline", 0, ages=[0.0]).queue("rolled-back", 2, ages=[None]))
    assert verdict.outcome is Outcome.UNKNOWN
    assert "the age of the oldest job is not known at the last look" in verdict.reason


def test_an_age_that_was_never_told_is_not_asked_for() -> None:
    assert judge(Made().queue("baseline", 0).queue("rolled-back", 2, ages=[900.0]))


def test_a_queue_that_was_not_asked_and_one_that_could_not_be_are_told_apart() -> None:
    assert judge(Made().queue("baseline", 0)).reason == "the queue was not asked"
    silent = Made().queue("baseline", 0).queue("rolled-back", None, None)
    silent.add("probe.queue", "rolled-back", depth=None, error="no route to host")
    assert judge(silent).reason.startswith("the queue could not be asked: no route to host")


def test_the_time_that_it_may_take_is_included() -> None:
    assert judge(Made().queue("baseline", 0).queue("rolled-back", *[80] * 5, 0), within=5.0)
    stays = judge(Made().queue("baseline", 0).queue("rolled-back", *[80] * 6), within=5.0)
    assert stays.outcome is Outcome.FAIL, "it was watched for all of the time"
    old = Made().queue("baseline", 0, ages=[0.0]).queue("rolled-back", *[2] * 6, ages=[9.0] * 6)
    assert judge(old, within=5.0).outcome is Outcome.FAIL


def test_five_jobs_more_than_before_are_normal_and_six_are_not() -> None:
    for depth, outcome in ((8, Outcome.PASS), (9, Outcome.FAIL)):
        made = Made().queue("baseline", 3).queue("rolled-back", *[depth] * 7)
        assert queue.check(made.events, phase="rolled-back", within=5.0).outcome is outcome


def test_what_is_not_known_of_a_queue_says_how_much_is() -> None:
    reason = judge(Made().queue("baseline", 0).queue("rolled-back", 80, 70)).reason
    assert reason == "the queue holds 70 jobs (level before: 2), and was watched for 1.0 s of 5 s"


def test_the_evidence_of_a_pass_has_the_baseline_and_all_looks() -> None:
    assert judge(Made().queue("baseline", 0, 3).queue("rolled-back", 80, 4)).evidence == (0, 1, 2, 3)


def test_a_failure_rests_on_the_look_that_shows_it() -> None:
    full = judge(Made().queue("baseline", 0).queue("rolled-back", *[80] * 7))
    again = judge(Made().queue("baseline", 0).queue("rolled-back", 80, 0, 90))
    late = judge(Made().queue("baseline", 0).queue("rolled-back", *[80] * 6, 0, 0))
    old = judge(Made().queue("baseline", 0, ages=[0.0]).queue("rolled-back", *[2] * 6, ages=[9.0] * 6))
    assert [found.evidence for found in (full, again, late, old)] == [(7,), (3,), (7,), (6,)]


def test_why_a_queue_could_not_be_asked_is_what_was_said_last() -> None:
    made = Made().queue("baseline", 0)
    for error in ("gone", "no such queue"):
        made.add("probe.queue", "rolled-back", depth=None, error=error)
    assert judge(made).reason.startswith("the queue could not be asked: no such queue")
    made = Made().queue("baseline", 0).queue("rolled-back", 3)
    for error in ("gone", "no such queue"):
        made.add("probe.queue", "rolled-back", depth=None, error=error)
    assert judge(made).reason.startswith("the queue could not be asked at the last look: no such queue")
    silent = Made().queue("baseline", 0).add("probe.queue", "rolled-back", depth=None, error=None)
    assert judge(silent).reason == "the queue could not be asked"
    aged = Made().queue("baseline", 0, ages=[0.0])
    aged.add("probe.queue", "rolled-back", depth=2, age=None, error="no heads")
    assert judge(aged).reason.endswith("not known at the last look: no heads")
