"""`x-harness: checks`: thresholds of checks, and those that are switched off."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import Field, model_validator

from harness.stack.base import Word, wrong
from harness.stack.xharness.base import Block


class CheckSettings(Block):
    """What a stack says of one check: its parameters, or why it is not asked."""

    off: Word | None = Field(default=None, description="Why the check is switched off; reports tell.")
    parameters: Mapping[str, Any] = Field(default_factory=dict, description="By name, in place of the defaults.")

    @model_validator(mode="before")
    @classmethod
    def _known_keys(cls, value: Any) -> Any:
        """In a file the parameters stand beside each other: `{budget: 0.05}`."""
        if isinstance(value, cls):
            return value
        if not isinstance(value, Mapping) or not value:
            raise wrong("a mapping of parameters, or {off: REASON}")
        if set(value) <= {"off", "parameters"} and isinstance(value.get("parameters", {}), Mapping):
            made = dict(value)
        else:
            made = {"parameters": {key: one for key, one in value.items() if key != "off"}, "off": value.get("off")}
        if made.get("off") is not None and made.get("parameters"):
            raise wrong("parameters or `off`, not both")
        return {key: one for key, one in made.items() if one is not None}

    @classmethod
    def __get_pydantic_json_schema__(cls, core: Any, handler: Any) -> dict[str, Any]:
        return {
            "title": cls.__name__,
            "type": "object",
            "minProperties": 1,
            "properties": {"off": {"type": "string", "minLength": 1, "description": "Why the check is switched off."}},
            "additionalProperties": True,
        }
