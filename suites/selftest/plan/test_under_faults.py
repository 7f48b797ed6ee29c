"""The gate under faults: which cases there are, what each does, and what is the stack's own weakness."""

from __future__ import annotations

import contextlib
from itertools import combinations
from types import SimpleNamespace
from typing import Any

import pytest

from fixtures import reference, tiny
from fixtures.rolling import STACK as ROLLING
from harness import faults
from harness.clock import ManualClock
from harness.errors import UsageError
from harness.history import History
from harness.plan import gating
from harness.plan.cases import ACTS, GIVEN, MOMENTS, QUICK, Case, Given, Moment, cases, possible
from harness.plan.gate import Gate
from harness.plan.link import Link, LinkPart
from harness.plan.plan import Plan, of_data
from harness.plan.steps import PlanEnded
from harness.plan.steps.interrupt import Interrupt
from harness.plan.under_faults import plan
from harness.stack import Deployer, Stack, load
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
    rows = [(case.fault["fault"], case.moment, case.load, case.given) for case in found]
    axes: list[list[object]] = [list(possible(REFERENCE)), list(MOMENTS), [1.0, 2.0], list(GIVEN)]
    for one, two in combinations(range(len(axes)), 2):
        seen = {(row[one], row[two]) for row in rows}
        assert seen == {(a, b) for a in axes[one] for b in axes[two]}
    assert len(rows) < len(possible(REFERENCE)) * len(MOMENTS) * 2
    assert {case.strategy for case in found} == {""}, "it has commands of its own"
    assert [row[1] for row in rows] == sorted((row[1] for row in rows), key=list(MOMENTS).index)


def test_the_full_profile_has_every_combination() -> None:
    assert len(cases(REFERENCE, ["full"])) == len(possible(REFERENCE)) * len(MOMENTS) * 6


def rolling(strategy: str | None = None) -> Stack:
    """A stack that is deployed by a built-in strategy, which it may name."""
    stack = load(ROLLING, environ={})
    declared = (stack.harness.deployer or Deployer()).model_copy(update={"strategy": strategy})
    return stack.model_copy(update={"harness": stack.harness.model_copy(update={"deployer": declared})})


def test_where_no_strategy_is_named_every_fault_meets_each_of_those_that_are_built_in() -> None:
    found = cases(rolling(), ["standard"])
    met = {(case.fault["fault"], case.strategy) for case in found}
    assert met == {(name, one) for name in possible(rolling()) for one in ("rolling", "recreate")}
    assert {case.given for case in found} == {"once", "twice"}, "a strategy never works beside itself"
    named = next(case for case in found if case.strategy == "recreate")
    assert named.name.endswith("recreate)")


def test_the_strategy_that_a_stack_names_is_the_only_one() -> None:
    assert {case.strategy for case in cases(rolling("recreate"), ["standard"])} == {""}


def test_a_case_is_deployed_by_its_own_strategy_and_the_declared_bounds_are_of_the_declared_one() -> None:
    declared = rolling().harness.faults.model_copy(update={"longest_outage": 2.0})
    stack = rolling().model_copy(update={"harness": rolling().harness.model_copy(update={"faults": declared})})
    bounds = {}
    for strategy in ("rolling", "recreate"):
        case = Case({"fault": "latency", "from": "entrypoint", "to": "lb", "ms": 5}, "rollback", strategy=strategy)
        made = plan(Gate(stack, "1.0.0", "1.1.0"), case)
        made.check(stack)
        assert of_data(made.to_data()) == made
        assert made.strategy == strategy
        bounds[strategy] = any("availability" in line for line in made.lines())
    assert bounds == {"rolling": True, "recreate": False}


