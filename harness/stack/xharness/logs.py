"""`x-harness: logs`: the files that replicas keep writing."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from harness.stack.base import AsText, Seconds, Word
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
    errors: Annotated[str, BeforeValidator(regex)] = Field(
        default=DEFAULT_ERRORS, description="A regular expression (Python's) that no line may match."
    )
