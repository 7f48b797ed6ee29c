"""The JSON Schema of the `x-harness` block, for editors and for other tools."""

from __future__ import annotations

from typing import Any

from harness.stack import deprecated
from harness.stack.xharness import XHarness
from harness.stack.xharness.servers import kinds


def schema() -> dict[str, Any]:
    """JSON Schema, draft 2020-12, of what may stand below `x-harness:`; every field has a description."""
    made = XHarness.model_json_schema(by_alias=True, mode="validation")
    definitions = made["$defs"]
    adapters = dict.fromkeys(kinds().values())
    for one in adapters:
        of_server = one.model_json_schema(by_alias=True, mode="validation")
        definitions |= of_server.pop("$defs", {})
        definitions[one.__name__] = of_server
    made["properties"]["servers"]["additionalProperties"] = {
        "anyOf": [{"$ref": f"#/$defs/{one.__name__}"} for one in adapters]
    }
    deprecated.into(definitions)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **made, "title": "x-harness"}
