"""A database that is restarted."""

from __future__ import annotations

from typing import ClassVar

from harness.faults._restarting import RestartFault


class Restarted(RestartFault):
    """The database's container is stopped, as Compose would, and started again. Connections end; what was not flushed
    is recovered from its log.
    """

    kinds: ClassVar[tuple[str, ...]] = ("postgres", "mysql", "mariadb")
    simulates: ClassVar[str] = (
        "an upgrade, a failover of the machine, an operator's restart in the middle of a deployment"
    )
    how: ClassVar[str] = "the engine's stop and start, until it is ready"
    needs: ClassVar[str] = "a database in `x-harness: servers`, whose data outlives its process"
    outage: ClassVar[str] = (
        "GitLab, July 2014: the primary locked up, was restarted, and came up with the wrong file system "
        "(news.ycombinator.com/item?id=8003601)"
    )
