"""A tree as a model, and pydantic's complaints as mistakes with a place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from harness.stack.base import Model, SourceDict
from harness.stack.mistakes import StackFindings, mistake, written, wrong_value
from harness.stack.nodes import Node, Scalar, SourceMapping, SourceSequence

M = TypeVar("M", bound=Model)


def data(node: Node) -> Any:
    """The tree as plain values; mappings keep their nodes."""
    if isinstance(node, Scalar):
        return node.value
    if isinstance(node, SourceSequence):
        return [data(item) for item in node.items]
    return SourceDict({key: data(child) for key, child in node.fields.items()}, node)


def validate(model: type[M], node: SourceMapping, findings: StackFindings) -> M | None:
    """The model of a tree; None where it has mistakes, which are then among the findings."""
    before = findings.count()
    try:
        made = model.model_validate(data(node), context=findings)
    except ValidationError as error:
        for detail in error.errors(include_url=False):
            _translate(detail, node, findings)
        return None
    return made if findings.count() == before else None


def _translate(detail: ErrorDetails, root: SourceMapping, findings: StackFindings) -> None:
    """One complaint, at the deepest node that its location leads to."""
    node: Node = root
    for part in detail["loc"]:
        child = _child(node, part)
        if child is None:
            break
        node = child
    if detail["type"] == "missing":
        key = str(detail.get("ctx", {}).get("key") or detail["loc"][-1])
        fields = node.fields.items() if isinstance(node, SourceMapping) else ()
        beside = ", ".join(name for name, child in fields if child.place != node.place)  # others are not in the file
        error = mistake(
            "A key is missing",
            node.place,
            got=f"only {beside}" if beside else written(node),
            expected=f"`{key}`",
            hint=f"add `{key}`",
        )
        findings.wrong(node.place, error, absent=True)
        return
    context: Mapping[str, Any] = detail.get("ctx", {})
    if detail["type"] == "harness":
        node = _child(node, context["key"]) or node
        error = wrong_value(node, context["expected"], context["hint"] or None)
    else:
        error = wrong_value(node, _expected(detail["type"], context, detail["msg"]))
    findings.wrong(node.place, error)


def _child(node: Node, part: int | str) -> Node | None:
    if isinstance(node, SourceMapping):
        return node.fields.get(str(part))
    if isinstance(node, SourceSequence) and isinstance(part, int) and part < len(node.items):
        return node.items[part]
    return None


def _expected(kind: str, context: Mapping[str, Any], said: str) -> str:
    """What pydantic expected, in plain words."""
    fixed = {
        "string_type": "text",
        "string_too_short": "a text that is not empty",
        "mapping_type": "a mapping (key: value)",
        "dict_type": "a mapping (key: value)",
        "list_type": "a list",
        "tuple_type": "a list",
        "path_type": "a path",
        "finite_number": "a number",
    }
    if kind in fixed:
        return fixed[kind]
    if kind == "literal_error":
        return "one of " + str(context["expected"]).replace("'", "").replace(" or ", ", ")
    if kind == "string_pattern_mismatch":
        patterns = {"^/": "an absolute path, beginning with /"}
        known = "lower-case letters, digits, _ and -, a letter or digit first"
        return patterns.get(str(context["pattern"]), known)
    bounds = {
        "greater_than": "a number above {gt}",
        "greater_than_equal": "a number of {ge} or more",
        "less_than_equal": "a number of {le} or less",
    }
    return (
        bounds[kind].format(**{key: f"{value:g}" for key, value in context.items()}) if kind in bounds else said.lower()
    )
