"""A server process that ends and comes back behind a supervisor does not pass."""

from __future__ import annotations

from harness.checks import restarts
from harness.verdict import Outcome
from suites.selftest.checks.builder import Made
from suites.selftest.checks.processes import REPLICA, Row, look, row, unchanged


def judge(made: Made) -> tuple[Outcome, str]:
    found = restarts.check(made.events, phase="deployed", replicas=[REPLICA])
    return found.outcome, found.reason


def calm(*rows: Row) -> Made:
    """A baseline in which nothing was started again."""
    made = look(Made(), "baseline", *rows, serving=[one[0] for one in rows])
    return unchanged(made, "baseline", 4)


def test_processes_that_stay_pass() -> None:
    made = calm(row(7, 5.0))
    unchanged(look(made, "deployed", row(9, 50.0)), "deployed", 3)
    assert judge(made) == (Outcome.PASS, "no server process of 1 replica was started again")


def test_a_crash_loop_behind_a_supervisor_fails_and_is_counted() -> None:
    made = calm(row(7, 5.0))
    for n in range(4):
        look(made, "deployed", row(20 + n, 50.0 + n))
    outcome, reason = judge(made)
    assert outcome is Outcome.FAIL
    assert reason == "python3 of backend-1 was started again 3 times in 3 s, and nothing was deployed"


def test_a_loop_that_is_down_between_its_starts_is_counted_as_well() -> None:
    made = calm(row(7, 5.0))
    for n in range(3):
        look(made, "deployed", row(20 + n, 50.0 + n))
        look(made, "deployed")
    assert "was started again 2 times" in judge(made)[1]


def test_one_restart_of_what_serves_fails_once_the_phase_has_settled() -> None:
    made = calm(row(7, 5.0))
    unchanged(look(made, "deployed", row(9, 50.0), serving=[9]), "deployed", 3)
    look(made, "deployed", row(10, 54.0))
    assert judge(made)[0] is Outcome.FAIL


def test_the_deployers_last_restart_at_the_beginning_of_a_phase_is_no_crash() -> None:
    made = calm(row(7, 5.0))
    look(made, "deployed", row(9, 50.0), serving=[9])
    unchanged(look(made, "deployed", row(10, 51.0), serving=[10]), "deployed", 3)
    assert judge(made)[0] is Outcome.PASS


def test_a_pool_that_recycles_its_workers_as_in_the_baseline_passes() -> None:
    made = Made()
    for phase, first in (("baseline", 20), ("deployed", 60)):
        for n in range(4):
            look(made, phase, *(row(first + n + k, 1.0 * n + k, parent=1) for k in range(3)))
    assert judge(made)[0] is Outcome.PASS


def test_one_worker_of_a_pool_that_crashes_again_and_again_fails() -> None:
    pool = [row(20 + n, 5.0) for n in range(3)]
    made = calm(*pool, row(23, 5.0))
    for n in range(5):
        look(made, "deployed", *pool, row(60 + n, 50.0 + n))
    outcome, reason = judge(made)
    assert outcome is Outcome.FAIL
    assert "python3 of backend-1 was started again 4 times" in reason


def test_helpers_that_a_server_begins_beside_itself_are_no_restarts() -> None:
    made = calm(row(7, 5.0))
    for n in range(5):
        look(made, "deployed", row(9, 50.0), row(60 + n, 50.0 + n), serving=[9])
    assert judge(made)[0] is Outcome.PASS


def test_a_tool_in_a_loop_is_no_server() -> None:
    made = look(Made(), "baseline", row(7, 5.0, "sleep"))
    unchanged(made, "baseline", 3)
    for n in range(5):
        look(made, "deployed", row(60 + n, 50.0 + n, "sleep"))
    assert judge(made)[0] is Outcome.PASS


def test_a_single_look_tells_nothing() -> None:
    made = look(calm(row(7, 5.0)), "deployed", row(9, 50.0))
    assert judge(made)[0] is Outcome.UNKNOWN


def test_two_restarts_at_the_beginning_are_more_than_the_deployers_last_act() -> None:
    made = calm(row(7, 5.0))
    for n in range(3):
        look(made, "deployed", row(9 + n, 50.0 + n), serving=[9 + n])
    assert "was started again 2 times in 2 s" in judge(made)[1]


def test_helpers_beside_a_pool_are_no_restarts_of_it() -> None:
    pool = [row(20 + n, 5.0) for n in range(3)]
    made = calm(*pool)
    for n in range(6):
        look(made, "deployed", *pool, row(60 + n, 50.0 + n))
    assert judge(made)[0] is Outcome.PASS


def test_a_pool_may_recycle_more_of_its_workers_in_a_longer_phase() -> None:
    pool = [row(20 + n, 5.0) for n in range(3)]
    made = calm(*pool, row(23, 5.0))
    for n in range(4):
        unchanged(look(made, "deployed", *pool, row(60 + n, 50.0 + n)), "deployed", 9)
    assert judge(made)[0] is Outcome.PASS
