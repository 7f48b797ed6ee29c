"""`x-harness: deployer`: what deploys and rolls back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field

from harness.stack.base import Argv, AsWhole, Plain, Seconds, Word, missing, wrong
from harness.stack.xharness.base import Block

COMMANDS = ("deploy", "rollback", "in", "environment")  # keys that only commands have


class Deployer(Block):
    """The team's own tool that deploys and rolls back, as two commands; or a strategy that is built in."""

    deploy: Argv | None = Field(
        default=None,
        description="The command that deploys. {release} stands for the release to deploy, {from} for the one before.",
    )
    rollback: Argv | None = Field(
        default=None,
        description="The command that rolls back. {release} stands for the release to go back to, {from} for the"
        " other one.",
    )
    strategy: Word | None = Field(
        default=None,
        description="A built-in strategy, instead of commands: `rolling` or `recreate`; left out, `rolling` where no"
        " command is declared and the releases differ by image or build.",
    )
    service: Word | None = Field(
        default=None,
        alias="in",
        description="The service in whose first replica the commands run; left out, the machine that runs the harness.",
    )
    timeout: Seconds = Field(
        default=120.0,
        description="How long a command or a strategy may run before it is ended.",
        json_schema_extra={"default": "120s"},
    )
    one_way: Mapping[str, Word] = Field(
        default_factory=dict,
        description="By release: why it cannot be taken back once it is deployed. Its rollback must be refused.",
    )
    nothing_to_take_back: tuple[Annotated[int, Field(ge=1, le=255), AsWhole], ...] = Field(
        default=(),
        description="The exit codes with which `rollback` may refuse because there is nothing to take back, as at a"
        " second rollback; left out, it has to end with 0.",
    )
    environment: Mapping[str, Plain] = Field(
        default_factory=dict,
        repr=False,
        description="Variables that the commands get beside the inventory.",
        json_schema_extra={"additionalProperties": {"type": ["string", "number", "boolean"]}},
    )

    @classmethod
    def shaped(cls, values: dict[str, Any]) -> dict[str, Any]:
        """Two commands, or a strategy, or neither: never half of one."""
        commands = [key for key in COMMANDS if key in values]
        if commands and values.get("strategy") not in (None, "command"):
            raise wrong("commands or a strategy, not both", "remove one of the two", commands[0])
        absent = next((key for key in ("deploy", "rollback") if commands and key not in values), None)
        if absent is not None:
            raise missing(absent)
        return values
