"""Errors in logs are held against the baseline: new kinds and higher rates fail, known ones do not."""

from typing import Any

import pytest

from harness.checks import as_groundwork, logs
from harness.checks._log_errors import LONGEST, said, same_log
from harness.checks._log_kinds import OTHERS, more_often
from harness.checks.logs import ExpectedLog
from harness.verdict import Outcome, Verdict
from suites.selftest.checks.builder import LOG, REPLICAS, Made
from suites.selftest.checks.witnessed import witness

EXPECTED = [ExpectedLog("backend-1", LOG, 2.0)]


def kind(name: str, count: int = 1, example: str = "") -> dict[str, Any]:
    return {"name": name, "count": count, "example": example or name.replace("*", "7")}


def with_errors(made: Made, phase: str, *kinds: dict[str, Any], replica: str = "backend-1", **data: Any) -> Made:
    release = "4.1.0" if phase == "baseline" else "4.1.1"
    return made.log(
        phase, replica, by_release={release: 40}, errors=sum(one["count"] for one in kinds), error_kinds=list(kinds),
        error_lines=[one["example"] for one in kinds], **data,
    )  # fmt: skip


def judge(before: list[dict[str, Any]], now: list[dict[str, Any]], **data: Any) -> Verdict:
    made = with_errors(Made(), "baseline", *before)
    made = with_errors(made, "deployed", *now, **data).load("deployed")
    return logs.check(made.events, phase="deployed", release="4.1.1", logs=EXPECTED, baseline="baseline")


def test_an_error_of_a_kind_that_the_baseline_did_not_have_fails_and_is_quoted() -> None:
    verdict = judge([kind("no row *")], [kind("no row *"), kind("no column city", 2)])
    assert verdict.outcome is Outcome.FAIL
    assert verdict.reason == (
        f"{LOG} on backend-1 has 2 error lines of a kind that baseline did not have: no column city"
    )


def test_a_known_kind_at_about_its_rate_passes_and_is_said() -> None:
    verdict = judge([kind("no row *", 3)], [kind("no row *", 5)])
    assert verdict.outcome is Outcome.PASS
    assert verdict.reason.endswith("no other errors than 5 error lines on backend-1 as in baseline")


def test_a_known_kind_for_every_request_fails() -> None:
    verdict = judge([kind("no row *", 1)], [kind("no row *", 150)])
    assert verdict.outcome is Outcome.FAIL
    assert (
        "has 150 error lines in 4.0 s, and baseline had 1 of this kind in 4.0 s on 1 replica: no row 7"
        in verdict.reason
    )


def test_what_a_replica_has_is_known_of_the_others() -> None:
    made = with_errors(Made(), "baseline", kind("no row *", 3), replica="backend-2")
    made = with_errors(made, "deployed", kind("no row *", 2)).load("deployed")
    assert logs.check(made.events, phase="deployed", release="4.1.1", logs=EXPECTED, baseline="baseline")


def test_what_one_replica_had_may_be_had_by_it_or_by_another_one() -> None:
    for where in ("backend-1", "backend-2"):
        made = with_errors(Made(), "baseline", kind("no lock *", 250))
        for replica in ("backend-2", "backend-3"):
            made = with_errors(made, "baseline", replica=replica)
        for replica in ("backend-1", "backend-2", "backend-3"):
            made = with_errors(
                made, "deployed", *([kind("no lock *", 250)] if replica == where else []), replica=replica
            )
        expected = [ExpectedLog(where, LOG, 2.0)]
        found = logs.check(
            made.load("deployed").events, phase="deployed", release="4.1.1", logs=expected, baseline="baseline"
        )
        assert found, found.reason


def test_the_baseline_is_sound_with_errors_of_its_own_and_says_them() -> None:
    made = with_errors(Made(), "baseline", kind("no row *", 3)).load("baseline")
    verdict = logs.check(made.events, phase="baseline", release="4.1.0", logs=EXPECTED, baseline="baseline")
    assert as_groundwork(verdict).outcome is Outcome.PASS
    assert f"3 error lines that {LOG} on backend-1 has before anything was deployed (no row 7)" in verdict.reason


def test_without_a_baseline_every_error_fails() -> None:
    made = with_errors(Made(), "baseline", kind("no row *", 3))
    made = with_errors(made, "deployed", kind("no row *")).load("deployed")
    assert logs.check(made.events, phase="deployed", release="4.1.1", logs=EXPECTED).outcome is Outcome.FAIL
    unwatched = with_errors(Made(), "deployed", kind("no row *")).load("deployed")
    found = logs.check(unwatched.events, phase="deployed", release="4.1.1", logs=EXPECTED, baseline="baseline")
    assert found.outcome is Outcome.FAIL


def test_a_word_that_changes_in_the_baseline_may_change_again() -> None:
    before = [kind("no user ann in the cache"), kind("no user bob in the cache")]
    assert judge(before, [kind("no user eve in the cache")])
    assert judge(before[:1], [kind("no user eve in the cache")]).outcome is Outcome.FAIL
    assert judge(before, [kind("no group eve in the cache")]).outcome is Outcome.FAIL


