"""What fails only between two releases is told by the logs of that time."""

from typing import Any

from harness.checks import log_errors
from harness.checks.logs import ExpectedLog
from harness.verdict import Outcome, Verdict
from suites.selftest.checks.builder import LOG, REPLICAS, Made
from suites.selftest.checks.witnessed import witness

LOGS = [ExpectedLog(replica, LOG, max_silence=2.0) for replica in REPLICAS]
UNDEFINED = 'ERROR job failed\npsycopg.errors.UndefinedColumn: column "resumed_by" does not exist'


def errors(count: int, name: str = "job failed", example: str = UNDEFINED) -> dict[str, Any]:
    return {"errors": count, "error_kinds": [{"name": name, "count": count, "example": example}]}


def made(before: dict[str, Any] | None = None, **now: dict[str, Any]) -> Made:
    """A baseline and a rollback; what the log of a replica (`backend_2`) got in them beside sound records."""
    history = Made()
    for replica in REPLICAS:
        history.log("baseline", replica, **(before or {}))
    for replica in REPLICAS:
        history.log("rollback", replica, **now.get(replica.replace("-", "_"), {}))
    return history


def judged(history: Made, **parameters: Any) -> Verdict:
    return log_errors.check(history.events, phase="rollback", logs=LOGS, **parameters)


def test_jobs_that_fail_again_and_again_while_the_rollback_goes_on_fail_it_in_their_own_words() -> None:
    found = judged(made(backend_3=errors(28)))
    assert found.outcome is Outcome.FAIL
    assert f"{LOG} on backend-3 got 28 error lines of 1 kind that baseline did not have" in found.reason
    assert 'UndefinedColumn: column "resumed_by" does not exist' in found.reason


def test_a_few_that_come_of_ending_and_starting_pass_and_are_told() -> None:
    found = judged(made(backend_1=errors(3), backend_2=errors(2)))
    assert found.outcome is Outcome.PASS
    assert "but for 5 records, which may come of ending and starting" in found.reason


def test_one_more_than_a_few_fails_and_how_many_that_are_can_be_declared() -> None:
    assert judged(made(backend_1=errors(4))).outcome is Outcome.FAIL
    assert judged(made(backend_1=errors(4)), few=4).outcome is Outcome.PASS


def test_a_log_that_was_emptied_without_a_copy_fails_and_one_of_which_only_the_end_is_lost_does_not() -> None:
    def emptied(*, gone: bool) -> dict[str, Any]:
        lost = [{"what": "what came last is lost", "offset": 5120, "gone": gone}]
        return {"state": "truncated", "changes": [{"what": "truncated"}], "losses": lost}

    found = judged(made(backend_2=emptied(gone=True)))
    assert found.outcome is Outcome.FAIL
    assert (
        f"{LOG} on backend-2 was emptied: 5120 bytes of records are gone, and there is no copy of them" in found.reason
    )
    assert judged(made(backend_2=emptied(gone=False))).outcome is Outcome.UNKNOWN


def test_many_kinds_of_a_few_each_are_many() -> None:
    kinds = [{"name": f"{word} failed", "count": 1, "example": word} for word in ("mail", "job", "hook", "page")]
    found = judged(made(backend_1={"errors": 4, "error_kinds": kinds}))
    assert found.outcome is Outcome.FAIL
    assert "4 error lines of 4 kinds" in found.reason


def test_a_kind_that_the_baseline_had_on_another_replica_is_no_finding() -> None:
    assert judged(made(errors(1), backend_3=errors(28))).outcome is Outcome.PASS


def test_a_log_that_was_not_watched_is_unknown() -> None:
    history = made()
    for phase, replicas in (("baseline", REPLICAS), ("rollback", ("backend-2",))):
        left = [one for one in history.events if one.phase != phase or one.data["replica"] not in replicas]
        found = log_errors.check(left, phase="rollback", logs=LOGS[1:2])
        assert found.outcome is Outcome.UNKNOWN
        assert f"{LOG} on backend-2 was not watched in {phase}" in found.reason


def test_what_could_not_be_read_is_unknown_unless_what_was_read_fails() -> None:
    for bad in (
        {"state": None, "error": "no shell"},
        {"unread_parts": ["backend.log.1 is compressed"]},
        {"state": "missing"},
    ):
        assert judged(made(backend_1=bad)).outcome is Outcome.UNKNOWN
        assert judged(made(backend_1={**bad, **errors(9)})).outcome is Outcome.FAIL


