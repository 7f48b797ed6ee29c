from typing import Any

from harness.checks import log_mix
from harness.checks.logs import ExpectedLog
from harness.verdict import Outcome, Verdict
from suites.selftest.checks.builder import LOG, Made
from suites.selftest.checks.witnessed import witness

EXPECTED = [ExpectedLog("backend-1", LOG, 2.0)]
USUAL = {"info: resume queued": 200, "info: resume done": 200, "info: cache miss for *": 40}


def held(made: Made, phase: str, kinds: dict[str, int], levels: dict[str, int] | None = None, **data: Any) -> Made:
    records = data.pop("records", sum(kinds.values()))
    return made.log(phase, kinds=kinds, levels=levels or {"info": sum(kinds.values())}, records=records, **data)


def judge(kinds: dict[str, int], levels: dict[str, int] | None = None, *, served: int = 200, **data: Any) -> Verdict:
    made = held(Made(), "baseline", USUAL).load("baseline", served_by={"backend-1": 200})
    made = held(made, "rolled-back", kinds, levels, **data).load("rolled-back", served_by={"backend-1": served})
    return log_mix.check(made.events, phase="rolled-back", logs=EXPECTED)


def test_the_same_mix_passes() -> None:
    verdict = judge({"info: resume queued": 190, "info: resume done": 205, "info: cache miss for *": 30})
    assert verdict.outcome is Outcome.PASS
    assert verdict.reason.startswith("1 log of 1 hold what they held in baseline")


def test_a_kind_that_came_with_the_requests_and_has_gone_fails_and_is_named() -> None:
    verdict = judge({"info: resume queued": 200, "info: resume done": 3})
    assert verdict.outcome is Outcome.FAIL
    assert verdict.reason == (
        f"{LOG} on backend-1 has 3 records of a kind that it had 200 times before: info: resume done"
    )


def test_a_kind_that_did_not_come_with_every_other_request_may_stay_away() -> None:
    assert judge({"info: resume queued": 200, "info: resume done": 200})


def test_a_kind_may_stay_away_where_too_few_were_to_come() -> None:
    made = held(Made(), "baseline", {"a": 20, "b": 20}).load("baseline", served_by={"backend-1": 60})
    made = held(made, "rolled-back", {"b": 7}).load("rolled-back", served_by={"backend-1": 22})
    assert log_mix.check(made.events, phase="rolled-back", logs=EXPECTED)


def test_a_level_that_appears_fails_with_what_it_says() -> None:
    kinds = {**USUAL, "debug: row * read": 200}
    verdict = judge(kinds, {"info": 440, "debug": 200})
    assert verdict.outcome is Outcome.FAIL
    assert "has 200 records of the level debug, which it did not have before: debug: row * read" in verdict.reason


def test_a_few_records_of_another_level_are_no_change() -> None:
    assert judge({**USUAL, "warning: asked again": 4}, {"info": 440, "warning": 4})


def test_errors_are_left_to_the_check_of_logs() -> None:
    assert judge({**USUAL, "error: x": 200}, {"info": 440, "error": 200})


def test_more_than_twice_the_records_for_a_request_fails() -> None:
    kinds = {"info: resume queued": 600, "info: resume done": 600}
    verdict = judge(kinds)
    assert verdict.outcome is Outcome.FAIL
    assert "has 6.0 records for a request, more than 2 times the 2.2 before" in verdict.reason
    assert judge({name: 2 * count for name, count in USUAL.items()})


def test_records_that_come_by_time_are_not_more_because_requests_are_fewer() -> None:
    assert judge(dict(USUAL), served=60)


def test_of_more_records_than_are_looked_at_the_shares_count() -> None:
    assert judge({"info: resume queued": 100, "info: resume done": 100}, records=440)


def both(
    first: dict[str, int],
    second: dict[str, int],
    served: tuple[int, int] = (200, 200),
    before: tuple[dict[str, int], dict[str, int]] = (USUAL, USUAL),
) -> Verdict:
    made = Made()
    for phase, mixes, by in (("baseline", before, (200, 200)), ("rolled-back", (first, second), served)):
        for replica, mix in zip(("backend-1", "backend-2"), mixes, strict=True):
            made = held(made, phase, mix, replica=replica)
        made = made.load(phase, served_by={"backend-1": by[0], "backend-2": by[1]})
    expected = [*EXPECTED, ExpectedLog("backend-2", LOG, 2.0)]
    return log_mix.check(made.events, phase="rolled-back", logs=expected)


def test_work_that_went_from_one_replica_to_another_is_no_more_work() -> None:
    before = {"info: done": 100}, {"info: done": 300}
    assert both({"info: done": 350}, {"info: done": 50}, before=before)
    assert both({"info: done": 350}, {"info: done": 300}, before=before).outcome is Outcome.FAIL


