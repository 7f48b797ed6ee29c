"""A plan: what is done to an environment, step by step, as a value.

It is printed before it runs, saved with the run, read from a file (YAML or JSON) and compared. A plan that makes no
sense is refused with the step and the reason, before anything is brought up.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml

from harness import reading
from harness.deploy import built_in, releases_needed, strategy_names
from harness.errors import UsageError
from harness.plan.needs import refuse_unknown, refuse_without
from harness.plan.steps import FAULT, Step, find, names
from harness.stack import Stack
from harness.stack.mistakes import StackFindings, mistake, written
from harness.stack.nodes import Node, Scalar, SourceMapping, SourceSequence
from harness.stack.plainwords import meant, one_of
from harness.stack.source import parse
from harness.stack.validate import validate

WIDTH = 80  # columns of the printed plan
KEYS = ("name", "title", "from", "to", "strategy", "steps", "finally", "not-checked")
_FAST = getattr(yaml, "CSafeDumper", yaml.SafeDumper)  # libyaml's; what it writes is only read again
FINALLY = "finally, whatever happened before, with every fault healed:"


@dataclass(frozen=True, slots=True)
class Plan:
    """Steps in order, and the releases that they go between.

    Attributes:
        name: what reports call it.
        title: what it does, in a few words.
        old, new: the release that runs at the beginning, and the one that is deployed and taken back.
        steps: what is done.
        final: what is done at the end whatever happened: also where a step ended the plan, or could not be done. Every
            fault is healed before. In a file it is `finally`.
        not_checked: by check, why the stack has it switched off.
        strategy: the built-in strategy by which is deployed; empty for what the stack declares.
    """

    name: str
    title: str
    old: str
    new: str
    steps: tuple[Step, ...]
    not_checked: Mapping[str, str] = field(default_factory=dict)
    final: tuple[Step, ...] = ()
    strategy: str = ""

    @property
    def every(self) -> tuple[Step, ...]:
        """All steps in order, the final ones last; a step's number is its place here."""
        return (*self.steps, *self.final)

    def to_data(self) -> dict[str, Any]:
        """As its file has it."""
        steps = [step.to_data() for step in self.steps]
        made: dict[str, Any] = {"name": self.name, "title": self.title, "from": self.old, "to": self.new}
        made |= ({"strategy": self.strategy} if self.strategy else {}) | {"steps": steps}
        if self.final:
            made["finally"] = [step.to_data() for step in self.final]
        return {**made, "not-checked": dict(self.not_checked)} if self.not_checked else made

    def to_yaml(self) -> str:
        """As a file that `load` reads."""
        return yaml.safe_dump(self.to_data(), sort_keys=False, allow_unicode=True, width=WIDTH)

    def lines(self) -> Iterator[str]:
        """The plan for people: its title, then each step with its number and phase."""
        whole = f"{self.name}: {self.title}" if self.title else self.name
        whole += f" (strategy {self.strategy})" if self.strategy else ""
        yield from textwrap.wrap(whole, WIDTH, subsequent_indent="  ", break_on_hyphens=False)
        wide = len(str(len(self.every)))
        for number, step in enumerate(self.every, 1):
            if number == len(self.steps) + 1:
                yield f"  {FINALLY}"
            phase = f"  [{step.about}]" if step.about else ""
            indent = " " * (wide + 4)
            yield from textwrap.wrap(
                f"{number:{wide + 2}}. {step.title()}{phase}", WIDTH, subsequent_indent=indent, break_on_hyphens=False
            )
            for detail in step.details():
                yield from textwrap.wrap(
                    detail, WIDTH, initial_indent=indent + "- ", subsequent_indent=indent + "  ", break_on_hyphens=False
                )

        for name, reason in self.not_checked.items():
            said = f"not checked: {name} ({reason})"
            yield from textwrap.wrap(said, WIDTH, initial_indent="  ", subsequent_indent="    ")

    def adapted(self, stack: Stack) -> Plan:
        """The same with what a stack says of its checks (`x-harness: checks`): without those that are off."""
        steps, final = (tuple(filter(None, (one.adapted(stack) for one in part))) for part in (self.steps, self.final))
        off = {check: said.off for check, said in stack.harness.checks.items() if said.off is not None}
        return replace(self, steps=steps, final=final, not_checked=off)

    def check(self, stack: Stack) -> None:
        """Make sure that it makes sense on a stack.

        Raises:
            UsageError: the first step that does not, and why.
        """
        self._refuse_strategy(stack)
        refuse_unknown(stack)
        for release in self.releases():
            releases_needed(stack, self.old, release)
        refuse_without(stack, (key for step in self.every for key in step.declared), "gated")
        given = set[str]()
        for number, step in enumerate(self.every, 1):
            if number == len(self.steps) + 1:
                given = without_faults(given)
            if problem := step.problem(stack):
                raise self._refusal(number, step, problem)
            missing = [need for need in step.requires() if need not in given]
            if missing:
                raise self._refusal(number, step, f"it needs {missing[0]}, which no step before it gives")
            twice = [one for one in step.provides() if one in given and one.startswith("the phase ")]
            if twice:
                raise self._refusal(number, step, f"{twice[0]} is measured already by a step before it")
            given.update(step.provides())
            given.difference_update(step.removes())

    def _refuse_strategy(self, stack: Stack) -> None:
        """Its strategy has to be one by which the stack can be deployed."""
        if self.strategy and (self.strategy not in strategy_names() or not built_in(stack)):
            raise UsageError(
                "The plan's strategy cannot deploy this stack", where=f"{self.name}: strategy", got=self.strategy,
                expected=f"{one_of(strategy_names())}, on a stack that is deployed by a built-in strategy",
                hint="leave it out: then the stack's own deployer is used",
            )  # fmt: skip

    def releases(self) -> tuple[str, ...]:
        """The releases that its steps go to, beside the one that runs at the beginning."""
        named = (getattr(step, "release", None) for step in self.every)
        return tuple(dict.fromkeys(one for one in named if one and one != self.old))

    def _refusal(self, number: int, step: Step, problem: str) -> UsageError:
        return UsageError(
            "The plan makes no sense",
            where=f"{self.name}, step {number}: {step.title()}",
            got=problem,
            hint="`harness plan show` prints the plan with its numbers; docs/plans.md says what each step needs",
        )