def test_errors_of_an_older_history_are_known_by_their_lines_alone() -> None:
    made = Made().log("deployed", errors=2, error_lines=["ERROR x"]).load("deployed")
    verdict = logs.check(made.events, phase="deployed", release="4.1.1", logs=EXPECTED)
    assert verdict.reason == f"{LOG} on backend-1 has 2 error lines: ERROR x"


def test_the_last_line_of_an_exception_is_never_cut_off() -> None:
    example = "error: " + "x" * 2000 + " ... ValueError: the cause"
    assert judge([], [kind("a", 1, example)]).reason.endswith("ValueError: the cause")
    assert judge([], [kind("a", 1, "Traceback\n" + " x\n" * 900 + "KeyError: 1")]).reason.endswith("... KeyError: 1")


def test_what_told_the_levels_is_said_and_a_log_that_tells_none_is_named() -> None:
    said = judge([], [], levels={"info": 40}, styles={"field level": 40}).reason
    assert said.endswith("and no errors (levels told by field level)")
    silent = judge([], [], levels={"": 40}, styles={}).reason
    assert silent.endswith(f"(no line of {LOG} tells a level in a form that is known)")


@pytest.mark.parametrize(
    ("now", "exposed", "before", "exposed_before", "more"),
    [(1, 3.0, 1, 5.0, False), (6, 3.0, 2, 5.0, False), (150, 3.0, 1, 5.0, True), (40, 3.0, 3, 5.0, True),
     (150, 3.0, 250, 5.0, False), (400, 3.0, 250, 5.0, True), (30, 10.0, 1, 10.0, True), (3, 0.0, 1, 5.0, False),
     (150, 0.5, 1, 0.5, True)],
)  # fmt: skip
def test_a_rate_is_higher_when_it_is_more_than_twice_the_baselines_beyond_doubt(
    now: int, exposed: float, before: int, exposed_before: float, more: bool
) -> None:
    assert more_often(now, exposed, before, exposed_before) is more


def quiet(*kinds: dict[str, Any], state: str = "ok", may: bool = True) -> Verdict:
    made = Made().log("deployed", records=0, by_release={}, silence=4.0, state=state).load("deployed")
    if kinds:
        made = with_errors(made, "deployed", *kinds)
    expected = [ExpectedLog("backend-1", LOG, 2.0, carries_release=False, may_be_silent=may)]
    return logs.check(made.events, phase="deployed", release="4.1.1", logs=expected)


def test_a_log_that_may_be_silent_is_judged_by_what_comes_alone() -> None:
    assert quiet()
    assert quiet(state="missing")
    assert quiet(kind("no column city")).outcome is Outcome.FAIL
    assert quiet(may=False).outcome is Outcome.FAIL
    assert quiet(state="deleted").outcome is Outcome.FAIL


def on_a_machine(share: float, before: list[dict[str, Any]] | None, now: dict[str, Any], **data: Any) -> Verdict:
    """Errors on a machine that stood still for this share of every second, held against a baseline or none."""
    made = witness(Made(), share)
    made.clock.advance(100.0)
    if before is not None:
        made = with_errors(made, "baseline", *before)
    made = with_errors(made, "deployed", now, **data).load("deployed")
    return logs.check(made.events, phase="deployed", release="4.1.1", logs=EXPECTED, baseline="baseline")


@pytest.mark.parametrize("before", [None, [], [kind("no row *", 1)]], ids=["no baseline", "a new kind", "more of one"])
def test_errors_on_a_machine_that_stood_still_prove_nothing_and_rest_on_their_reports(before: Any) -> None:
    found = on_a_machine(0.01, before, kind("no row *", 150))
    assert found.outcome is Outcome.FAIL
    assert len(found.evidence) == 1, "the report that has them, and no other"
    assert on_a_machine(0.6, before, kind("no row *", 150)).outcome is Outcome.UNKNOWN
    assert on_a_machine(0.25, before, kind("no row *", 150), seconds=2.0).outcome is Outcome.UNKNOWN, "however short"


def test_kinds_that_differ_in_the_word_that_changes_count_together_and_others_do_not() -> None:
    users = [kind("no user ann in the cache"), kind("no user bob in the cache")]
    assert judge([*users, kind("no lock", 200)], [*users, kind("no lock", 200), kind("no user eve in the cache")])
    many = [kind(f"no user {number} in the cache", 2) for number in range(60)]
    found = judge(users, many)
    assert found.outcome is Outcome.FAIL
    assert "and baseline had 2 of this kind in 4.0 s on 1 replica" in found.reason


