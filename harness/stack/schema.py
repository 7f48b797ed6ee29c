"""The JSON Schema of the `x-harness` block, for editors and for other tools."""

from __future__ import annotations

from typing import Any

from harness.stack.xharness import XHarness


def schema() -> dict[str, Any]:
    """JSON Schema, draft 2020-12, of what may stand below `x-harness:`; every field has a description."""
    made = XHarness.model_json_schema(by_alias=True, mode="validation")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **made, "title": "x-harness"}
