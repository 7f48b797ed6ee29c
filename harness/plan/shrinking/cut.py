"""A plan that is simpler than another one: what is left of its steps, or milder values in them."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace

from harness.plan.plan import Plan
from harness.plan.steps import Step
from harness.plan.steps._base import fault as fault_of
from harness.plan.steps._check_call import CheckCall

DEPLOYS, ROLLS_BACK = "deploy", "rollback"
# Steps that look at nothing: where they stand in the plan may change.
DO_ONLY = ("load", "inject", "heal", "mark", "control")


@dataclass(frozen=True, slots=True)
class Cut:
    """A simpler plan. `words` say how: `without steps 3 to 7`."""

    plan: Plan
    words: str


def keeping(plan: Plan, kept: Collection[int], words: str) -> Cut:
    """With these steps alone, by their place from 0."""
    return Cut(replace(plan, steps=tuple(step for at, step in enumerate(plan.steps) if at in kept)), words)


def without(plan: Plan, gone: Collection[int]) -> Cut:
    """Without these steps, by their place from 0."""
    left = [at for at in range(len(plan.steps)) if at not in gone]
    return keeping(plan, left, f"without {_named(sorted(gone))}")


def with_step(plan: Plan, at: int, step: Step) -> Plan:
    """With another step in the place of one."""
    return replace(plan, steps=(*plan.steps[:at], step, *plan.steps[at + 1 :]))


def changing(plan: Plan, at: int, words: str, **values: object) -> Cut | None:
    """With other values of a step's fields; None where the step refuses them."""
    step = plan.steps[at]
    try:
        made = type(step).model_validate({name: getattr(step, name) for name in type(step).model_fields} | values)
    except ValueError:
        return None
    return Cut(with_step(plan, at, made), f"step {at + 1}: {words}")


def with_checks(plan: Plan, at: int, checks: Iterable[CheckCall]) -> Plan:
    """With these checks alone in a step."""
    return with_step(plan, at, plan.steps[at].model_copy(update={"checks": tuple(checks)}))


def checks_of(step: Step) -> tuple[CheckCall, ...]:
    """The checks that a step asks; none where it has no list of them."""
    found = getattr(step, "checks", ())
    return found if isinstance(found, tuple) else ()


def pairs(plan: Plan) -> list[tuple[int, ...]]:
    """The steps that inject a fault, each with the one that heals it."""
    found: list[tuple[int, ...]] = []
    for at, step in enumerate(plan.steps):
        name = str(getattr(step, "name", ""))
        if hasattr(step, "fault") and fault_of(name) in step.provides():
            later = range(at + 1, len(plan.steps))
            heal = next((one for one in later if fault_of(name) in plan.steps[one].removes()), None)
            found.append((at,) if heal is None else (at, heal))
    return found


def heading(plan: Plan) -> list[tuple[str, str]]:
    """Before each step, what the plan has asked for: how, and the release that should run."""
    found, now = [], ("", plan.old)
    for step in plan.steps:
        found.append(now)
        if not step.changes or step.step_name() in ("restart", "run"):
            continue
        goes_back = getattr(step, "verb", step.step_name()) == ROLLS_BACK
        half = "half " if step.step_name() == "interrupt" else ""
        now = (half, plan.old if goes_back else str(getattr(step, "release", None) or plan.new))
    return found


def looks(step: Step) -> bool:
    """Whether a step looks at what runs: then it matters where in the plan it stands."""
    return not step.changes and step.step_name() not in DO_ONLY


def sensible(plan: Plan, of: Plan) -> bool:
    """Whether every step that looks at something still looks at what it was meant for.

    A check that the new release runs fails where nothing is deployed: that is no failure but a plan without sense. So
    each step that looks stands where the plan has asked for the same release as the plan that it was cut out of.
    """
    meant: dict[str, list[tuple[str, str]]] = {}
    for step, asked in zip(of.steps, heading(of), strict=True):
        meant.setdefault(identity(step), []).append(asked)
    return all(
        asked in meant.get(identity(step), [asked])
        for step, asked in zip(plan.steps, heading(plan), strict=True)
        if looks(step)
    )


def identity(step: Step) -> str:
    """What a step is known by: the same where its values were made milder."""
    return f"{step.step_name()} {step.about}"


def cost(plan: Plan) -> tuple[int, int, float]:
    """What shrinking makes smaller: steps, then checks and selectors that leave a choice, then amounts."""
    data = plan.to_data()["steps"]
    choices = sum(_choices(step) for step in data)
    return len(plan.steps), sum(len(checks_of(step)) for step in plan.steps) + choices, sum(_amounts(s) for s in data)


def _choices(step: dict[str, object]) -> int:
    fault = step.get("fault")
    words = fault.values() if isinstance(fault, dict) else ()
    chosen = sum(str(word).split(" ")[0] in ("one", "minority", "all") for word in words)
    return chosen + ("drain" in step) + (step.get("rate") is not None) + (step["step"] == "attempt")


def _amounts(value: object) -> float:
    if isinstance(value, dict):
        return sum(_amounts(one) for one in value.values())
    if isinstance(value, (list, tuple)):
        return sum(map(_amounts, value))
    if isinstance(value, bool):
        return 0.0
    if isinstance(value, (int, float)):
        return float(abs(value))
    return _seconds(str(value))


def _seconds(text: str) -> float:
    """Of a duration as plans have it, `1.5s`."""
    try:
        return abs(float(text.removesuffix("s"))) if text.endswith("s") else 0.0
    except ValueError:
        return 0.0


def _named(gone: list[int]) -> str:
    """`step 3`, `steps 3 to 7`, `steps 3, 5 and 9`."""
    numbers = [one + 1 for one in gone]
    if len(numbers) == 1:
        return f"step {numbers[0]}"
    if numbers == list(range(numbers[0], numbers[-1] + 1)):
        return f"steps {numbers[0]} to {numbers[-1]}"
    return f"steps {', '.join(map(str, numbers[:-1]))} and {numbers[-1]}"