def test_errors_on_a_machine_that_stood_still_prove_nothing() -> None:
    assert judged(witness(made(backend_1=errors(9)), 0.9)).outcome is Outcome.UNKNOWN


def test_a_log_of_a_container_that_was_replaced_passes_where_its_reader_saw_another_file_only() -> None:
    seen = {"state": "replaced", "changes": [{"what": "replaced"}], "losses": [{"what": "the end of it is lost"}]}
    history = made(backend_1=seen)
    assert judged(history).outcome is Outcome.UNKNOWN
    history.add("replica.replace", "another", replica="backend-1")
    assert judged(history).outcome is Outcome.UNKNOWN
    history.add("replica.replace", "rollback", replica="backend-1")
    found = judged(history)
    assert found.outcome is Outcome.PASS
    assert "what 1 log of containers that were replaced got last is not known" in found.reason


def test_a_log_that_went_with_its_container_passes_and_the_pass_says_what_is_not_known() -> None:
    gone = {"state": "replaced", "changes": [{"what": "new container"}], "losses": [{"what": "the end of it is lost"}]}
    found = judged(made(backend_1=gone, backend_2=gone))
    assert found.outcome is Outcome.PASS
    assert "what 2 logs of containers that were replaced got last is not known" in found.reason
    assert judged(made(backend_1={**gone, **errors(9)})).outcome is Outcome.FAIL
    assert judged(made(backend_1={**gone, "changes": [{"what": "rotated"}]})).outcome is Outcome.UNKNOWN


def test_what_is_told_of_new_errors_rests_on_the_reports_that_have_them_and_begins_with_the_most_frequent() -> None:
    history = made(backend_1={"errors": 9, "error_kinds": [
        {"name": "a few", "count": 2, "example": "a few"}, {"name": "many more", "count": 7, "example": "many more"},
    ]})  # fmt: skip
    history.log("rollback", "backend-1")
    found = judged(history)
    assert found.reason == (
        f"{LOG} on backend-1 got 9 error lines of 2 kinds that baseline did not have, e.g. 7 x many more"
    )
    assert found.evidence == (3,)


def test_a_pass_rests_on_the_reports_of_both_phases_and_says_no_more_than_there_is_to_say() -> None:
    found = judged(made())
    assert found.reason == "3 logs got no errors of kinds that baseline did not have"
    assert found.evidence == (0, 1, 2, 3, 4, 5)
    nobody = log_errors.check(made().events, phase="rollback")
    assert (nobody.outcome, nobody.reason) == (Outcome.UNKNOWN, "no log was to be watched")


def test_one_log_that_was_not_watched_hides_no_other() -> None:
    history = made(backend_3=errors(28))
    left = [one for one in history.events if one.data["replica"] != "backend-1" or one.phase == "baseline"]
    assert log_errors.check(left, phase="rollback", logs=LOGS).outcome is Outcome.FAIL


def test_a_pass_tells_both_what_came_of_ending_and_what_is_not_known() -> None:
    gone = {"state": "replaced", "changes": [{"what": "new container"}]}
    assert judged(made(backend_1={**gone, **errors(1)})).reason == (
        "3 logs got no errors of kinds that baseline did not have, but for 1 record, which may come of ending and "
        "starting; what 1 log of containers that were replaced got last is not known"
    )


def test_why_a_log_could_not_be_read_is_told_with_its_name() -> None:
    def why(**report: Any) -> str:
        return judged(made(backend_1=report)).reason

    head = f"{LOG} on backend-1 could not be read completely: "
    assert why(error="no shell", losses=[{"what": "the end of it"}]) == head + "no shell"
    assert why(losses=[{"what": "the end of it"}]) == head + "the end of it"
    assert why(state="missing") == head + "its state is missing"
    assert why(state=None) == head + "its state is not known"
    silent = [ExpectedLog(replica, LOG, max_silence=2.0, may_be_silent=True) for replica in REPLICAS]
    events = made(backend_1={"state": "missing"}).events
    assert log_errors.check(events, phase="rollback", logs=silent)


def test_errors_are_excused_by_a_stall_however_short_the_report() -> None:
    def outcome(share: float) -> Outcome:
        history = witness(Made(), share)
        history.clock.advance(100.0)
        history.log("baseline", seconds=2.0).log("rollback", seconds=2.0, **errors(9))
        return log_errors.check(history.events, phase="rollback", logs=LOGS[:1]).outcome

    assert outcome(0.25) is Outcome.UNKNOWN
    assert outcome(0.15) is Outcome.FAIL
