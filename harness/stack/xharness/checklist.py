"""`x-harness: checklist`: what a team's pre-release checklist has beside what the gate answers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, WithJsonSchema

from harness.stack.base import Seconds, Word, wrong
from harness.stack.xharness.base import Block

KEY = r"[a-z0-9][a-z0-9_-]*(\.[a-z0-9][a-z0-9_-]*)*"
OURS = ("gate", "release")  # what the harness's own items begin with
OWN = (
    "gate.deployed", "gate.taken-back", "gate.taken-back-twice", "gate.deployed-again", "gate.half", "gate.no-trace",
    "gate.available", "gate.logs", "gate.performance", "gate.acknowledged", "gate.all", "release.migrations",
    "release.cache", "release.configuration", "release.ports", "release.volumes", "release.images",
)  # fmt: skip
MAX_ITEMS = 200
DAY = 24 * 3600.0


def _items(value: Any) -> Any:
    """Items by key: a key of ours would stand for what the harness has seen."""
    for key in value if isinstance(value, Mapping) else ():
        if not isinstance(key, str) or not re.fullmatch(KEY, key) or len(key) > 60:
            raise wrong("keys of lower-case letters, digits, `_`, `-` and dots, such as support-knows", "", str(key))
        if key.partition(".")[0] in OURS:
            raise wrong("another key: those that begin with `gate.` and `release.` are the harness's own", "", key)
    if isinstance(value, Mapping) and len(value) > MAX_ITEMS:
        raise wrong(f"{MAX_ITEMS} items or fewer")
    return value


def _own(value: Any) -> Any:
    """Reasons by the keys of the harness's own items."""
    for key in value if isinstance(value, Mapping) else ():
        if key not in OWN:
            raise wrong("an item of the harness's own: one of " + ", ".join(OWN), "", str(key))
    return value


class ChecklistItem(Block):
    """One item of a team's own."""

    title: Word = Field(description="What is true when the item is ticked, in a sentence.")
    who: Word | None = Field(
        default=None,
        description="Who ticks it: a person, or a role. Left out, tests vouch for it (`pytest.mark.vouches`).",
    )
    why: Word = Field(description="Why it is on the list.")
    valid_for: Seconds | None = Field(
        default=None, description="How long a tick holds; left out, as long as the list says."
    )


class ChecklistSettings(Block):
    """The team's own part of its pre-release checklist."""

    items: Annotated[Mapping[str, ChecklistItem], BeforeValidator(_items)] = Field(
        default_factory=dict, description="By key: the team's own items."
    )
    leave_out: Annotated[Mapping[str, Word], BeforeValidator(_own)] = Field(
        default_factory=dict,
        description="By key: why one of the harness's own items does not concern this stack. It stands in the"
        " document with that reason, and is no tick.",
    )
    migrations: tuple[Word, ...] = Field(
        default=(),
        description="Patterns of the migrations' files, from the Compose file; {release} stands for the release that"
        " brings them. Left out, the build contexts' files below a directory `migrations`, `migrate` or `versions`.",
    )
    valid_for: Annotated[
        Seconds, WithJsonSchema({"type": "string", "pattern": r"^([0-9.]+(us|ms|s|m|h))+$", "examples": ["168h"]})
    ] = Field(
        default=7 * DAY,
        description="How long what a run, a test or a person has seen counts.",
        json_schema_extra={"default": "168h"},
    )
