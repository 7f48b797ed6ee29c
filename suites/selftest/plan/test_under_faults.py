"""The gate under faults: which cases there are, what each does, and what is the stack's own weakness."""

from __future__ import annotations

from itertools import combinations

import pytest

from fixtures import reference, tiny
from harness import faults
from harness.errors import UsageError
from harness.plan.gate import Gate
from harness.plan.link import Link, LinkPart
from harness.plan.plan import of_data
from harness.plan.under_faults import MOMENTS, QUICK, Case, cases, plan, possible
from harness.stack import load
from harness.verdict import Outcome, Verdict

REFERENCE, TINY = load(reference.STACK), load(tiny.STACK)


def gate() -> Gate:
    return Gate(REFERENCE, "4.1.0", "4.1.1")


def test_every_fault_that_is_possible_can_be_made() -> None:
    for name, parameters in {**possible(REFERENCE), **possible(TINY)}.items():
        assert faults.from_data({"fault": name, **parameters}).fault_name() == name


def test_a_stack_without_a_cache_or_a_database_is_gated_under_what_it_can_have() -> None:
    assert not [name for name in possible(TINY) if name.startswith(("cache.", "database."))]
    assert [case.name for case in cases(TINY, ["quick"])] == [
        "process.killed at rollback-1",
        "latency at second-attempt",
    ]


def test_the_quick_profile_takes_what_finds_most_first() -> None:
    found = cases(REFERENCE, ["quick"])
    assert [(case.fault["fault"], case.moment) for case in found] == list(QUICK)
    assert cases(REFERENCE, []) == found  # as the stack declares


def test_a_fault_that_is_named_is_tried_at_every_moment() -> None:
    assert [case.moment for case in cases(REFERENCE, ["cache.stale"])] == list(MOMENTS)


def test_the_standard_profile_has_every_pair_and_is_the_same_each_time() -> None:
    found = cases(REFERENCE, ["standard"])
    assert found == cases(REFERENCE, ["standard"])
    rows = [(case.fault["fault"], case.moment, case.load, case.twice) for case in found]
    axes: list[list[object]] = [list(possible(REFERENCE)), list(MOMENTS), [1.0, 2.0], [False, True]]
    for one, two in combinations(range(len(axes)), 2):
        seen = {(row[one], row[two]) for row in rows}
        assert seen == {(a, b) for a in axes[one] for b in axes[two]}
    assert len(rows) < len(possible(REFERENCE)) * len(MOMENTS) * 2
    assert [row[1] for row in rows] == sorted((row[1] for row in rows), key=list(MOMENTS).index)


def test_the_full_profile_has_every_combination() -> None:
    assert len(cases(REFERENCE, ["full"])) == len(possible(REFERENCE)) * len(MOMENTS) * 4


@pytest.mark.parametrize("wanted", ["cache.stall", "quickly"])
def test_what_is_no_fault_and_no_profile_is_refused_with_what_was_meant(wanted: str) -> None:
    with pytest.raises(UsageError, match="no such fault or profile") as caught:
        cases(REFERENCE, [wanted])
    assert "quick" in str(caught.value.expected)


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("twice", [False, True])
def test_each_moment_has_a_plan_that_makes_sense_and_is_a_file(moment: str, twice: bool) -> None:
    case = Case({"fault": "latency", "from": "all", "to": "cache", "ms": 5}, moment, 2.0, twice)  # type: ignore[arg-type]
    made = plan(gate(), case)
    made.check(REFERENCE)
    assert of_data(made.to_data()) == made
    titles = [f"{step.step_name()} {step.about}".strip() for step in made.steps]
    at = {name: number for number, name in enumerate(titles)}
    assert at["inject control-fault"] < at["hold control"] < at["hold control-healed"] < at["again deploy-again"]
    on = {
        "before": ["inject deploy-fault", "deploy deploy"],
        "deploy-1": ["attempt deploy"],
        "between": ["inject between-fault", "hold between"],
        "rollback": ["inject rollback-fault", "rollback rollback"],
        "rollback-1": ["attempt rollback"],
        "second-attempt": ["interrupt first-attempt", "inject rollback-fault", "rollback rollback"],
    }[moment]
    assert [at[name] for name in on] == list(range(at[on[0]], at[on[0]] + len(on)))
    assert titles.count("heal") == 2
    assert ("deploy deploy-twice" in at, "rollback rollback-twice" in at) == (twice, twice)
    assert titles[-1] == "against rolled-back"


def test_what_the_stack_declares_is_judged_while_the_fault_is_on() -> None:
    declared = REFERENCE.harness.faults.model_copy(update={"longest_outage": 2.0})
    stack = REFERENCE.model_copy(update={"harness": REFERENCE.harness.model_copy(update={"faults": declared})})
    case = Case({"fault": "cache.cold"}, "rollback")
    made = plan(Gate(stack, "4.1.0", "4.1.1"), case)
    lines = [line for line in made.lines() if "availability" in line]
    assert lines == ["      - check availability (longest_outage 2, budget 1)"]
    assert not [line for line in plan(gate(), case).lines() if "availability" in line]


def verdict(outcome: Outcome, reason: str) -> Verdict:
    return Verdict("queue", outcome, reason, (1,), "the queue")


@pytest.mark.parametrize(
    ("control", "outcome", "says"),
    [
        (Outcome.FAIL, Outcome.UNKNOWN, "here; without a deployment it fails as well, but in another way: there"),
        (Outcome.PASS, Outcome.FAIL, "here; not so without a deployment"),
        (Outcome.UNKNOWN, Outcome.UNKNOWN, "here; whether it is so without a deployment is not known: there"),
    ],
)
def test_a_failure_counts_only_where_it_is_not_so_without_a_deployment(
    control: Outcome, outcome: Outcome, says: str
) -> None:
    here = [LinkPart("rolled-back", verdict(Outcome.FAIL, "here"))]
    link = Link("queue", "", Outcome.PASS, here, [LinkPart("control-healed", verdict(control, "there"))])
    found = link.verdict()
    assert (found.outcome, found.reason) == (outcome, says)
    assert Link.read("queue", link.data()).verdict() == found


def test_a_weakness_is_the_same_failure_but_for_its_numbers_and_hides_nothing_more() -> None:
    def held(here: str, there: str) -> Verdict:
        own = [LinkPart("rolled-back", verdict(Outcome.FAIL, here))]
        return Link("trace", "", Outcome.PASS, own, [LinkPart("control", verdict(Outcome.FAIL, there))]).verdict()

    found = held("9 of 177 requests failed", "12 of 180 requests failed")
    said = "the stack's own weakness, with or without a deployment: 12 of 180 requests failed"
    assert (found.outcome, found.reason) == (Outcome.PASS, said)
    more = held("2 differences: a key is gone, a file is left", "1 difference: a key is gone")
    assert more.outcome is Outcome.UNKNOWN
    assert "a file is left" in more.reason


def test_what_passes_or_is_unknown_is_not_held_against_the_control() -> None:
    for outcome in (Outcome.PASS, Outcome.UNKNOWN):
        parts = [LinkPart("rolled-back", verdict(outcome, "here"))]
        link = Link("queue", "", Outcome.PASS, parts, [LinkPart("control", verdict(Outcome.FAIL, "there"))])
        assert link.verdict().outcome is outcome
