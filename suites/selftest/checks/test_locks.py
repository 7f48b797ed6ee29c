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


def test_a_wait_rests_on_the_look_that_saw_the_longest_and_on_how_many_waited_at_most() -> None:
    few = {**HELD, "sessions": 2}
    found = judged(looked(NONE, {**HELD, "longest": 2.6}, few, NONE))
    assert found.reason.startswith("18 sessions of database-1 waited for a lock, one for 3.6 s")
    assert found.evidence == (3,)


def test_the_limits_are_included() -> None:
    assert judged(looked({**HELD, "longest": 1.0}))
    assert judged(looked({**HELD, "longest": 1.01})).outcome is Outcome.FAIL
    assert judged(looked({**HELD, "longest": 0.5}, before=NONE), longest=0.5)
    assert judged(looked({**HELD, "longest": 0.6}, before=NONE), longest=0.5).outcome is Outcome.FAIL
    assert judged(looked(NONE, *[None] * 4, NONE)), "five seconds"


def test_servers_are_told_apart_and_their_looks_are_counted_together() -> None:
    made = Made()
    for server in ("one", "two"):
        for phase in ("baseline", "deploy", "deploy"):
            made.add("probe.postgres", phase, replica="database-1", server=server, error=None, lock_wait=NONE)
    found = judged(made)
    assert found.reason.endswith("in 4 looks")
    assert found.evidence == (0, 1, 2, 3, 4, 5)
    made.add("probe.postgres", "deploy", replica="database-1", server="two", error=None, lock_wait=HELD)
    assert "18 sessions of database-1 two waited" in judged(made).reason


def test_a_server_without_a_baseline_is_judged_by_the_limit_alone() -> None:
    made = Made().add("probe.postgres", "deploy", replica="database-1", error=None, lock_wait=NONE)
    assert judged(made)
    assert judged(Made()).reason == "no server told of locks in the phase deploy"
    silent = judged(looked(None, None))
    assert silent.reason == "database-1 did not tell who waits for locks: no answer within 0.7 s"


def test_why_a_server_did_not_tell_is_what_it_said_last() -> None:
    made = looked(None).add("probe.postgres", "deploy", replica="database-1", error="no such user")
    assert judged(made).reason.endswith("did not tell who waits for locks: no such user")
    silent = looked().add("probe.postgres", "deploy", replica="database-1", error=None)
    assert judged(silent).reason.endswith("did not tell who waits for locks: no reason given")


def test_a_wait_is_explained_by_a_stall_while_it_lasted() -> None:
    """It was seen at second 2, and lasted for 3.6 s; a stall explains four times its length beyond the limit."""

    def stood(share: float, first: int, seconds: int, longest: float = 3.6) -> Outcome:
        made = Made()
        made.clock.advance(100.0)
        made.add("probe.postgres", "deploy", replica="database-1", error=None, lock_wait={**HELD, "longest": longest})
        return judged(witness(witness(made, 0.0), share, first=first, seconds=seconds)).outcome

    assert stood(0.9, 98, 2) is Outcome.UNKNOWN
    assert stood(0.9, 90, 5) is Outcome.FAIL, "before"
    assert stood(0.9, 101, 5) is Outcome.FAIL, "after"
    assert stood(0.77, 95, 3, 10.0) is Outcome.UNKNOWN, "2.3 s explain 9.2 s of 10 s, of which 1 s is allowed"
    assert stood(0.73, 95, 3, 10.0) is Outcome.FAIL


def test_a_long_statement_is_cut() -> None:
    for many, said in ((locks.WORDS, "a" * locks.WORDS), (locks.WORDS + 1, "a" * locks.WORDS + "...")):
        found = judged(looked({**HELD, "waits": "a" * many, "holder": " b\n c "}))
        assert found.reason.endswith(f"(waiting: {said}; held by: b c)")
