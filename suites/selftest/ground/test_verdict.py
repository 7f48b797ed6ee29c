"""Three outcomes, and how many verdicts become one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.verdict import Outcome, Verdict, combine

outcomes = st.sampled_from(list(Outcome))
verdicts = st.builds(
    Verdict,
    check=st.sampled_from(["release", "logs", "queue"]),
    outcome=outcomes,
    reason=st.just("because"),
    evidence=st.lists(st.integers(0, 99), max_size=3).map(tuple),
    look=st.sampled_from(["", "the log"]),
)


@pytest.mark.parametrize(("outcome", "code"), [(Outcome.PASS, 0), (Outcome.FAIL, 1), (Outcome.UNKNOWN, 2)])
def test_each_outcome_has_its_exit_code(outcome: Outcome, code: int) -> None:
    assert outcome.exit_code == code


@pytest.mark.parametrize("outcome", list(Outcome))
def test_only_a_pass_is_true(outcome: Outcome) -> None:
    assert bool(Verdict("logs", outcome, "because")) is (outcome is Outcome.PASS)


def test_a_verdict_reads_as_a_sentence() -> None:
    assert str(Verdict("logs", Outcome.PASS, "3 logs advanced")) == "logs: pass - 3 logs advanced"
    failed = Verdict("logs", Outcome.FAIL, "backend-1 is silent", look="its handler")
    assert str(failed) == "logs: fail - backend-1 is silent (its handler)"


def test_nothing_at_all_is_unknown() -> None:
    assert combine([]) == Verdict("run", Outcome.UNKNOWN, "nothing was checked", look="the plan has no checks")
    assert combine([], "second-deployment").check == "second-deployment"


@given(st.lists(verdicts, min_size=1))
def test_fail_beats_unknown_and_unknown_beats_pass(found: list[Verdict]) -> None:
    every = {verdict.outcome for verdict in found}
    worst = next(one for one in (Outcome.FAIL, Outcome.UNKNOWN, Outcome.PASS) if one in every)
    assert combine(found).outcome is worst


@given(st.lists(verdicts).flatmap(lambda found: st.tuples(st.just(found), st.permutations(found))))
def test_the_order_of_the_verdicts_does_not_change_the_outcome(both: tuple[list[Verdict], list[Verdict]]) -> None:
    one, other = both
    assert combine(one).outcome is combine(other).outcome


@given(st.lists(verdicts), st.lists(verdicts))
def test_more_verdicts_never_make_it_better(some: list[Verdict], more: list[Verdict]) -> None:
    rank = {Outcome.PASS: 0, Outcome.UNKNOWN: 1, Outcome.FAIL: 2}
    if some:
        assert rank[combine(some + more).outcome] >= rank[combine(some).outcome]


@given(st.lists(verdicts, min_size=1))
def test_the_evidence_is_that_of_the_verdicts_that_decided(found: list[Verdict]) -> None:
    whole = combine(found, "gate")
    deciding = [verdict for verdict in found if verdict.outcome is whole.outcome]
    assert whole.evidence == tuple(event for verdict in deciding for event in verdict.evidence)
    assert whole.check == "gate"


def test_the_first_bad_one_is_named_and_the_others_counted() -> None:
    found = [
        Verdict("logs", Outcome.UNKNOWN, "not read"),
        Verdict("release", Outcome.FAIL, "backend-2 runs 4.1.1", (7,), "the deployer's output"),
        Verdict("queue", Outcome.FAIL, "it grows", (9,)),
    ]
    whole = combine(found)
    assert whole.reason == "release: backend-2 runs 4.1.1 (and 1 more)"
    assert whole.look == "the deployer's output"
    assert whole.check == "run"
    assert combine(found[:2]).reason == "release: backend-2 runs 4.1.1"
    assert combine([*found, found[2]]).reason.endswith(" (and 2 more)")


def test_a_pass_says_of_how_many_checks() -> None:
    passed = Verdict("logs", Outcome.PASS, "fine")
    assert combine([passed] * 3).reason == "all 3 checks passed"
    assert combine([passed]).reason == "the only check passed"
