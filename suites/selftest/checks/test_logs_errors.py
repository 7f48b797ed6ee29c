"""Errors in logs are held against the baseline: new kinds and higher rates fail, known ones do not."""

from typing import Any

import pytest

from harness.checks import as_groundwork, logs
from harness.checks._log_kinds import more_often
from harness.checks.logs import ExpectedLog
from harness.verdict import Outcome, Verdict
from suites.selftest.checks.builder import LOG, Made

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
     (150, 3.0, 250, 5.0, False), (400, 3.0, 250, 5.0, True), (30, 10.0, 1, 10.0, True), (3, 0.0, 1, 5.0, False)],
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
