"""A cache whose entries another release wrote."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from harness.faults.cache._marks import MarkFault


class OtherVersion(MarkFault):
    """Keys that both releases use hold what the other release wrote: what they held at a mark that was taken while it
    ran. Keys that are not there any more stay away.

    Attributes:
        mark: the name of a mark that was taken while the other release ran.
    """

    gone: ClassVar[bool] = False
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
