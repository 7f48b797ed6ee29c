"""Candidates with fewer steps: which there are, in which order, and what each is called."""

from __future__ import annotations

from harness.plan.plan import Plan
from harness.plan.shrinking.cut import checks_of
from harness.plan.shrinking.structure import needed, structures
from harness.plan.steps import Step
from harness.plan.steps.attempt import Attempt
from harness.plan.steps.deploy import Deploy
from harness.plan.steps.drain import Level
from harness.plan.steps.heal import Heal
from harness.plan.steps.hold import Hold
from harness.plan.steps.inject import Inject
from harness.plan.steps.load import Load
from harness.plan.steps.rollback import Rollback
from suites.selftest.plan.made import NEW, OLD, plan_of

SLOW = {"fault": "latency", "from": "web-1", "to": "queue", "ms": 200}
DEPLOY, BACK = Deploy(phase="d", release=NEW), Rollback(phase="r")


def held(phase: str, *checks: str) -> Hold:
    return Hold(phase=phase, seconds=1.0, checks=checks)


def names(plan: Plan) -> list[str]:
    return [step.about or step.step_name() for step in plan.steps]


def candidates(*steps: Step, failing: int | None = None, check: str = "errors") -> list[tuple[str, list[str]]]:
    """What each is called, and its steps."""
    return [(cut.words, names(cut.plan)) for cut in structures(plan_of(*steps), failing, check)]


PLAN = (
    Load(), Inject(phase="i", name="slow", fault=SLOW), DEPLOY, Heal(name="slow"), held("h", "errors"), BACK,
    held("end", "errors"),
)  # fmt: skip


def test_what_comes_after_the_step_that_failed_goes_first_and_then_all_but_what_that_step_needs() -> None:
    found = candidates(*PLAN, failing=5)
    assert found[0] == ("without steps 6 to 7", ["load", "i", "d", "heal", "h"])
    assert [words for words, _ in found[1:9:2]] == [
        "what step 5 needs", "what step 5 needs and the faults", "what step 5 needs and what changes releases",
        "what step 5 needs, the faults and what changes releases",
    ]  # fmt: skip
    assert [steps for _, steps in found[1:9]] == [
        *[["load", "d", "h"]] * 2, *[["load", "i", "d", "heal", "h"]] * 2, *[["load", "d", "h"]] * 2,
        *[["load", "i", "d", "heal", "h"]] * 2,
    ]  # fmt: skip


def test_faults_go_with_what_heals_them_then_blocks_then_a_deployment_with_its_rollback_then_single_steps() -> None:
    found = candidates(*PLAN)
    assert [words for words, _ in found] == [
        "without steps 2 and 4", "without steps 2 and 4",  # all faults; each fault
        "without steps 1 to 4", "without steps 5 to 7",  # halves of six units
        "without steps 3 and 6",
        *(f"without step {at}" for at in (7, 6, 5, 4, 3, 2, 1)),
    ]  # fmt: skip
    assert found[0][1] == ["load", "d", "h", "r", "end"]


def test_halves_come_before_quarters() -> None:
    found = candidates(*(held(f"h{number}") for number in range(1, 10)))
    assert [words for words, _ in found][:8] == [
        "without steps 1 to 4", "without steps 5 to 8", "without step 9",
        "without steps 1 to 2", "without steps 3 to 4", "without steps 5 to 6", "without steps 7 to 8",
        "without step 9",
    ]  # fmt: skip
    assert len(found) == 8 + 9


def test_the_last_step_that_failed_has_nothing_after_it() -> None:
    assert candidates(Load(), held("h", "errors"), failing=2)[0][0] == "what step 2 needs"


def test_the_check_that_failed_is_tried_as_the_only_one_of_its_step_and_without_the_wait_for_the_queue() -> None:
    hold = Hold(phase="h", seconds=1.0, checks=("availability", "errors"), drain=Level(within=3.0))
    plan = plan_of(Load(), held("baseline"), hold)
    alone, whole = list(structures(plan, 3, "errors"))[:2]
    assert [[one.check for one in checks_of(cut.plan.steps[-1])] for cut in (alone, whole)] == [
        ["errors"], ["availability", "errors"],
    ]  # fmt: skip
    assert [getattr(cut.plan.steps[-1], "drain", None) for cut in (alone, whole)] == [None, hold.drain]
    assert names(whole.plan) == ["load", "baseline", "h"]


def test_where_the_queue_failed_its_wait_stays() -> None:
    queue = {"check": "queue", "baseline": "baseline", "within": 3.0}
    hold = Hold(phase="h", seconds=1.0, checks=("errors", queue), drain=Level(within=3.0))
    alone = next(structures(plan_of(Load(), held("baseline"), hold), 3, "queue"))
    assert getattr(alone.plan.steps[-1], "drain", None) == hold.drain


def test_a_step_that_never_asked_that_check_is_kept_as_it_is() -> None:
    alone, whole = list(structures(plan_of(Load(), held("h", "errors", "availability")), 2, "release"))[:2]
    assert alone == whole


def test_what_a_step_needs_is_the_last_that_gives_it_and_what_changed_the_releases_before_it_looks() -> None:
    plan = plan_of(Load(), DEPLOY, held("h"), Load(rate=2.0), BACK, held("end"), held("more"))
    assert needed(plan, {6}) == {3, 4, 1, 0, 6}, "the later load, the rollback, its deployment, and the load of that"
    assert needed(plan, {0}) == {0}
    assert needed(plan, [6, 6, 2]) == {0, 1, 2, 3, 4, 6}


def test_an_attempt_under_a_fault_is_tried_as_the_command_alone_without_what_heals_it() -> None:
    for verb, release, made in (("deploy", NEW, DEPLOY), ("rollback", OLD, BACK)):
        attempt = Attempt(phase=made.phase, verb=verb, release=release, name="cut", fault=SLOW)
        plan = plan_of(Load(), attempt, Heal(name="cut"), held("h"))
        cut = next(one for one in structures(plan, None, "errors") if one.words == "step 2 without its fault")
        assert cut.plan.steps == (plan.steps[0], made, plan.steps[3])


def test_between_two_commands_what_belongs_to_them_goes_with_them() -> None:
    attempt = Attempt(phase="d", verb="deploy", release=NEW, name="cut", fault=SLOW)
    found = candidates(Load(), attempt, Heal(name="cut"), BACK, held("h"))
    assert ("without steps 2 to 4", ["load", "h"]) in found
