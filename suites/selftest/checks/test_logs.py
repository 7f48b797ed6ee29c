from typing import Any

import pytest

from harness.checks import logs
from harness.checks.logs import ExpectedLog
from harness.verdict import Outcome, Verdict
from suites.selftest.checks.builder import LOG, Made

EXPECTED = ExpectedLog("backend-1", LOG, max_silence=2.0)


def judge(made: Made, *, carries_release: bool = True) -> Verdict:
    expected = ExpectedLog("backend-1", LOG, 2.0, carries_release)
    return logs.check(made.events, phase="deployed", release="4.1.1", logs=[expected])


def seen(**data: Any) -> Verdict:
    return judge(Made().load("deployed").log("deployed", **data))


def test_a_log_that_advances_passes() -> None:
    assert seen()


def test_a_silent_log_fails_and_says_that_traffic_ran() -> None:
    verdict = seen(records=0, by_release={}, silence=4.0)
    assert verdict.outcome is Outcome.FAIL
    assert (
        verdict.reason
        == f"{LOG} on backend-1 is silent: no record in 4.0 s while the workload had 500 requests answered"
    )


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("missing", "is missing"),
        ("deleted", "was deleted"),
        ("replaced", "was replaced by another file, and nothing was written to that one"),
        ("truncated", "was truncated, and nothing was written since"),
    ],
)
def test_what_became_of_a_log_is_told_in_words(state: str, words: str) -> None:
    verdict = seen(state=state, records=0, by_release={})
    assert verdict.outcome is Outcome.FAIL
    assert words in verdict.reason


def test_a_rotated_log_that_advances_passes() -> None:
    assert seen(state="replaced")


def test_a_silence_longer_than_allowed_fails_although_records_came() -> None:
    verdict = seen(silence=3.1)
    assert verdict.outcome is Outcome.FAIL
    assert "was silent for 3.1 s, longer than 2 s" in verdict.reason


def test_records_of_another_release_fail() -> None:
    verdict = seen(by_release={"4.1.1": 39, "4.1.0": 1})
    assert verdict.outcome is Outcome.FAIL
    assert "has 1 record of 4.1.0, where 4.1.1 should write" in verdict.reason


def test_records_that_name_no_release_fail_where_they_should() -> None:
    assert "2 records that name no release" in seen(by_release={"4.1.1": 38, "": 2}).reason
    assert judge(Made().load("deployed").log("deployed", by_release={}), carries_release=False)


def test_error_lines_fail_and_the_first_is_quoted() -> None:
    verdict = seen(errors=2, error_lines=["ERROR no such table", "ERROR again"])
    assert verdict.outcome is Outcome.FAIL
    assert "2 error lines: ERROR no such table" in verdict.reason


def test_records_that_cannot_be_parsed_fail() -> None:
    assert "1 record that cannot be parsed" in seen(unparsed=1).reason


def test_a_log_that_could_not_be_read_is_unknown() -> None:
    verdict = seen(state=None, records=0, by_release={}, error="backend-1 is gone")
    assert verdict.outcome is Outcome.UNKNOWN
    assert "backend-1 is gone" in verdict.reason


def test_a_silent_log_without_traffic_is_unknown() -> None:
    made = Made().load("deployed", ok=0).log("deployed", records=0, by_release={})
    assert judge(made).outcome is Outcome.UNKNOWN
    assert judge(Made().log("deployed", records=0, by_release={})).outcome is Outcome.UNKNOWN


def test_traffic_on_another_replica_is_no_traffic_where_it_is_known_who_served() -> None:
    made = Made().load("deployed", served_by={"backend-2": 500}).log("deployed", records=0, by_release={})
    assert judge(made).outcome is Outcome.UNKNOWN
    made = Made().load("deployed", served_by={"backend-1": 7}).log("deployed", records=0, by_release={})
    assert "while it answered 7 requests" in judge(made).reason


def test_a_look_shorter_than_the_silence_allowed_is_unknown() -> None:
    assert seen(records=0, by_release={}, seconds=1.0, silence=1.0).outcome is Outcome.UNKNOWN


def test_a_log_that_was_not_watched_is_unknown() -> None:
    assert judge(Made().load("deployed").log("deployed", "backend-2")).outcome is Outcome.UNKNOWN


def test_a_verdict_claims_only_what_was_looked_at() -> None:
    assert "1 log advanced, with records of 4.1.1 and no errors" in seen().reason
    plain = judge(Made().load("deployed").log("deployed", by_release={}), carries_release=False)
    assert "1 log advanced, with records that do not tell their release and no errors" in plain.reason
    some = judge(Made().load("deployed").log("deployed", by_release={"4.1.1": 9, "": 3}), carries_release=False)
    assert "with records of 4.1.1 or of no release that they tell and no errors" in some.reason