def test_where_too_few_requests_reached_a_replica_all_are_judged_together() -> None:
    assert both(USUAL, {"info: resume queued": 3, "info: resume done": 3}, served=(380, 3))
    verdict = both({"info: resume queued": 190}, {"info: resume queued": 10}, served=(190, 10))
    assert verdict.outcome is Outcome.FAIL
    assert f"{LOG} on the replicas of backend has 0 records of a kind that it had 400 times before" in verdict.reason


def test_too_few_requests_and_a_log_that_was_not_watched_are_unknown() -> None:
    assert judge(USUAL, served=3).outcome is Outcome.UNKNOWN
    made = held(Made(), "rolled-back", USUAL).load("rolled-back")
    assert log_mix.check(made.events, phase="rolled-back", logs=EXPECTED).outcome is Outcome.UNKNOWN
    assert log_mix.check((), phase="rolled-back").outcome is Outcome.UNKNOWN


def test_a_pass_rests_on_the_load_and_the_logs_of_both_phases_alone() -> None:
    made = held(Made(), "baseline", USUAL).load("baseline", served_by={"backend-1": 200})
    made = held(made, "deployed", USUAL).load("deployed", served_by={"backend-1": 200})
    made = held(made, "rolled-back", USUAL).load("rolled-back", served_by={"backend-1": 200})
    assert log_mix.check(made.events, phase="rolled-back", logs=EXPECTED).evidence == (0, 1, 4, 5)


def test_a_finding_rests_on_the_report_that_shows_it() -> None:
    made = held(Made(), "baseline", USUAL).load("baseline", served_by={"backend-1": 200})
    made = held(made, "rolled-back", {"info: resume queued": 200}).load("rolled-back", served_by={"backend-1": 200})
    assert log_mix.check(made.events, phase="rolled-back", logs=EXPECTED).evidence == (2,)


def test_which_log_was_not_watched_and_when_is_told() -> None:
    before = log_mix.check(held(Made(), "rolled-back", USUAL).events, phase="rolled-back", logs=EXPECTED)
    assert before.reason == f"{LOG} on backend-1 was not watched in baseline"
    after = log_mix.check(held(Made(), "baseline", USUAL).events, phase="rolled-back", logs=EXPECTED)
    assert after.reason == f"{LOG} on backend-1 was not watched in rolled-back"
    older = judge({}, {}, records=40)
    assert older.reason == f"what {LOG} on backend-1 holds was not told by kind"
    few = judge(USUAL, served=3)
    assert few.reason == f"too few requests reached backend to compare {LOG} with baseline"


def test_the_logs_of_two_services_are_judged_by_themselves_and_counted_together() -> None:
    other = "/var/log/worker.log"
    made = Made()
    for phase, kinds in (("baseline", USUAL), ("rolled-back", {"info: resume queued": 10})):
        made = held(made, phase, USUAL).load(phase, served_by={"backend-1": 200, "worker-1": 10})
        made = held(made, phase, kinds, replica="worker-1", path=other)
    expected = [*EXPECTED, ExpectedLog("worker-1", other, 2.0)]
    found = log_mix.check(made.events, phase="rolled-back", logs=expected)
    assert found.reason == f"too few requests reached worker to compare {other} with baseline"
    assert log_mix.check(made.events, phase="baseline", logs=EXPECTED).reason.startswith("1 log of 1 hold")
    same = [*EXPECTED, ExpectedLog("worker-1", LOG, 2.0)]
    for phase in ("baseline", "rolled-back"):
        made = held(made, phase, USUAL, replica="worker-1").load(phase, served_by={"worker-1": 200})
    assert log_mix.check(made.events, phase="rolled-back", logs=same).reason.startswith("2 logs of 2 hold")


def test_the_limits_are_included() -> None:
    few = log_mix.MIN_REQUESTS
    even = {"info: a": 2 * few}
    for served, outcome in ((few, Outcome.PASS), (few - 1, Outcome.UNKNOWN)):
        made = held(Made(), "baseline", even).load("baseline", served_by={"backend-1": served})
        made = held(made, "rolled-back", even).load("rolled-back", served_by={"backend-1": served})
        assert log_mix.check(made.events, phase="rolled-back", logs=EXPECTED).outcome is outcome
    left = int(log_mix.REMAINING * 200)
    assert judge({**USUAL, "info: resume done": left})
    assert judge({**USUAL, "info: resume done": left - 1}).outcome is Outcome.FAIL
    for count, outcome in ((log_mix.APPEARED, Outcome.FAIL), (log_mix.APPEARED - 1, Outcome.PASS)):
        made = held(Made(), "baseline", {"a": 100}).load("baseline", served_by={"backend-1": 100})
        made = held(made, "rolled-back", {"a": 100}, {"info": 100 - count, "debug": count})
        made.load("rolled-back", served_by={"backend-1": 100})
        assert log_mix.check(made.events, phase="rolled-back", logs=EXPECTED).outcome is outcome, count
    for count, outcome in ((50, Outcome.FAIL), (49, Outcome.PASS)):
        made = held(Made(), "baseline", {"a": 1000}).load("baseline", served_by={"backend-1": 1000})
        made = held(made, "rolled-back", {"a": 1000}, {"info": 1000 - count, "debug": count})
        made.load("rolled-back", served_by={"backend-1": 1000})
        assert log_mix.check(made.events, phase="rolled-back", logs=EXPECTED).outcome is outcome, count


