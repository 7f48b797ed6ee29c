"""A cache whose entries another release wrote."""

from __future__ import annotations

import secrets
from typing import ClassVar

from pydantic import Field

from harness.environment import Environment
from harness.environment.replica import Replica
from harness.faults._acts import Act
from harness.faults.cache._marks import PutBack
from harness.faults.cache._redis import KeysFault


class OtherVersion(KeysFault):
    """Keys that both releases use hold what the other release wrote: what they held at a mark that was taken while it
    ran. Keys that are not there any more stay away.

    Attributes:
        mark: the name of a mark that was taken while the other release ran.
    """

    positional: ClassVar[tuple[str, ...]] = ("on", "mark")
    simulates: ClassVar[str] = (
        "two releases that share a cache and write entries of different forms under the same keys"
    )
    how: ClassVar[str] = "a script in the server puts back entries that it copied into an unused database at the mark"
    needs: ClassVar[str] = "a Redis of 6.2 or later, or a Valkey, in `x-harness: servers`; a mark"
    outage: ClassVar[str] = (
        "mdn/kuma #6622 (2020) and mozilla/experimenter #11638 (2024): the code that came back could not read what "
        "the other had cached; cachy #21 (2022): a pickle of a newer protocol, after a downgrade"
    )

    mark: str = Field(default="deployed", min_length=1)

    def what(self) -> str:
        """In words."""
        return f"entries of another release{self.which()}, as of {self.mark},"

    def act(self, environment: Environment, replica: Replica) -> Act:
        """What it does to one."""
        server = self.redis(environment, replica.name)
        number = secrets.token_hex(4)
        return PutBack(environment, server, self.patterns(server), self.mark, gone=False, number=number)
