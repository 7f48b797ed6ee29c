"""A server process that ends and comes back behind a supervisor does not pass."""

from __future__ import annotations

from harness.checks import restarts
from harness.verdict import Outcome
from suites.selftest.checks.builder import Made
from suites.selftest.checks.processes import REPLICA, Row, look, row, unchanged
from suites.selftest.checks.witnessed import witness


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


def loop(
    times: int, *, name: str = "python3", before: str | None = None, parent: int = 1, serving: bool = False
) -> Made:
    """A single process that is started again so often; the baseline had it, or another one, for ten seconds."""
    made = unchanged(look(Made(), "baseline", row(7, 5.0, before or name, parent)), "baseline", 10)
    for n in range(times + 1):
        look(made, "deployed", row(20 + n, 50.0 + n, name, parent), serving=[20 + n] if serving else None)
    return made


def test_what_does_not_serve_may_be_started_again_once() -> None:
    assert judge(loop(1))[0] is Outcome.PASS
    assert judge(loop(2))[0] is Outcome.FAIL


def test_what_does_not_serve_and_was_not_calm_before_is_no_server() -> None:
    assert judge(loop(3, before="other"))[0] is Outcome.PASS, "it was not there"
    made = look(look(Made(), "baseline", row(7, 5.0)), "baseline", row(8, 6.0))
    for n in range(4):
        look(made, "deployed", row(20 + n, 50.0 + n))
    assert judge(made)[0] is Outcome.PASS, "it did not stand still there either"
    unknown = Made()
    for n in range(4):
        look(unknown, "deployed", row(20 + n, 50.0 + n))
    assert judge(unknown)[0] is Outcome.PASS, "nobody looked"


def test_a_server_settles_within_two_seconds() -> None:
    def after(seconds: float) -> Outcome:
        made = calm(row(7, 5.0))
        look(made, "deployed", row(9, 50.0), serving=[9])
        made.clock.advance(seconds - 1.0)
        look(made, "deployed", row(10, 51.0), serving=[10])
        return judge(made)[0]

    assert after(restarts.SETTLED) is Outcome.PASS
    assert after(restarts.SETTLED + 0.25) is Outcome.FAIL


def pool(size: int, times: int, *, before: int = 0, longer: int = 1, name: str = "python3") -> Outcome:
    """A pool in which one worker after the other is replaced so often; in the baseline, too."""
    made = Made()
    for phase, many, waits in (("baseline", before, 1), ("deployed", times, longer)):
        first = 100 if phase == "baseline" else 200
        for n in range(13):
            number = min(n, many)
            look(made, phase, *(row(first + number + k, 50.0, name) for k in range(size)))
            made.clock.advance(waits - 1.0)
    return judge(made)[0]


def test_a_pool_may_replace_two_workers_more_than_in_the_baseline_in_proportion_to_the_time() -> None:
    assert (pool(2, 2), pool(2, 3)) == (Outcome.PASS, Outcome.FAIL)
    assert (pool(2, 4, before=2), pool(2, 5, before=2)) == (Outcome.PASS, Outcome.FAIL)
    assert (pool(2, 6, longer=3), pool(2, 7, longer=3)) == (Outcome.PASS, Outcome.FAIL)
    assert pool(2, 9, name="sleep") is Outcome.PASS, "tools are no pool"


def test_processes_of_which_the_baseline_had_one_or_none_are_no_pool() -> None:
    made = calm(row(7, 5.0))
    for n in range(6):
        look(made, "deployed", row(20 + n, 50.0), row(21 + n, 50.0))
    assert judge(made)[0] is Outcome.PASS
    unknown = Made()
    for n in range(6):
        look(unknown, "deployed", row(20 + n, 50.0), row(21 + n, 50.0))
    assert judge(unknown)[0] is Outcome.PASS


def test_a_restart_rests_on_the_first_look_and_on_those_that_saw_one() -> None:
    made = calm(row(7, 5.0))
    unchanged(look(made, "deployed", row(9, 50.0), serving=[9]), "deployed", 3)
    look(made, "deployed", row(10, 54.0))
    found = restarts.check(made.events, phase="deployed", replicas=[REPLICA])
    assert found.evidence == (5, 9)


def test_one_replica_that_was_not_looked_at_hides_no_other() -> None:
    found = restarts.check(loop(3).events, phase="deployed", replicas=["backend-9", REPLICA])
    assert found.outcome is Outcome.FAIL
    nobody = restarts.check(Made().events, phase="deployed")
    assert (nobody.outcome, nobody.reason) == (Outcome.UNKNOWN, "no replica's processes were to be looked at")


def test_a_replica_that_could_not_be_asked_on_a_machine_that_stood_still_may_be_asked_another_time() -> None:
    for share, stalled in ((0.6, True), (0.0, False)):
        made = witness(Made(), share)
        made.clock.advance(50.0)
        for _ in range(3):
            made.inside("deployed", REPLICA, error="no answer")
        found = restarts.check(made.events, phase="deployed", replicas=["backend-9", REPLICA])
        assert (found.outcome, found.stalled) == (Outcome.UNKNOWN, stalled)
    elsewhere = witness(Made(), 0.6, seconds=20)
    witness(elsewhere, 0.0, first=20)
    elsewhere.inside("baseline", REPLICA)
    elsewhere.clock.advance(50.0)
    for _ in range(3):
        elsewhere.inside("deployed", REPLICA, error="no answer")
    assert not restarts.check(elsewhere.events, phase="deployed", replicas=[REPLICA]).stalled


def test_a_role_that_the_baseline_had_once_and_thrice_is_no_pool() -> None:
    made = unchanged(look(Made(), "baseline", row(20, 5.0)), "baseline", 9)
    look(made, "baseline", *(row(20 + n, 5.0 + n) for n in range(3)))
    for n in range(12):
        look(made, "deployed", row(50, 50.0), row(51, 50.0), row(60 + n, 51.0 + n))
    assert judge(made)[0] is Outcome.PASS


def test_after_a_baseline_of_a_second_a_phase_of_five_may_replace_five_times_as_many() -> None:
    pool = [row(20 + n, 5.0) for n in range(3)]
    for replaced, outcome in ((10, Outcome.PASS), (11, Outcome.FAIL)):
        made = look(Made(), "baseline", *pool, row(23, 5.0), serving=[20, 21, 22, 23])
        unchanged(made, "baseline", 1)
        for n in range(replaced + 1):
            look(made, "deployed", *pool, row(60 + n, 50.0 + n))
            made.clock.advance(5.0 / replaced - 1.0)
        assert judge(made)[0] is outcome, replaced


def test_a_phase_in_which_no_process_began_rests_on_the_look_before_it_that_told_all() -> None:
    made = look(calm(row(7, 5.0)), "start", row(9, 50.0))
    told = len(made.events) - 1
    unchanged(made, "deployed", 3)
    found = restarts.check(made.events, phase="deployed", replicas=[REPLICA])
    assert (found.outcome, found.evidence) == (Outcome.PASS, (told, told + 1, told + 2, told + 3))
