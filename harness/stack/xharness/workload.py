"""`x-harness: workload`: the load that runs while things happen."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema

from harness.stack.base import AsText, AsWhole, Plain, Rate, Seconds, wrong
from harness.stack.xharness.base import Block


def _ids(value: Any) -> Any:
    if isinstance(value, tuple | list) and len(value) == 2:
        return tuple(value)
    match = re.fullmatch(r"([0-9]{1,15})(?:-([0-9]{1,15}))?", str(value))
    if isinstance(value, bool) or not match or int(match[1]) > int(match[2] or match[1]):
        raise wrong("a range of numbers such as 1-500, the lower first")
    return int(match[1]), int(match[2] or match[1])


class Request(Block):
    """The request that the workload sends."""

    method: Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] = Field(
        default="GET", description="The HTTP method."
    )
    path: Annotated[str, Field(pattern="^/"), AsText] = Field(
        default="/", description="The path and query. {id} stands for a number out of `ids`."
    )
    headers: Mapping[str, Plain] = Field(
        default_factory=dict,
        description="Headers by name.",
        json_schema_extra={"additionalProperties": {"type": ["string", "number", "boolean"]}},
    )
    body: Annotated[
        str | None, WithJsonSchema({"anyOf": [{"type": t} for t in ("string", "object", "array", "null")]})
    ] = Field(default=None, description="A text, sent as it is; or a mapping or list, sent as JSON.")
    status: tuple[Annotated[int, Field(ge=100, le=599), AsWhole], ...] = Field(
        default=(), description="The answers that count as good; left out, any from 200 to 299."
    )

    @classmethod
    def shaped(cls, values: dict[str, Any]) -> dict[str, Any]:
        """A body that is not text, as the JSON that is sent, with its header."""
        if isinstance(values.get("body"), dict | list):
            values["body"] = json.dumps(values["body"])
            headers = values.get("headers") or {}
            if isinstance(headers, dict) and "content-type" not in {str(name).lower() for name in headers}:
                values["headers"] = {**headers, "Content-Type": "application/json"}
        elif isinstance(values.get("body"), int | float):
            raise wrong("a text, a mapping or a list", "put the value in quotes")
        return values


class Workload(Block):
    """The load that runs while things happen: requests to the entrypoint at a fixed rate, whatever comes back."""

    rate: Rate = Field(
        default=10.0, description="How many requests are sent in a second.", json_schema_extra={"default": "10/s"}
    )
    request: Request = Field(default_factory=Request, description="What is sent.", json_schema_extra={"default": {}})
    ids: Annotated[
        tuple[int, int],
        BeforeValidator(_ids),
        WithJsonSchema({"type": ["string", "integer"], "pattern": "^[0-9]+(-[0-9]+)?$", "minimum": 0}),
    ] = Field(default=(1, 500), description="The numbers that {id} stands for.", json_schema_extra={"default": "1-500"})
    timeout: Seconds = Field(
        default=5.0,
        description="How long a request may take before it counts as failed.",
        json_schema_extra={"default": "5s"},
    )
