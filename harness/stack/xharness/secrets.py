"""`x-harness: secrets`: what may not be seen in anything that a run keeps or shows."""

from __future__ import annotations

from pydantic import Field

from harness.stack.base import Word
from harness.stack.xharness.base import Block


class Secrets(Block):
    """Where the secrets are. Their values are replaced wherever they occur."""

    variables: tuple[Word, ...] = Field(
        default=(),
        description="Names of variables whose values are secrets: of any service, of the deployer or of the caller.",
    )
    files: tuple[Word, ...] = Field(
        default=(), description="Files whose contents are secrets; paths from the Compose file."
    )
