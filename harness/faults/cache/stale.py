"""A cache that holds what was true before."""

from __future__ import annotations

import secrets
from typing import ClassVar

from pydantic import Field

from harness.environment import Environment
from harness.environment.replica import Replica
from harness.faults._acts import Act
from harness.faults.cache._marks import PutBack
from harness.faults.cache._redis import KeysFault


class Stale(KeysFault):
    """Keys return to what they were at a mark: other values come back, keys that were made since are gone. What the
    application has not made anew by then is put right when it is healed.

    Attributes:
        mark: the name of the mark; see `harness fault mark`, `faults.mark` and the step `mark`.
    """

    positional: ClassVar[tuple[str, ...]] = ("on", "mark")
    simulates: ClassVar[str] = (
        "values from before a deployment that nobody invalidated, and a cache restored from a copy"
    )
    how: ClassVar[str] = "a script in the server puts back what it copied into an unused database at the mark"
    needs: ClassVar[str] = "a Redis of 6.2 or later, or a Valkey, in `x-harness: servers`; a mark"
    outage: ClassVar[str] = (
        "the incident of a platform host, April 2012: an automatic rollback failed because of what a database's "
        "cache still held, and everything was slow for hours"
    )

    mark: str = Field(default="before", min_length=1)

    def what(self) -> str:
        """In words."""
        return f"stale keys{self.which()}, as of {self.mark},"

    def act(self, environment: Environment, replica: Replica) -> Act:
        """What it does to one."""
        server = self.redis(environment, replica.name)
        number = secrets.token_hex(4)
        return PutBack(environment, server, self.patterns(server), self.mark, gone=True, number=number)
