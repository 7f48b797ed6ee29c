"""`x-harness: state`: what services keep, and a rollback has to restore."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, WithJsonSchema

from harness.fingerprint import PARTS, Allowance
from harness.stack.base import Argv, AsText, Word, of_form
from harness.stack.xharness.base import Block

WHAT = f"({'|'.join(PARTS)}):.+"


class Allow(Block):
    """A difference that is meant to be there after a rollback."""

    what: Annotated[
        str,
        of_form(WHAT, f"a part and a pattern, such as files:/srv/releases/**; the parts are {', '.join(PARTS)}"),
        WithJsonSchema({"type": "string", "pattern": f"^{WHAT}$"}),
    ] = Field(description="The part, a colon and a pattern of its items. * stops at a slash, ** does not.")
    because: Annotated[str, Field(min_length=1, pattern=r"\S"), AsText] = Field(description="The reason, in words.")


class State(Block):
    """What a service keeps, and a rollback has to restore."""

    files: tuple[Word, ...] = Field(default=(), description="Files and directories in every replica.")
    ignore: tuple[Word, ...] = Field(default=(), description="Patterns of file names below them that do not count.")
    command: Argv | None = Field(
        default=None,
        description="Prints more of its state, in every replica: a line for each item, its value after a tab; or JSON.",
    )
    allow: tuple[Allow, ...] = Field(default=(), description="Differences that are meant to be there, with the reason.")

    def allowances(self, service: str) -> tuple[Allowance, ...]:
        """The exceptions, as the comparison takes them."""
        return tuple(Allowance(service, one.what, one.because) for one in self.allow)
