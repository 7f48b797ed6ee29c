"""`x-harness: logs`: the files that replicas keep writing."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from harness.stack.base import AsText, Seconds, Word, wrong
from harness.stack.xharness.base import Block, regex

DEFAULT_ERRORS = "ERROR|CRITICAL|Traceback"


class Log(Block):
    """A log file that every replica of the service keeps writing."""

    path: Annotated[str, Field(pattern="^/"), AsText] = Field(description="The file in the replica; absolute.")
    max_silence: Seconds = Field(
        default=10.0,
        description="How long the file may stay as it is, under load, before the log counts as silent.",
        json_schema_extra={"default": "10s"},
    )
    format: Literal["json", "text"] = Field(default="text", description="What a line is: a JSON object, or text.")
    release: Word | None = Field(
        default=None, description="The field of a JSON line that holds the release; left out, it is not looked at."
    )
    time: Word | None = Field(default=None, description="The field of a JSON line that holds its time.")
    tolerance: Seconds = Field(
        default=5.0,
        description="How far a record's time may lie behind the moment it appears, before an earlier record's, "
        "or in the future.",
        json_schema_extra={"default": "5s"},
    )
    sequence: Word | None = Field(
        default=None, description="The field of a JSON line that holds a number which counts the records of the file."
    )
    canary: Word | None = Field(
        default=None, description="The field of a JSON line that holds the key of the request that it tells of."
    )
    canary_within: Seconds = Field(
        default=2.0,
        description="How long after its answer the record of a canary may take.",
        json_schema_extra={"default": "2s"},
    )
    heartbeat: Annotated[str | None, BeforeValidator(regex)] = Field(
        default=None, description="A regular expression (Python's): lines that match it are no proof of work."
    )
    errors: Annotated[str, BeforeValidator(regex)] = Field(
        default=DEFAULT_ERRORS, description="A regular expression (Python's) that no line may match."
    )

    @model_validator(mode="after")
    def _has_fields(self) -> Log:
        """A line of text has no fields: what would be looked for in vain is refused."""
        for key in ("release", "time", "sequence", "canary"):
            if self.format != "json" and getattr(self, key) is not None:
                raise wrong("format: json, where a field is named", f"add `format: json`, or remove `{key}`")
        return self
