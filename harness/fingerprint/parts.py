"""The parts that a fingerprint has of each replica."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

# Every part, the most telling first.
PARTS = (
    "schema", "migrations", "tables", "contents", "files", "processes", "sockets", "environment", "image", "servers",
    "keys", "values", "queues", "roles", "settings", "command", "packages",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class StatePart:
    """One kind of state of one replica.

    Attributes:
        items: what was found, by name; None where there is nothing to compare, and then one of the next two says why.
        error: it could not be taken, so it is unknown.
        absent: the replica has no such thing.
        note: what the items leave out.
        partial: the items are a sample: what is not among them may be there.
        unseen: what of this kind of state is never looked at, in a few words each.
    """

    items: Mapping[str, Any] | None
    error: str | None = None
    absent: str | None = None
    note: str | None = None
    partial: bool = False
    unseen: tuple[str, ...] = ()


class State(Protocol):
    """What is compared with another one: a fingerprint."""

    @property
    def replicas(self) -> Mapping[str, Mapping[str, StatePart]]:
        """By replica, by part."""

    @property
    def taken(self) -> float:
        """Second of the history at which it was."""