def test_the_most_frequent_new_kind_is_quoted_and_fatal_errors_are_none() -> None:
    kinds = {**USUAL, "debug: b": 150, "debug: a": 50}
    found = judge(kinds, {"info": 440, "debug": 200})
    assert found.reason.endswith("has 200 records of the level debug, which it did not have before: debug: b")
    bare = judge(dict(USUAL), {"info": 240, "debug": 200})
    assert bare.reason.endswith("has 200 records of the level debug, which it did not have before")
    assert judge({**USUAL, "fatal: x": 200}, {"info": 440, "fatal": 200})


def test_a_mix_that_changed_on_a_machine_that_stood_still_proves_nothing() -> None:
    def outcome(share: float, seconds: float = 4.0) -> Outcome:
        made = witness(Made(), share)
        made.clock.advance(100.0)
        made = held(made, "baseline", USUAL).load("baseline", served_by={"backend-1": 200})
        made = held(made, "rolled-back", {"info: resume queued": 200}, seconds=seconds)
        made.load("rolled-back", served_by={"backend-1": 200})
        return log_mix.check(made.events, phase="rolled-back", logs=EXPECTED).outcome

    assert outcome(0.6) is Outcome.UNKNOWN
    assert outcome(0.1) is Outcome.FAIL
    assert outcome(0.25, 2.0) is Outcome.UNKNOWN, "however short"


def test_a_replica_that_answered_in_one_window_alone_is_told_by_its_own_requests() -> None:
    made = held(Made(), "baseline", USUAL).load("baseline", served_by={"backend-1": 200})
    made.load("baseline", served_by={"backend-2": 999})
    made = held(made, "rolled-back", USUAL).load("rolled-back", served_by={"backend-2": 999})
    found = log_mix.check(made.events, phase="rolled-back", logs=EXPECTED)
    assert found.reason.startswith("too few requests reached backend")


def test_a_log_whose_kinds_and_levels_all_count_nothing_was_not_told_by_kind() -> None:
    found = judge({"info: resume done": 0}, {"info": 0}, records=40)
    assert (found.outcome, found.reason) == (
        Outcome.UNKNOWN, f"what {LOG} on backend-1 holds was not told by kind",
    )  # fmt: skip


def test_two_logs_of_a_replica_are_judged_by_themselves() -> None:
    """The other one has so many records that twice as many in the first one are no more in both."""
    other, made = "/var/log/audit.log", Made()
    for phase, times in (("baseline", 1), ("rolled-back", 3)):
        made = held(made, phase, {"info: done": times * 200}).load(phase, served_by={"backend-1": 200})
        made = held(made, phase, {"info: seen": 90_000}, path=other)
    expected = [*EXPECTED, ExpectedLog("backend-1", other, 2.0)]
    found = log_mix.check(made.events, phase="rolled-back", logs=expected)
    assert found.reason == f"{LOG} on backend-1 has 3.0 records for a request, more than 2 times the 1.0 before"


def test_a_replica_that_took_over_most_of_anothers_records_made_no_more_of_them() -> None:
    """Two and a half times as many here and a tenth there: hardly more for a request in all, and none has gone."""
    more = {name: round(2.48 * count) for name, count in USUAL.items()}
    assert both(more, {name: count // 10 for name, count in USUAL.items()})
    assert both(more, USUAL).outcome is Outcome.FAIL


def test_where_all_are_judged_together_records_are_counted_for_a_request_and_by_time() -> None:
    found = both({"info: done": 4000}, {"info: done": 4000}, (15, 15), ({"info: done": 400}, {"info: done": 400}))
    assert found.outcome is Outcome.FAIL
    assert found.reason == (
        f"{LOG} on the replicas of backend has 266.7 records for a request, more than 2 times the 2.0 before"
    )
    assert both(USUAL, USUAL, (15, 15)), "no more in the same time"


def test_a_window_in_which_a_replica_answered_nothing_adds_no_request_of_it() -> None:
    for served, known in ((19, False), (20, True)):
        made = held(Made(), "baseline", USUAL).load("baseline", served_by={"backend-1": 200})
        made = held(made, "rolled-back", USUAL).load("rolled-back", served_by={"backend-1": served})
        made.load("rolled-back", served_by={"backend-2": 200})
        found = log_mix.check(made.events, phase="rolled-back", logs=EXPECTED)
        assert ("too few requests" in found.reason) is not known
