"""A database whose disk is full."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from harness.faults._server_links import ServerLinkFault
from harness.faults.database._postgres import KINDS
from harness.proxy.client_shapes import Toxic

WRITES = ("INSERT*", "UPDATE*", "DELETE*", "COPY*", "CREATE*", "ALTER*", "MERGE*", "WITH*INSERT*", "WITH*UPDATE*")
DISK_FULL = "53100"


class DiskFull(ServerLinkFault):
    """Every statement that writes fails with `disk_full`, as PostgreSQL says it; reads work. The disk itself is not
    touched: it is the engine's. Connections that are open are ended first, for what was prepared on them is not known.
    """

    kinds: ClassVar[tuple[str, ...]] = KINDS
    reconnects: ClassVar[bool] = True  # what was prepared before cannot be told
    simulates: ClassVar[str] = "a database whose disk a log, a dump or its own write-ahead log has filled"
    how: ClassVar[str] = "the proxy puts a statement that raises 53100 in the place of each one that writes"
    needs: ClassVar[str] = "a PostgreSQL in `x-harness: servers`, reached over its link without TLS"
    outage: ClassVar[str] = (
        "Tarsnap, 2016: a job's log grew until the file system was full, other writes failed, and the service "
        "stopped (mail.tarsnap.com/tarsnap-announce/msg00035.html)"
    )

    def toxics(self) -> Sequence[Toxic]:
        """One."""
        message = "could not extend file: No space left on device"
        given = {"statements": list(WRITES), "sqlstate": DISK_FULL, "message": message, "fraction": 1.0}
        return [Toxic("", "postgres_error", "upstream", given)]

    def what(self) -> str:
        """In words."""
        return "full disk"
