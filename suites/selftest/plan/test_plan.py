"""Plans as files: what is read, what is refused with its line, and what makes no sense on a stack."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from harness.errors import HarnessError, UsageError
from harness.plan import steps
from harness.plan.plan import Plan, load, of_data, of_text, phases, schema
from harness.plan.steps import Step
from harness.plan.steps.hold import Hold
from harness.stack import Stack
from suites.selftest.plan.made import NEW, OLD, tiny_stack

WHOLE = """\
name: by-hand
title: "{from} -> {to} -> {from}"
from: "1.0.0"
to: "1.1.0"
steps:
  - {step: load, rate: 20/s}
  - step: hold
    phase: baseline
    seconds: 2s
    checks: [errors, {check: release, release: "{from}"}]
    precondition: true
  - {step: fingerprint, phase: baseline}
  - step: inject
    phase: slow
    name: slow-queue
    fault: {fault: latency, from: web-1, to: queue, ms: 50}
  - {step: deploy, phase: deploy, release: "{to}"}
  - {step: check, phase: deploy, checks: [{check: availability, baseline: baseline, budget: 0.5}]}
  - {step: heal, name: slow-queue}
  - {step: rollback, phase: rollback}
  - {step: wait-until, phase: back, check: {check: release, release: "{from}"}, within: 10s}
  - {step: restart, phase: again, replicas: [web-2]}
