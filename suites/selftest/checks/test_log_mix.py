from typing import Any

from harness.checks import log_mix
from harness.checks.logs import ExpectedLog
from harness.verdict import Outcome, Verdict
from suites.selftest.checks.builder import LOG, Made

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