def load(file: Path, old: str = "", new: str = "") -> Plan:
    """A plan from a file.

    Args:
        file: YAML or JSON.
        old, new: what `{from}` and `{to}` in it stand for; left out, what the file itself says.

    Raises:
        UsageError: it cannot be read, or is no plan; with its line and key.
    """
    return of_text(reading.text(file, "The plan"), str(file), old, new)


def of_text(text: str, name: str, old: str = "", new: str = "") -> Plan:
    """A plan from the text of a file. `name` stands for the file in messages."""
    root, findings = parse(text, name), StackFindings(name)
    for key, node in root.fields.items():
        if key not in KEYS:
            findings.wrong(
                node.place, mistake("A key is not known", node.place, got=key, expected=one_of(KEYS) + meant(key, KEYS))
            )
    said = {key: _text(root.get(key)) for key in ("name", "title", "from", "to", "strategy")}
    releases = {"from": old or said["from"], "to": new or said["to"]}
    steps = root.get("steps")
    if not isinstance(steps, SourceSequence) or not steps.items:
        place = steps.place if steps is not None else root.place
        raise mistake("The plan has no steps", place, got="nothing", expected="steps: [{step: load}, ...]")
    made = [_step(_filled(node, releases), findings) for node in steps.items]
    last = root.get("finally")
    if last is not None and not isinstance(last, SourceSequence):
        raise mistake("The final steps are no list", last.place, got=written(last), expected="finally: [{step: ...}]")
    final = [_step(_filled(node, releases), findings) for node in last.items] if last is not None else []
    findings.stop_if_any()
    off = root.get("not-checked")
    not_checked = {key: _text(node) for key, node in off.fields.items()} if isinstance(off, SourceMapping) else {}
    title, kept, ends = _fill(said["title"], releases), tuple(filter(None, made)), tuple(filter(None, final))
    called, way = said["name"] or Path(name).stem, said["strategy"]
    return Plan(called, title, releases["from"], releases["to"], kept, not_checked, ends, way)


