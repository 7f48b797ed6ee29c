"""A cache that holds what was true before."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from harness.faults.cache._marks import MarkFault


class Stale(MarkFault):
    """Keys return to what they were at a mark: other values come back, keys that were made since are gone. What the
    application has not written since is corrected when it is healed.

    Attributes:
        mark: the name of the mark; see `harness fault mark`, `faults.mark` and the step `mark`.
    """

    gone: ClassVar[bool] = True
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
