"""docs/stack.md names everything that a user can write."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.stack import Service, keys, schema

TEXT = (Path(__file__).parents[3] / "docs" / "stack.md").read_text()
SCHEMA = schema()


def paths(part: dict[str, Any], prefix: str = "") -> Iterator[str]:
    """Every key of the block as the tables write it: `probes.release.<service>.command`."""
    for key, described in part.get("properties", {}).items():
        path = f"{prefix}{key}"
        yield path
        yield from below(described, path)


def below(described: dict[str, Any], path: str) -> Iterator[str]:
    for option in (described, *described.get("anyOf", ())):
        if "$ref" in option:
            yield from paths(SCHEMA["$defs"][option["$ref"].rpartition("/")[2]], f"{path}.")
        if isinstance(option.get("additionalProperties"), dict):
            yield from below(option["additionalProperties"], f"{path}.<service>")
        if isinstance(option.get("items"), dict):
            yield from below(option["items"], f"{path}[]")


FIELDS = sorted(set(paths(SCHEMA)))


def test_the_block_has_the_fields_that_the_reference_is_looked_through_for() -> None:
    assert {"name", "deployer.in", "logs.<service>[].path", "servers.<service>.queue.depth"} <= set(FIELDS)
    assert len(FIELDS) > 40


@pytest.mark.parametrize("field", FIELDS)
def test_every_field_of_the_block_has_its_line(field: str) -> None:
    written = field.replace("workload.requests[].", "workload.request.")  # the same, in a list
    written = written.replace("checks.<service>", "checks.<check>")
    written = written.replace("checklist.items.<service>", "checklist.items.<item>")
    assert f"| `{written}` |" in TEXT


OTHERS = (
    keys.SERVICE_IGNORED | keys.BUILD_IGNORED | keys.DEPLOY_IGNORED | keys.ROOT_IGNORED | keys.ROOT_REFUSED.keys()
    | keys.SERVICE_REFUSED.keys() | keys.BUILD_REFUSED.keys()
    | (Service.keys() - {"name", "replicas"}) | (keys.DEPLOY - {"mode"})
)  # fmt: skip


@pytest.mark.parametrize("key", sorted(OTHERS))
def test_every_compose_key_that_is_known_is_named(key: str) -> None:
    assert f"`{key}`" in TEXT or f"`{key}." in TEXT
