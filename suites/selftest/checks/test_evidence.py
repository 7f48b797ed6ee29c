"""What all checks share: findings, and how they become a verdict."""

from __future__ import annotations

import pytest

from harness.checks._acknowledged import some
from harness.checks._evidence import BUSY, Findings, counted, listed
from harness.verdict import Outcome
from suites.selftest.checks.builder import Made

FIRST, SECOND, THIRD = Made().add("note").add("note").add("note").events


@pytest.mark.parametrize(
    ("words", "said"),
    [("", ""), ("a", "a"), ("ab", "a and b"), ("abc", "a, b and c"), ("abcd", "a, b, c and d")],
)
def test_words_are_listed_as_people_list_them(words: str, said: str) -> None:
    assert listed(words) == said


def test_one_is_counted_in_the_singular_and_none_and_many_are_not() -> None:
    assert [counted(number, "job") for number in (0, 1, 2)] == ["0 jobs", "1 job", "2 jobs"]
    assert [counted(number, "activity", "activities") for number in (1, 2)] == ["1 activity", "2 activities"]


def test_three_findings_are_spelt_out_and_the_rest_is_counted() -> None:
    for many, said in ((3, "0; 1; 2"), (4, "0; 1; 2; and 1 more"), (6, "0; 1; 2; and 3 more")):
        findings = Findings("made")
        for number in range(many):
            findings.fail(str(number), FIRST)
        assert findings.verdict("").reason == said


def test_the_same_finding_twice_is_said_once() -> None:
    findings = Findings("made")
    for sentence in ("a", "b", "a"):
        findings.missing(sentence)
    assert findings.verdict("").reason == "a; b"


def test_three_examples_are_named_and_the_rest_is_counted() -> None:
    assert [some("abc"), some("abcd"), some("abcdef")] == [
        "a, b and c",
        "a, b and c and 1 more",
        "a, b and c and 3 more",
    ]


def test_a_failure_rests_on_what_shows_it_and_without_that_on_all_that_was_seen() -> None:
    findings = Findings("made")
    findings.saw(FIRST, None, SECOND)
    findings.fail("bad", SECOND, None)
    findings.missing("not known")
    found = findings.verdict("good", look="there", look_unknown="elsewhere")
    assert (found.check, found.outcome, found.reason, found.evidence, found.look) == (
        "made", Outcome.FAIL, "bad", (SECOND.id,), "there",
    )  # fmt: skip
    findings = Findings("made")
    findings.saw(SECOND, FIRST, SECOND)
    findings.fail("bad")
    assert findings.verdict("good").evidence == (FIRST.id, SECOND.id)


def test_what_is_not_known_beats_a_pass_and_says_where_to_look() -> None:
    findings = Findings("made")
    findings.saw(FIRST)
    assert (findings.verdict("good", look="there").outcome, findings.verdict("good", look="there").look) == (
        Outcome.PASS, "",
    )  # fmt: skip
    findings.missing("not known")
    found = findings.verdict("good", look="there", look_unknown="elsewhere")
    assert (found.check, found.outcome, found.reason, found.evidence, found.look, found.stalled) == (
        "made", Outcome.UNKNOWN, "not known", (FIRST.id,), "elsewhere", False,
    )  # fmt: skip


def test_a_pass_without_any_evidence_is_unknown() -> None:
    found = Findings("made").verdict("good")
    assert (found.outcome, found.reason, found.look) == (Outcome.UNKNOWN, "nothing was measured", "")


def test_what_took_too_long_fails_by_the_events_that_show_it() -> None:
    findings = Findings("made")
    findings.saw(FIRST)
    findings.timed("late", "", SECOND, THIRD)
    found = findings.verdict("good")
    assert (found.outcome, found.reason, found.evidence, found.look) == (
        Outcome.FAIL, "late", (SECOND.id, THIRD.id), "",
    )  # fmt: skip


def test_what_a_stall_explains_is_unknown_and_is_to_be_measured_when_the_machine_has_time() -> None:
    findings = Findings("made")
    findings.timed("late", "it stood still", SECOND, None)
    found = findings.verdict("good", look_unknown="elsewhere")
    assert (found.outcome, found.reason, found.evidence) == (
        Outcome.UNKNOWN, "it stood still, so this proves nothing: late", (SECOND.id,),
    )  # fmt: skip
    assert (found.look, found.stalled) == (BUSY, True)
