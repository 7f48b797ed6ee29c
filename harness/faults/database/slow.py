"""A database that is slow to answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from pydantic import Field

from harness.faults._server_links import ServerLinkFault
from harness.proxy.client_shapes import Toxic


class Slow(ServerLinkFault):
    """Every answer of the database takes longer. A transaction of several statements is as many times slower, and holds
    its locks for as long.

    Attributes:
        ms: that each answer takes longer; jitter: give or take.
    """

    kinds: ClassVar[tuple[str, ...]] = ("postgres", "mysql", "mariadb")
    simulates: ClassVar[str] = "a database under too much load, a bad plan, a disk that is slow"
    how: ClassVar[str] = "latency on what the server sends over its links"
    needs: ClassVar[str] = "a PostgreSQL, MySQL or MariaDB in `x-harness: servers`"
    outage: ClassVar[str] = (
        "GitLab, January 2017: load on the database made replication lag, and what was done against that deleted "
        "the data (about.gitlab.com/blog/2017/02/10/postmortem-of-database-outage-of-january-31)"
    )

    ms: int = Field(default=100, ge=1)
    jitter: int = Field(default=0, ge=0)

    def toxics(self) -> Sequence[Toxic]:
        """One."""
        return [Toxic("", "latency", "downstream", {"latency": self.ms, "jitter": self.jitter})]

    def what(self) -> str:
        """In words."""
        return f"slowness ({self.ms} ms an answer)"
