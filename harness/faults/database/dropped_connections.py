"""A database that ends its connections."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from harness.faults._acts import Act, Seen
from harness.faults._undo import Undo
from harness.faults.database._postgres import NAME, PostgresAct, PostgresFault, PostgresServer

if TYPE_CHECKING:
    from harness.environment import Environment
    from harness.environment.replica import Replica

DROP = f"""SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
WHERE backend_type = 'client backend' AND pid <> pg_backend_pid() AND client_addr IS NOT NULL
AND client_addr <> '127.0.0.1' AND client_addr <> '::1' AND application_name NOT LIKE '{NAME}%';"""


class DroppedConnections(PostgresFault):
    """Every session that came over the network is ended by the server, once. New ones are taken."""

    simulates: ClassVar[str] = "a restarted server or proxy between: pools hold connections that are dead"
    how: ClassVar[str] = "pg_terminate_backend of every session from another address than the server's own"
    needs: ClassVar[str] = "a PostgreSQL in `x-harness: servers`, with a superuser: its user, or the system's postgres"
    outage: ClassVar[str] = (
        "Stack Exchange, January 2017: the primary database server crashed, and the sites, whose connections were "
        "gone, went into read-only mode and then down (stackstatus.net/post/156407746074)"
    )

    def what(self) -> str:
        """In words."""
        return "dropped connections"

    def act(self, environment: Environment, replica: Replica) -> Act:
        """What it does to one."""
        return _Ended(environment, self.postgres(environment, replica))


class _Ended(PostgresAct):
    def __init__(self, environment: Environment, server: PostgresServer) -> None:
        super().__init__(environment, server)
        self._count = 0

    def undoing(self) -> Sequence[Undo]:
        return ()

    def do(self) -> None:
        self.begin()
        self._count = self.server.number(DROP)

    def seen(self) -> Seen:
        said = f"{self._count} connections were ended" if self._count else "there was no connection to end"
        return Seen(True, self._count > 0, said, {"ended": self._count})

    def left(self) -> str | None:
        return None
