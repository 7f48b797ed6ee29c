"""A database whose standby is behind."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from harness.faults._acts import Act, Seen, unavailable
from harness.faults._base import FaultContext
from harness.faults._undo import Undo
from harness.faults.database._postgres import STANDBY, PostgresAct, PostgresFault, server_of

if TYPE_CHECKING:
    from harness.environment import Environment
    from harness.environment.replica import Replica

PAUSED = "SELECT pg_is_wal_replay_paused()::int;"
BEHIND = "SELECT pg_wal_lsn_diff(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn())::bigint;"


class Lagging(PostgresFault):
    """Standbys receive what is written and do not replay it: who reads from them sees the past.

    Attributes:
        on: the standbys; left out, all that there are.
    """

    simulates: ClassVar[str] = "replication that is behind, while reads go to the standby"
    how: ClassVar[str] = "pg_wal_replay_pause on the standby"
    needs: ClassVar[str] = "a streaming standby in `x-harness: servers`, with a superuser, that somebody reads"
    outage: ClassVar[str] = (
        "GitHub, October 2018: for a day parts of the site showed what replicas held that were hours behind "
        "(github.blog/2018-10-30-oct21-post-incident-analysis)"
    )

    def what(self) -> str:
        """In words."""
        return "a standby behind"

    def leads(self, environment: Environment, replica: Replica) -> bool:
        """Standbys are meant here."""
        return not super().leads(environment, replica)

    def replicas(self, context: FaultContext) -> list[Replica]:
        """The standbys that are meant."""
        environment = context.environment
        found = [one for one in super().replicas(context) if server_of(environment, one).number(STANDBY)]
        if not found:
            raise unavailable(
                self.fault_name(), f"stack {environment.stack.name}", "no declared PostgreSQL is a standby",
                "a streaming standby in `x-harness: servers`",
            )  # fmt: skip
        return found

    def act(self, environment: Environment, replica: Replica) -> Act:
        """What it does to one."""
        return _Paused(environment, self.postgres(environment, replica))


class _Paused(PostgresAct):
    def undoing(self) -> Sequence[Undo]:
        return [self.server.undo("SELECT pg_wal_replay_resume();")]

    def do(self) -> None:
        self.begin()
        self.server.admin("SELECT pg_wal_replay_pause();")

    def seen(self) -> Seen:
        paused, behind = self.server.number(PAUSED), self.server.number(BEHIND)
        moved = self.traffic.bytes if self.traffic else None
        said = f"it is {behind} bytes behind, and {moved or 0} bytes passed its links"
        touched = None if moved is None else moved > 0 and behind > 0
        return Seen(paused == 1, touched, said, {"behind": behind, "bytes": moved})

    def left(self) -> str | None:
        if self.server.number(PAUSED):
            return "it still does not replay"
        behind = self.server.number(BEHIND)
        return f"it is still {behind} bytes behind" if behind > 0 else None