def test_a_word_changes_only_among_kinds_of_three_words_and_more_of_the_same_length() -> None:
    for before, now, outcome in (
        (["no ann", "no bob"], "no eve", Outcome.FAIL),
        (["no user ann", "no user bob"], "no user eve", Outcome.PASS),
        (["no user ann", "no user bob at all"], "no user eve", Outcome.FAIL),
        (["no user ann", "no group bob"], "no user bob", Outcome.FAIL),
        (["no user ann here", "no user bob here"], "no user eve here now", Outcome.FAIL),
        (["one of them", "no user ann", "no user bob"], "no user eve", Outcome.PASS),
    ):
        assert judge([kind(name) for name in before], [kind(now)]).outcome is outcome, (before, now)


def test_a_kind_that_a_report_has_no_room_for_is_known_where_the_baseline_had_no_room_either() -> None:
    assert judge([kind(OTHERS, 3)], [kind("no row *", 3)])
    assert judge([kind(OTHERS, 3)], [kind("no row *", 150)]).outcome is Outcome.FAIL
    assert judge([kind(OTHERS, 3), kind("no user ann"), kind("no user bob")], [kind("no user eve", 2)])
    assert judge([kind("no lock", 3)], [kind(OTHERS, 3)]).outcome is Outcome.FAIL


def test_errors_of_several_reports_are_added_up_and_the_first_is_quoted() -> None:
    made = with_errors(Made(), "deployed", kind("no row *", 3, "no row 1"))
    made = with_errors(made, "deployed", kind("no row *", 4, "no row 2")).load("deployed")
    verdict = logs.check(made.events, phase="deployed", release="4.1.1", logs=EXPECTED)
    assert verdict.reason == f"{LOG} on backend-1 has 7 error lines: no row 1"


def test_an_error_line_beyond_the_kinds_that_are_told_is_quoted_from_the_lines_where_there_are_any() -> None:
    one = kind("no row *")
    for lines, quoted in ((["ERROR x"], "ERROR x"), ([], "")):
        made = Made().log("deployed", errors=2, error_kinds=[one], error_lines=lines).load("deployed")
        reason = logs.check(made.events, phase="deployed", release="4.1.1", logs=EXPECTED).reason
        assert reason == f"{LOG} on backend-1 has 1 error line: no row 7; {LOG} on backend-1 has 1 error line: {quoted}"


def fleet(one: int, others: int) -> Verdict:
    """The baseline had 300 errors in two minutes, all on the first of three replicas, which has `one` of them now."""
    made = Made()
    for phase, first, rest in (("baseline", 300, 0), ("deployed", one, others)):
        for replica in REPLICAS:
            many = first if replica == "backend-1" else rest
            kinds = [kind("no lock *", many)] if many else []
            made = with_errors(made, phase, *kinds, replica=replica, seconds=40.0)
    made.load("deployed")
    return logs.check(made.events, phase="deployed", release="4.1.1", logs=EXPECTED, baseline="baseline")


def test_one_replica_with_more_errors_fails_where_all_together_have_a_third_more() -> None:
    assert fleet(450, 30).outcome is Outcome.FAIL, "510 in place of 300"
    assert fleet(300, 0).outcome is Outcome.PASS, "as many as before"
    assert fleet(170, 170).outcome is Outcome.PASS, "no replica has more than twice as many as all had on average"


def test_levels_are_told_by_the_most_frequent_styles_of_this_phase() -> None:
    made = Made().log("baseline", by_release={"4.1.0": 40}, levels={"info": 1}, styles={"old": 99})
    for styles in ({"a": 30, "b": 10, "c": 2}, {"b": 25, "d": 1}):
        made.log("deployed", levels={"info": 40}, styles=styles)
    said = logs.check(made.load("deployed").events, phase="deployed", release="4.1.1", logs=EXPECTED).reason
    assert said.endswith("(levels told by b, a and c)")


def test_an_example_is_its_first_line_and_the_last_line_of_its_exception() -> None:
    assert said(" one line \n") == "one line"
    assert said("first\n\n  second\n") == "first ... second"
    assert said("f" * 200 + "\nsecond\nlast") == "f" * 160 + " ... last"


def test_a_long_example_is_cut_in_its_middle() -> None:
    fits = "a" * 160 + "b" * (LONGEST - 160)
    assert said(fits) == fits
    assert said(fits + "c") == "a" * 160 + " ... " + "b" * 319 + "c"


def test_the_same_log_of_a_service_is_told_by_the_number_at_the_end() -> None:
    assert same_log("web-api-2", LOG) == same_log("web-api-11", LOG) == ("web-api", LOG)
    assert same_log("web-api", LOG) == ("web-api", LOG)
    assert same_log("lb", LOG) == ("lb", LOG)


def test_two_kinds_that_each_come_half_as_often_again_are_none_that_comes_twice_as_often() -> None:
    """Each by itself is more than by chance, and less than what is told."""
    assert judge([kind("no row", 1000), kind("no lock", 1000)], [kind("no row", 1600), kind("no lock", 1600)])
    assert not judge([kind("no row", 1000)], [kind("no row", 2600)])