def test_the_plan_of_a_case_is_run_by_its_strategy(monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[str] = []

    def noted(*given: object) -> None:
        ran.append(str(given[3]))
        raise PlanEnded

    class Made(contextlib.AbstractContextManager["Made"]):
        id = "h1"

        def __exit__(self, *_: object) -> None:
            """Nothing was brought up."""

    monkeypatch.setattr(gating, "Trial", noted)
    history = History(clock=ManualClock())
    run: Any = SimpleNamespace(environment=lambda *_, **__: Made(), history=history, control=str, samples=str)
    case = Case({"fault": "latency", "from": "entrypoint", "to": "lb", "ms": 5}, "rollback", strategy="recreate")
    with pytest.raises(PlanEnded):
        gating.in_environment(run, rolling(), plan(Gate(rolling(), "1.0.0", "1.1.0"), case))
    assert ran == ["recreate"]


def test_a_plan_by_a_strategy_is_refused_where_the_stack_has_commands_of_its_own() -> None:
    made = plan(gate(), Case({"fault": "cache.cold"}, "rollback", strategy="recreate"))
    with pytest.raises(UsageError, match="The plan's strategy cannot deploy this stack"):
        made.check(REFERENCE)


@pytest.mark.parametrize("name", ACTS)
def test_what_goes_wrong_with_the_commands_themselves_has_cases_without_a_fault(name: str) -> None:
    found = cases(REFERENCE, [name])
    assert [(case.act, case.moment) for case in found] == [(name, moment) for moment in ACTS[name].moments]
    for case in found:
        made = plan(gate(), case)
        made.check(REFERENCE)
        assert of_data(made.to_data()) == made
        assert made.name == f"{name} at {case.moment}"
        steps = [step.step_name() for step in made.steps]
        assert not {"inject", "heal", "attempt"} & set(steps)
        assert steps[-1] == "against"


def test_two_deployers_are_given_every_command_and_held_to_their_word() -> None:
    (case, *_) = cases(REFERENCE, ["two-deployers"])
    lines = "\n".join(plan(gate(), case).lines())
    assert "deploy 4.1.1, by two deployers at once" in lines
    assert "roll back, by two deployers at once" in lines
    deployed = {"check": "two-deployers", "verb": "deploy", "release": "4.1.1"}
    taken_back = {"check": "two-deployers", "verb": "rollback", "release": "4.1.0"}
    assert words_asked(plan(gate(), case)) == [deployed, taken_back]
    under = plan(gate(), Case({"fault": "cache.cold"}, "rollback", given="two-at-once"))
    assert words_asked(under) == [deployed, {**taken_back, "both_may_refuse": True}]
    alone = plan(gate(), Case({"fault": "cache.cold"}, "rollback"))
    assert words_asked(alone) == [{**taken_back, "check": "deployer", "may_refuse": True}]


def words_asked(made: Plan) -> list[dict[str, object]]:
    """What is asked about the deployer's word, in order."""
    asked = [one for step in made.to_data()["steps"] if step["step"] == "check" for one in step["checks"]]
    return [one for one in asked if one != "failed"]


def test_two_deployers_are_refused_where_a_built_in_strategy_deploys() -> None:
    case = Case({}, "rollback", given="two-at-once", act="two-deployers")
    with pytest.raises(UsageError) as caught:
        plan(Gate(rolling(), "1.0.0", "1.1.0"), case).check(rolling())
    assert "a built-in strategy never works beside itself" in str(caught.value.got)
    with pytest.raises(UsageError, match="No fault can be injected"):
        cases(rolling(), ["two-deployers"])


@pytest.mark.parametrize(("stack", "replicas"), [(REFERENCE, [1, 2, 2]), (TINY, [1, 1, 1])])
def test_several_deployments_fail_with_a_fleet_that_is_left_half_way(stack: Stack, replicas: list[int]) -> None:
    old, new = list(stack.harness.releases)
    made = plan(Gate(stack, old, new), Case({}, "after-failures", act="failed-deployments"))
    killed = [step for step in made.steps if isinstance(step, Interrupt)]
    assert [one.replicas for one in killed] == replicas
    titles = [f"{step.step_name()} {step.about}" for step in made.steps]
    at = titles.index("interrupt failed-deploy-3")
    assert titles[at : at + 3] == ["interrupt failed-deploy-3", "check failed-deploy-3", "rollback rollback"]
    assert "deploy deploy" not in titles


@pytest.mark.parametrize("wanted", ["cache.stall", "quickly"])
def test_what_is_no_fault_and_no_profile_is_refused_with_what_was_meant(wanted: str) -> None:
    with pytest.raises(UsageError, match="no such fault or profile") as caught:
        cases(REFERENCE, [wanted])
    assert "quick" in str(caught.value.expected)


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("given", GIVEN)
def test_each_moment_has_a_plan_that_makes_sense_and_is_a_file(moment: Moment, given: Given) -> None:
    case = Case({"fault": "latency", "from": "all", "to": "cache", "ms": 5}, moment, 2.0, given)
    made = plan(gate(), case)
    made.check(REFERENCE)
    assert of_data(made.to_data()) == made
    titles = [f"{step.step_name()} {step.about}".strip() for step in made.steps]
    at = {name: number for number, name in enumerate(titles)}
    assert at["inject control-fault"] < at["hold control"] < at["hold control-healed"] < at["again rollback-again"]
    on = {
        "before": ["inject deploy-fault", "deploy deploy"],
        "deploy-1": ["attempt deploy"],
        "between": ["inject between-fault", "hold between"],
        "rollback": ["inject rollback-fault", "rollback rollback"],
        "rollback-1": ["attempt rollback"],
        "after-failures": ["check failed-deploy-3", "inject rollback-fault", "rollback rollback"],
        "second-attempt": ["interrupt first-attempt", "inject rollback-fault", "rollback rollback"],
    }[moment]
    assert [at[name] for name in on] == list(range(at[on[0]], at[on[0]] + len(on)))
    assert titles.count("heal") == 2
    deployed = moment != "after-failures"
    again = given == "twice"
    assert ("deploy deploy-twice" in at, "rollback rollback-twice" in at) == (again and deployed, again)
    by_two = {step.about for step in made.steps if getattr(step, "deployers", 1) == 2}
    assert by_two == ({"rollback", *(["deploy"] * deployed)} if given == "two-at-once" else set())
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


@pytest.mark.parametrize(
    ("here", "there", "by"),
    [
        ("90 of 177 requests failed", "9 of 180 requests failed", "90 of 177 is more than 5 times as much as 9 of 180"),
        (
            "the oldest job waits for 61.0 s",
            "the oldest job waits for 12.1 s",
            "61.0 is more than 5 times as much as 12.1",
        ),
        ("40 records are lost", "0 records are lost", "40 is more than 5 times as much as 0"),
    ],
)
def test_a_failure_that_is_far_larger_than_the_weakness_is_unknown(here: str, there: str, by: str) -> None:
    own = [LinkPart("rolled-back", verdict(Outcome.FAIL, here))]
    link = Link("errors", "", Outcome.PASS, own, [LinkPart("control", verdict(Outcome.FAIL, there))])
    found = link.verdict()
    assert found.outcome is Outcome.UNKNOWN
    assert found.reason == f"{here}; without a deployment it fails as well, but by far less: {there} ({by})"
    assert found.look
    back = Link("errors", "", Outcome.PASS, [LinkPart("rolled-back", verdict(Outcome.FAIL, there))], own)
    assert back.verdict().outcome is Outcome.PASS, "less than the weakness is the weakness"


def test_what_passes_or_is_unknown_is_not_held_against_the_control() -> None:
    for outcome in (Outcome.PASS, Outcome.UNKNOWN):
        parts = [LinkPart("rolled-back", verdict(outcome, "here"))]
        link = Link("queue", "", Outcome.PASS, parts, [LinkPart("control", verdict(Outcome.FAIL, "there"))])
        assert link.verdict().outcome is outcome
