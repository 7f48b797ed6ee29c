"""What was acknowledged reads as it was written, beside the load and after a rollback."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from harness.checks import reads, reads_forward
from harness.checks._reads import written_in
from harness.verdict import Outcome, Verdict
from suites.selftest.checks.builder import Made
from suites.selftest.checks.witnessed import witness

WRONG = {
    "key": "k-7", "request": "resume", "verdict": "wrong", "outcome": "status 200", "server": "backend-2",
    "written": 1.5, "asked": 2.0, "ended": 2.1, "attempts": 1, "expected": "environment: 12", "got": "environment: 13",
}  # fmt: skip
SILENT = {**WRONG, "key": "k-8", "verdict": "unanswered", "outcome": "status 500", "attempts": 4, "got": ""}
CHECKS = pytest.mark.parametrize(("check", "every"), [(reads.check, False), (reads_forward.check, True)])
Check = Callable[..., Verdict]


@CHECKS
def test_what_reads_as_it_was_written_passes_and_is_counted(check: Check, every: bool) -> None:
    verdict = check(Made().reads("deployed", every=every).events, phase="deployed")
    assert verdict.outcome is Outcome.PASS
    assert "30" in verdict.reason


@CHECKS
def test_one_that_reads_otherwise_fails_with_what_came_and_who_answered(check: Check, every: bool) -> None:
    verdict = check(Made().reads("deployed", every=every, bad=[WRONG]).events, phase="deployed")
    assert verdict.outcome is Outcome.FAIL
    assert "1 of 30 records read" in verdict.reason
    assert "is not as written: k-7 gave environment: 13 for environment: 12 (status 200, backend-2)" in verdict.reason


@CHECKS
def test_one_that_cannot_be_read_fails(check: Check, every: bool) -> None:
    verdict = check(Made().reads("deployed", every=every, bad=[SILENT]).events, phase="deployed")
    assert verdict.outcome is Outcome.FAIL
    assert "k-8 was not answered (status 500, backend-2, 4 attempts)" in verdict.reason


@CHECKS
def test_it_says_in_which_phase_a_bad_record_was_written(check: Check, every: bool) -> None:
    made = Made().add("workload.start", at=0.0, began=100.0, arm="subject")
    made.add("workload", "deployed", start=0, began=101.0, seconds=1.0, sent=1, ok=1)
    made.reads("rolled-back", every=every, bad=[WRONG])
    verdict = check(made.events, phase="rolled-back")
    assert "k-7, written in the phase deployed, gave" in verdict.reason


@CHECKS
def test_without_a_read_nothing_is_known(check: Check, every: bool) -> None:
    made = Made().reads("other", every=every).reads("deployed", every=not every)
    assert check(made.events, phase="deployed").outcome is Outcome.UNKNOWN
    empty = Made().reads("deployed", every=every, asked=0, good=0)
    assert check(empty.events, phase="deployed").outcome is Outcome.UNKNOWN


@CHECKS
def test_the_reads_of_the_control_do_not_count(check: Check, every: bool) -> None:
    made = Made().add("workload.start", at=0.0, began=0.0, arm="control")
    made.reads("deployed", every=every, start=0)
    assert check(made.events, phase="deployed").outcome is Outcome.UNKNOWN


@CHECKS
@pytest.mark.parametrize("bad", [WRONG, SILENT])
def test_what_came_to_nothing_while_the_machine_stood_still_proves_nothing(
    check: Check, every: bool, bad: dict[str, Any]
) -> None:
    made = Made().reads("deployed", every=every, bad=[{**bad, "asked": 10.0, "ended": 14.0}])
    witness(made, 0.9, first=10, seconds=4)
    assert check(made.events, phase="deployed").outcome is Outcome.UNKNOWN
    both = Made().reads("deployed", every=every, bad=[{**bad, "asked": 10.0, "ended": 14.0}, bad])
    witness(both, 0.9, first=10, seconds=4)
    assert check(both.events, phase="deployed").outcome is Outcome.FAIL


def test_while_a_release_changes_an_answer_must_be_right_and_may_be_missing() -> None:
    made = Made().reads("deploy", bad=[SILENT]).reads("deployed")
    assert reads.check(made.events, phase="deployed", changing=["deploy"])
    made = Made().reads("deploy", bad=[WRONG]).reads("deployed")
    verdict = reads.check(made.events, phase="deployed", changing=["deploy"])
    assert verdict.outcome is Outcome.FAIL
    assert "read in the phase deploy " in verdict.reason


def test_what_was_asked_for_before_the_phase_and_never_answered_is_not_its_failure() -> None:
    assert reads.check(Made().reads("deployed", good=29, interrupted=1).events, phase="deployed")
    alone = Made().reads("deployed", good=0, asked=3, interrupted=3)
    assert reads.check(alone.events, phase="deployed").outcome is Outcome.UNKNOWN


def test_reads_that_were_right_only_when_asked_again_are_told() -> None:
    assert "4 only when asked again" in reads.check(Made().reads("deployed", late=4).events, phase="deployed").reason


def test_a_part_of_what_was_written_is_told_as_a_part() -> None:
    verdict = reads_forward.check(Made().reads("p", every=True, written=9000).events, phase="p")
    assert verdict.outcome is Outcome.PASS
    assert "30 records of 9000, evenly spread, read as written" in verdict.reason


def test_a_pass_that_was_not_over_is_unknown() -> None:
    made = Made().reads("p", every=True, error="the reads were not over within 30 s")
    assert reads_forward.check(made.events, phase="p").outcome is Outcome.UNKNOWN


ABSENT = {**WRONG, "key": "k-9", "outcome": "status 404", "expected": "what was written", "got": "status 404"}


@pytest.mark.parametrize(
    ("bad", "disturbed", "outcome"),
    [
        ([ABSENT], ["rollback"], Outcome.PASS),
        ([ABSENT], [], Outcome.FAIL),
        ([ABSENT], ["another"], Outcome.FAIL),
        ([ABSENT, WRONG], ["rollback"], Outcome.FAIL),
    ],
)
def test_what_is_not_there_yet_counts_but_where_a_fault_was_on_and_what_is_wrong_counts_there_too(
    bad: list[dict[str, Any]], disturbed: list[str], outcome: Outcome
) -> None:
    made = Made().reads("rollback", bad=bad).reads("rolled-back")
    verdict = reads.check(made.events, phase="rolled-back", changing=["rollback"], disturbed=disturbed)
    assert verdict.outcome is outcome
    if disturbed == ["rollback"] and outcome is Outcome.FAIL:
        assert "1 of 30 records" in verdict.reason
        assert "k-9" not in verdict.reason


def test_right_after_a_fault_work_may_still_be_waiting_and_whether_it_comes_is_told_by_the_read_of_everything() -> None:
    def after(*bad: dict[str, Any]) -> Outcome:
        made = Made().reads("rollback").reads("rolled-back", bad=bad)
        return reads.check(made.events, phase="rolled-back", changing=["rollback"], disturbed=["rollback"]).outcome

    assert after(ABSENT) is Outcome.PASS
    assert after(ABSENT, WRONG) is Outcome.FAIL
    made = Made().reads("rolled-back", every=True, bad=[ABSENT])
    assert reads_forward.check(made.events, phase="rolled-back").outcome is Outcome.FAIL


def both_wrong(made: Made, **second: Any) -> Verdict:
    made.reads("deployed", bad=[WRONG, {**WRONG, "key": "k-9", **second}])
    return reads.check(made.events, phase="deployed")


def test_two_are_told_in_the_plural_and_rest_on_the_event_that_has_them() -> None:
    found = both_wrong(Made().reads("deployed"), attempts=2)
    assert found.outcome is Outcome.FAIL
    assert "2 of 30 records read in the phase deployed are not as written: k-7 gave" in found.reason
    assert "k-9 gave environment: 13 for environment: 12 (status 200, backend-2, 2 attempts)" in found.reason
    assert found.evidence == (1,), "and not on the reads that were good"
    silent = reads.check(Made().reads("deployed").reads("deployed", bad=[SILENT]).events, phase="deployed")
    assert "1 of 30 records could not be read in the phase deployed: k-8" in silent.reason
    assert silent.evidence == (1,)


def test_what_is_counted_and_not_told_is_counted_all_the_same() -> None:
    found = reads.check(Made().reads("deployed", unanswered=1).events, phase="deployed")
    assert found.outcome is Outcome.FAIL
    assert found.reason == "1 of 30 records could not be read in the phase deployed"


def test_a_stall_explains_bad_reads_only_where_it_explains_every_one() -> None:
    slow = {**WRONG, "ended": 2.9}

    def outcome(*bad: dict[str, Any], **data: Any) -> Outcome:
        made = witness(witness(Made(), 0.0, seconds=50), 0.9, seconds=1, first=2)
        return reads.check(made.reads("deployed", bad=bad, **data).events, phase="deployed").outcome

    assert outcome(slow, slow) is Outcome.UNKNOWN
    assert outcome(slow, {**slow, "asked": 9.0, "ended": 9.9}) is Outcome.FAIL, "the machine ran then"
    assert outcome(slow, {**slow, "asked": None}) is Outcome.FAIL, "nobody knows when"
    assert outcome(slow, {**slow, "ended": None}) is Outcome.FAIL, "nobody knows when"
    assert outcome(slow, wrong=2) is Outcome.FAIL, "of one nothing is told"


def test_when_a_record_was_written_is_told_by_the_window_it_lies_in() -> None:
    made = Made().add("workload.start", at=0.0, began=100.0, arm="subject")
    made.add("workload", None, start=0, began=100.0, seconds=4.0, sent=1, ok=1)
    made.add("workload", "deployed", start=0, began=101.0, seconds=1.0, sent=1, ok=1)
    for second, phase in ((0.9, ""), (1.0, "deployed"), (2.0, "deployed"), (2.1, ""), (None, "")):
        assert written_in(made.events, second) == phase, second


@pytest.mark.parametrize(("arm", "counts"), [("", True), ("subject", True), ("control", False)])
def test_only_the_control_is_somebody_else(arm: str, counts: bool) -> None:
    made = Made().add("workload.start", at=0.0, began=100.0, arm=arm).reads("deployed", start=0)
    assert (reads.check(made.events, phase="deployed").outcome is Outcome.PASS) is counts


def test_what_is_not_there_is_quoted_too_and_counts_where_a_stall_is_to_explain_all() -> None:
    gone = {**WRONG, "expected": "what was written", "got": "status 404", "ended": 2.9}
    found = reads.check(Made().reads("deployed", bad=[gone]).events, phase="deployed")
    assert "k-7 gave status 404 for what was written" in found.reason
    made = witness(witness(Made(), 0.0, seconds=50), 0.9, seconds=1, first=2)
    assert reads.check(made.reads("deployed", bad=[gone]).events, phase="deployed").outcome is Outcome.UNKNOWN


def test_a_pass_rests_on_the_reads_of_all_its_phases_and_adds_them_up() -> None:
    made = Made().reads("other", late=9).reads("deploy", late=1).reads("deployed", late=2)
    verdict = reads.check(made.events, phase="deployed", changing=["deploy"])
    assert (verdict.reason, verdict.evidence) == ("60 reads found what was written; 3 only when asked again", (1, 2))
    assert reads.check(Made().reads("deployed").events, phase="deployed").reason == "30 reads found what was written"


def test_reads_that_found_nothing_good_are_reads_all_the_same() -> None:
    made = Made().reads("deployed", good=0, asked=2, bad=[WRONG, SILENT], wrong=1, unanswered=1)
    assert reads.check(made.events, phase="deployed").outcome is Outcome.FAIL
    made = Made().reads("deployed", good=0, asked=0, wrong=0, unanswered=0)
    assert reads.check(made.events, phase="deployed").reason == "nothing was read in the phase deployed"


def test_all_that_was_written_is_told_without_a_part() -> None:
    verdict = reads_forward.check(Made().reads("p", every=True).events, phase="p")
    assert verdict.reason == "30 records read as written"
    silent = reads_forward.check(Made().reads("p", every=True, bad=[SILENT]).events, phase="p")
    assert "1 of 30 records could not be read after the phase p: k-8" in silent.reason


@CHECKS
def test_what_was_acknowledged_and_is_not_found_fails(check: Check, every: bool) -> None:
    verdict = check(Made().reads("deployed", every=every, bad=[ABSENT]).events, phase="deployed")
    assert verdict.outcome is Outcome.FAIL
    assert "k-9 gave status 404 for what was written" in verdict.reason


def test_reads_of_which_as_many_were_good_as_were_not_there_were_reads() -> None:
    made = Made().reads("rollback", bad=[ABSENT], good=1)
    found = reads.check(made.events, phase="rollback", disturbed=["rollback"])
    assert found.outcome is Outcome.PASS