def of_data(data: Mapping[str, Any], name: str = "the plan") -> Plan:
    """A plan from what `to_data` gave."""
    return of_text(yaml.dump(dict(data), Dumper=_FAST, sort_keys=False), name)


def _step(node: Node, findings: StackFindings) -> Step | None:
    kind = node.get("step") if isinstance(node, SourceMapping) else None
    name = kind.text if isinstance(kind, Scalar) else ""
    if not isinstance(node, SourceMapping) or name not in names():
        place = kind.place if kind is not None else node.place
        error = mistake(
            "A step has no name that is known",
            place,
            got=name or "no `step`",
            expected=f"step: {one_of(names())}{meant(name, names())}",
        )
        findings.wrong(place, error)
        return None
    return validate(find(name), node.having(step=None), findings)


def _text(node: Node | None) -> str:
    return node.text if isinstance(node, Scalar) else ""


def _fill(text: str, releases: Mapping[str, str]) -> str:
    for key, release in releases.items():
        text = text.replace("{" + key + "}", release) if release else text
    return text


def _filled(node: Node, releases: Mapping[str, str]) -> Node:
    """The tree with `{from}` and `{to}` replaced."""
    if isinstance(node, Scalar):
        value = _fill(node.value, releases) if isinstance(node.value, str) else node.value
        return Scalar(value, _fill(node.text, releases), node.place, node.tag)
    if isinstance(node, SourceSequence):
        return SourceSequence(tuple(_filled(one, releases) for one in node.items), node.place, node.tag)
    return SourceMapping({key: _filled(one, releases) for key, one in node.fields.items()}, node.place, node.tag)


def schema() -> dict[str, Any]:
    """JSON Schema, draft 2020-12, of a plan's file."""
    steps: list[dict[str, Any]] = []
    definitions: dict[str, Any] = {}
    for name in names():
        made = find(name).model_json_schema(by_alias=True, mode="validation", ref_template="#/$defs/{model}")
        definitions |= made.pop("$defs", {})
        properties = {"step": {"const": name}, **made.get("properties", {})}
        steps.append({**made, "title": name, "properties": properties, "required": ["step", *made.get("required", ())]})
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "plan",
        "type": "object",
        "additionalProperties": False,
        "required": ["steps"],
        "properties": {
            "name": {"type": "string", "description": "What reports call it; left out, the file's name."},
            "title": {"type": "string", "description": "What it does, in a few words."},
            "from": {"type": "string", "description": "The release that runs at the beginning; {from} stands for it."},
            "to": {"type": "string", "description": "The release that is deployed; {to} stands for it."},
            "strategy": {
                "enum": list(strategy_names()),
                "description": "Deploy by this built-in strategy; left out, as the stack declares.",
            },
            "steps": {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/step"}},
            "finally": {
                "type": "array",
                "items": {"$ref": "#/$defs/step"},
                "description": "What is done at the end whatever happened, when every fault is healed.",
            },
            "not-checked": {
                "type": "object",
                "additionalProperties": {"type": "string"},
                "description": "By check, why it was left out when the plan was made.",
            },
        },
        "$defs": {**definitions, "step": {"oneOf": steps}},
    }


def without_faults(given: Iterable[str]) -> set[str]:
    """What is still given when every fault is healed."""
    return {one for one in given if not one.startswith(FAULT)}


def phases(steps: Iterable[Step]) -> list[str]:
    """The phases that steps measure, in order."""
    return [
        given.removeprefix("the phase ")
        for step in steps
        for given in step.provides()
        if given.startswith("the phase ")
    ]
