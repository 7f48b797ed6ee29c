"""`x-harness: deployer`: what deploys and rolls back."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import Field

from harness.stack.base import Argv, Plain, Seconds, Word
from harness.stack.xharness.base import Block


class Deployer(Block):
    """The team's own tool that deploys and rolls back."""

    deploy: Argv = Field(
        description="The command that deploys. {release} stands for the release to deploy, {from} for the one before."
    )
    rollback: Argv = Field(
        description="The command that rolls back. {release} stands for the release to go back to, {from} for the other."
    )
    service: Word | None = Field(
        default=None,
        alias="in",
        description="The service in whose first replica the commands run; left out, the machine that runs the harness.",
    )
    timeout: Seconds = Field(
        default=120.0,
        description="How long a command may run before it is ended.",
        json_schema_extra={"default": "120s"},
    )
    one_way: Mapping[str, Word] = Field(
        default_factory=dict,
        description="By release: why it cannot be taken back once it is deployed. Its rollback must be refused.",
    )
    environment: Mapping[str, Plain] = Field(
        default_factory=dict,
        repr=False,
        description="Variables that the commands get beside the inventory.",
        json_schema_extra={"additionalProperties": {"type": ["string", "number", "boolean"]}},
    )