"""


def refusal(text: str) -> str:
    with pytest.raises(HarnessError) as caught:
        of_text(text, "plan.yaml")
    return str(caught.value)


def plan(*made: dict[str, Any], old: str = OLD, new: str = NEW) -> Plan:
    return of_data({"name": "p", "from": old, "to": new, "steps": list(made)})


LOAD = {"step": "load"}
HOLD = {"step": "hold", "phase": "baseline", "seconds": "2s"}
DEPLOY = {"step": "deploy", "phase": "deploy", "release": NEW}
ROLLBACK = {"step": "rollback", "phase": "rollback"}


def nonsense(*made: dict[str, Any], stack: Stack | None = None) -> str:
    with pytest.raises(UsageError) as caught:
        plan(*made).check(stack or tiny_stack())
    assert caught.value.what == "The plan makes no sense"
    return f"{caught.value.where}: {caught.value.got}"


def test_a_plan_is_read_from_yaml_and_from_json_alike(tmp_path: Path) -> None:
    (tmp_path / "plan.yaml").write_text(WHOLE)
    (tmp_path / "plan.json").write_text(json.dumps(yaml.safe_load(WHOLE)))
    found = load(tmp_path / "plan.yaml")
    assert found == load(tmp_path / "plan.json")
    assert (found.name, found.title, found.old, found.new) == ("by-hand", "1.0.0 -> 1.1.0 -> 1.0.0", OLD, NEW)
    assert phases(found.steps) == ["baseline", "slow", "deploy", "rollback", "back", "again"]
    found.check(tiny_stack())


def test_the_releases_that_are_asked_for_stand_in_place_of_the_files_own(tmp_path: Path) -> None:
    (tmp_path / "plan.yaml").write_text(WHOLE)
    found = load(tmp_path / "plan.yaml", "2.0.0", "2.1.0")
    assert (found.old, found.new, found.title) == ("2.0.0", "2.1.0", "2.0.0 -> 2.1.0 -> 2.0.0")
    assert "deploy 2.1.0" in [step.title() for step in found.steps]


def test_a_plan_without_a_name_has_that_of_its_file(tmp_path: Path) -> None:
    (tmp_path / "my-plan.yaml").write_text("steps: [{step: load}]")
    assert load(tmp_path / "my-plan.yaml").name == "my-plan"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("steps: []", ("The plan has no steps", "plan.yaml, line 1: steps")),
        ("name: x", ("The plan has no steps",)),
        ("stepz: []\nsteps: [{step: load}]", ("stepz", "did you mean steps?", "line 1")),
        ("steps:\n  - {step: lode}", ("lode", "did you mean load?", "line 2: steps[0].step")),
        ("steps:\n  - load", ("no `step`", "line 2: steps[0]")),
        ("steps:\n  - {step: load, rate: fast}", ("rate", "50/s", "line 2: steps[0].rate")),
        ("steps:\n  - step: hold\n    phase: p\n    seconds: 5", ("a duration with its unit", "line 4")),
        ("steps:\n  - step: deploy\n    phase: p", ("A key is missing", "`release`", "line 2")),
        ("steps:\n  - step: rollback\n    phase: p\n    fast: true", ("A key is not known", "fast", "line 4")),
        ("steps:\n  - step: rollback\n    phase: Two words", ("line 3: steps[0].phase",)),
        ("steps:\n- step: check\n  phase: p\n  checks: [relase]", ("one of ", "release", "line 4")),
        (
            "steps:\n- step: check\n  phase: p\n  checks: [{check: queue, baseline: b, whithin: 3}]",
            ("no parameter but ", "within", "line 4"),
        ),
        ("steps:\n- step: check\n  phase: p\n  checks: [{check: queue, baseline: b, within: soon}]", ("within: ",)),
        ("steps:\n- step: check\n  phase: p\n  checks: [release]", ("release: what only the plan can say",)),
        (
            "steps:\n- step: inject\n  phase: p\n  name: f\n  fault: {fault: latncy}",
            ("latency", "There is no such fault", "line 5: steps[0].fault"),
        ),
        ("steps: [", ("not valid YAML", "line 1")),
        ("- step: load", ("line 1",)),
    ],
)
def test_a_mistake_is_refused_with_its_line_and_key(text: str, words: tuple[str, ...]) -> None:
    said = refusal(text)
    assert [word for word in words if word not in said] == [], said


@pytest.mark.parametrize(
    ("made", "words"),
    [
        ((HOLD,), "p, step 1: hold 2 s of load: it needs the load, which no step before it gives"),
        ((LOAD, ROLLBACK), "step 2: roll back: it needs a deployment, which no step before it gives"),
        ((LOAD, {**DEPLOY, "release": "9"}), "the stack has no release 9; it has 1.0.0, 1.1.0"),
        ((LOAD, HOLD, HOLD), "step 3: hold 2 s of load: the phase baseline is measured already"),
        ((LOAD, HOLD, {"step": "heal", "name": "x"}), "it needs the fault x"),
        ((LOAD, {"step": "check", "phase": "deploy", "checks": ["errors"]}), "it needs the phase deploy"),
        (
            (LOAD, HOLD, {"step": "check", "phase": "baseline", "checks": [{"check": "trace", "before": "start"}]}),
            "it needs the fingerprint of baseline",
        ),
        (
            (
                LOAD,
                DEPLOY,
                {"step": "check", "phase": "deploy", "checks": [{"check": "queue", "baseline": "b", "within": 5.0}]},
            ),
            "it needs the phase b",
        ),
        ((LOAD, {"step": "restart", "phase": "r", "replicas": ["web-9"]}), "the stack has no replica web-9; it has "),
        ((LOAD, {"step": "retry", "phase": "r", "verb": "deploy"}), "it names no release"),
        ((LOAD, {"step": "recovered", "phase": "r", "baseline": "b"}), "it needs the control"),
        ((LOAD, {"step": "drain", "phase": "d", "until": {"within": "5s"}}), "it needs the phase baseline"),
        (
            (LOAD, HOLD, {"step": "read-back", "phase": "baseline"}),
            "the stack does not declare how acknowledged work is read back",
        ),
    ],
)
def test_a_plan_that_makes_no_sense_is_refused_with_its_step_and_the_reason(
    made: tuple[dict[str, Any], ...], words: str
) -> None:
    assert words in nonsense(*made)


@pytest.mark.parametrize(
    "step", [{"step": "drain", "phase": "d", "until": {"within": "5s"}}, {**HOLD, "drain": {"within": "5s"}}]
)
def test_a_queue_that_the_stack_does_not_declare_cannot_be_waited_for(step: dict[str, Any]) -> None:
    stack = tiny_stack()
    probes = stack.harness.probes.model_copy(update={"queue": None})
    bare = stack.model_copy(update={"harness": stack.harness.model_copy(update={"probes": probes})})
    assert "the stack declares no queue" in nonsense(LOAD, step, stack=bare)


def test_a_fault_that_was_healed_cannot_be_healed_again() -> None:
    fault = {"fault": "latency", "from": "web-1", "to": "queue", "ms": 50}
    inject = {"step": "inject", "phase": "slow", "name": "f", "fault": fault}
    heal = {"step": "heal", "name": "f"}
    plan(LOAD, inject, heal).check(tiny_stack())
    assert "step 4: heal f: it needs the fault f" in nonsense(LOAD, inject, heal, heal)


def test_what_a_stack_lacks_is_named_before_anything_is_brought_up() -> None:
    stack = tiny_stack()
    bare = stack.model_copy(update={"harness": stack.harness.model_copy(update={"deployer": None})})
    with pytest.raises(UsageError, match="The stack declares no deployer"):
        plan(LOAD, DEPLOY).check(bare)
    plan(LOAD, HOLD).check(bare)  # who deploys nothing needs none


@pytest.mark.parametrize("name", steps.names())
def test_every_step_says_what_it_does_and_is_in_the_documentation(name: str) -> None:
    kind = steps.find(name)
    assert issubclass(kind, Step)
    assert kind.step_name() == name
    assert all(field.description for field in kind.model_fields.values())
    documented = (Path(__file__).parents[3] / "docs" / "plans.md").read_text(encoding="utf-8")
    assert f"| `{name}` |" in documented


def test_a_step_that_does_not_exist_is_refused_with_those_that_do() -> None:
    with pytest.raises(UsageError, match="no such step") as caught:
        steps.find("nothing")
    assert "read-back" in str(caught.value.expected)


def test_the_schema_takes_what_is_read_and_refuses_what_is_not() -> None:
    validator = jsonschema.Draft202012Validator(schema())
    validator.check_schema(schema())
    assert not list(validator.iter_errors(yaml.safe_load(WHOLE)))
    bad: tuple[dict[str, Any], ...] = (
        {"steps": []},
        {"steps": [{"step": "lode"}]},
        {"steps": [{"step": "hold", "phase": "p"}]},
        {},
    )
    for wrong in bad:
        assert list(validator.iter_errors(wrong)), wrong


COMPLETE = Plan(
    "löwe", "a title", OLD, NEW, (Hold(phase="a", seconds=1.0),), strategy="rolling",
    final=(Hold(phase="z", seconds=2.0),), not_checked={"queue": "there is none"},
)  # fmt: skip


def test_a_plans_file_has_what_it_is_first_its_steps_then_and_only_what_it_has() -> None:
    assert COMPLETE.to_data() == {
        "name": "löwe", "title": "a title", "from": OLD, "to": NEW, "strategy": "rolling",
        "steps": [{"step": "hold", "phase": "a", "seconds": "1s"}],
        "finally": [{"step": "hold", "phase": "z", "seconds": "2s"}],
        "not-checked": {"queue": "there is none"},
    }  # fmt: skip
    assert [*COMPLETE.to_data()] == ["name", "title", "from", "to", "strategy", "steps", "finally", "not-checked"]
    assert [*Plan("p", "t", OLD, NEW, COMPLETE.steps).to_data()] == ["name", "title", "from", "to", "steps"]


def test_a_plans_file_keeps_that_order_and_every_letter_and_reads_as_the_same_plan() -> None:
    text = COMPLETE.to_yaml()
    assert text.startswith("name: löwe\ntitle: a title\nfrom: ")
    again = of_text(text, "here")
    assert (again.name, again.steps, again.final, again.strategy) == (
        COMPLETE.name, COMPLETE.steps, COMPLETE.final, COMPLETE.strategy,
    )  # fmt: skip


def test_a_plan_without_a_title_is_told_by_its_name_and_one_with_a_strategy_with_that() -> None:
    assert next(COMPLETE.lines()) == "löwe: a title (strategy rolling)"
    assert next(Plan("p", "", OLD, NEW, ()).lines()) == "p"
