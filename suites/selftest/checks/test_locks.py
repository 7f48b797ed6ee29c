"""Whoever waits for a lock while the deployer works is not served."""

from typing import Any

from harness.checks import locks
from harness.events import LockWait
from harness.verdict import Outcome, Verdict
from suites.selftest.checks.builder import Made
from suites.selftest.checks.witnessed import witness

NONE: dict[str, Any] = {"sessions": 0, "longest": 0.0, "waits": None, "holder": None}
HELD: dict[str, Any] = {"sessions": 18, "longest": 3.6, "waits": "INSERT INTO resumes", "holder": "LOCK TABLE resumes"}


def looked(*waits: dict[str, Any] | None, before: dict[str, Any] = NONE, phase: str = "deploy") -> Made:
    made = Made().add("probe.postgres", "baseline", replica="database-1", error=None, lock_wait=before)
    for wait in waits:
        said = {"error": None, "lock_wait": wait} if wait is not None else {"error": "no answer within 0.7 s"}
        made.add("probe.postgres", phase, replica="database-1", **said)
    return made


def judged(made: Made, **parameters: Any) -> Verdict:
    return locks.check(made.events, phase="deploy", **parameters)


def test_a_statement_that_waits_for_the_migration_fails_with_both_statements() -> None:
    found = judged(looked(NONE, {**HELD, "longest": 2.6}, HELD, NONE))
    assert found.outcome is Outcome.FAIL
    assert "18 sessions of database-1 waited for a lock, one for 3.6 s or longer, more than 1 s" in found.reason
    assert "waiting: INSERT INTO resumes; held by: LOCK TABLE resumes" in found.reason


def test_short_waits_pass_and_the_reason_tells_how_often_was_looked() -> None:
    found = judged(looked(NONE, {**HELD, "longest": 0.4}, NONE))
    assert found.outcome is Outcome.PASS
    assert "longer than 1 s in 3 looks" in found.reason


def test_what_the_baseline_had_may_come_again_and_no_more() -> None:
    usual = {**HELD, "longest": 3.0}
    assert judged(looked({**HELD, "longest": 2.9}, before=usual)).outcome is Outcome.PASS
    assert judged(looked({**HELD, "longest": 3.1}, before=usual)).outcome is Outcome.FAIL


def test_the_limit_can_be_declared() -> None:
    assert judged(looked(HELD), longest=5.0).outcome is Outcome.PASS


def test_a_server_that_told_before_and_does_not_now_is_unknown() -> None:
    found = judged(looked(None, None))
    assert found.outcome is Outcome.UNKNOWN
    assert "database-1 did not tell who waits for locks: no answer within 0.7 s" in found.reason


def test_a_wait_that_was_seen_fails_whatever_was_not() -> None:
    assert judged(looked(None, None, None, None, None, None, None, HELD)).outcome is Outcome.FAIL


def test_too_long_without_an_answer_is_unknown() -> None:
    found = judged(looked(NONE, *[None] * 6, NONE))
    assert found.outcome is Outcome.UNKNOWN
    assert "for 7.0 s" in found.reason


def test_servers_that_know_no_locks_are_no_evidence() -> None:
    made = Made().add("probe.redis", "baseline", replica="cache-1", error=None)
    made.add("probe.redis", "deploy", replica="cache-1", error=None)
    assert judged(made).outcome is Outcome.UNKNOWN
    told = looked(NONE).add("probe.redis", "deploy", replica="cache-1", error=None)
    assert judged(told).outcome is Outcome.PASS


def test_what_happens_in_another_phase_is_not_judged() -> None:
    made = looked(NONE).add("probe.postgres", "deployed", replica="database-1", error=None, lock_wait=HELD)
    assert judged(made).outcome is Outcome.PASS


def test_a_machine_that_stood_still_proves_nothing() -> None:
    made = looked(NONE, HELD)
    assert judged(witness(made, 0.9, seconds=4)).outcome is Outcome.UNKNOWN


def test_a_wait_without_statements_is_told_without_them() -> None:
    found = judged(looked({"sessions": 1, "longest": 9.0}))
    assert found.reason.endswith("more than 1 s")
    assert LockWait().longest == 0.0
