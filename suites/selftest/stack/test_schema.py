"""The JSON Schema of the block says what the reader accepts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from harness.stack import schema
from suites.selftest.stack.support import BLOCK

VALIDATOR = Draft202012Validator(schema())


def block(old: str = "", new: str = "") -> Any:
    assert old in BLOCK
    return yaml.safe_load(BLOCK.replace(old, new, 1))["x-harness"]


def test_it_is_a_schema_of_draft_2020_12_and_plain_json() -> None:
    Draft202012Validator.check_schema(json.loads(json.dumps(schema())))


def test_the_reference_block_is_valid() -> None:
    assert [error.message for error in VALIDATOR.iter_errors(block())] == []
    assert VALIDATOR.is_valid({})
    assert VALIDATOR.is_valid({"releases": {"1": None, "2": ["a.yaml"]}, "workload": {"request": {"body": {"a": 1}}}})


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("name:", "nam:"),
        ("in: control", "service: control"),
        ("max_silence", "silence"),
        ("50/s", "fast"),
        ("120s", "120"),
        ("10%", "0.1"),
        ("lb:80", "lb"),
        ("status: [202]", "status: [99]"),
        ("rollback: [deployctl, rollback]", "rollback: deployctl rollback"),
        ("format: json", "format: xml"),
        ("ids: 1-500", "ids: many"),
        ("{kind: postgres, user: app, database: app}", "{kind: postgres, user: app}"),
        ("{kind: redis}", "{kind: reddis}"),
        ("{kind: redis}", "{kind: redis, tables: [a]}"),
        ('"4.1.0": {}', '"4.1.0": {a: b}'),
        ("who: ada, why: they are called", "who: ada"),
        ("valid_for: 48h", "valid_for: 2d"),
    ],
)
def test_a_mistake_is_invalid(old: str, new: str) -> None:
    assert not VALIDATOR.is_valid(block(old, new))


def properties(made: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for part in (made, *made["$defs"].values()):
        for key, described in part.get("properties", {}).items():
            yield f"{part['title']}.{key}", described


def test_every_field_has_a_description() -> None:
    missing = [name for name, described in properties(schema()) if not described.get("description")]
    assert missing == []


def test_defaults_are_written_as_in_a_file() -> None:
    for name, described in properties(schema()):
        default = described.get("default")
        if default is not None and not isinstance(default, dict) and "$ref" not in described:
            assert Draft202012Validator(described).is_valid(default), name
