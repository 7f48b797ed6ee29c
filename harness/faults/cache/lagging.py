"""A cache whose replica is behind."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from harness.faults._acts import Act, Seen
from harness.faults._base import FaultContext
from harness.faults._undo import Undo
from harness.faults.cache._redis import RedisAct, RedisFault, RedisServer
from harness.faults.cache._replication import RESYNC, followers, none_follows

if TYPE_CHECKING:
    from harness.environment import Environment
    from harness.environment.replica import Replica

NOWHERE = ("127.0.0.1", "1")  # nothing listens there


class Lagging(RedisFault):
    """Replicas of a Redis get nothing of what is written from now on, and answer reads with what they had. Healed, they
    follow again and catch up.

    Attributes:
        on: the replicas; left out, all that there are.
    """

    simulates: ClassVar[str] = "replication that is behind, while reads go to the replica"
    how: ClassVar[str] = "REPLICAOF to an address where nothing is; the replica goes on to answer with stale data"
    needs: ClassVar[str] = "a second Redis in `x-harness: servers` that follows the first, and that somebody reads"
    outage: ClassVar[str] = (
        "GitHub, October 2018: for a day parts of the site showed what replicas held that were hours behind "
        "(github.blog/2018-10-30-oct21-post-incident-analysis)"
    )

    def what(self) -> str:
        """In words."""
        return "a replica behind"

    def leads(self, environment: Environment, replica: Replica) -> bool:
        """Those that follow are meant here."""
        return not super().leads(environment, replica)

    def replicas(self, context: FaultContext) -> list[Replica]:
        """The replicas of a Redis that are meant."""
        following = {one.replica.name: one.replica for one in followers(context.environment)}
        meant = [one for one in super().replicas(context) if one.name in following]
        if not meant:
            raise none_follows(self.fault_name(), context.environment)
        return meant

    def act(self, environment: Environment, replica: Replica) -> Act:
        """What it does to one."""
        return _Behind(environment, self.redis(environment, replica.name))


class _Behind(RedisAct):
    gone_within = RESYNC

    def __init__(self, environment: Environment, server: RedisServer) -> None:
        super().__init__(environment, server)
        self._primary = (server.info_text("master_host"), server.info_text("master_port"))
        self._stale = server.command("CONFIG", "GET", "replica-serve-stale-data").split()[-1]

    def undoing(self) -> Sequence[Undo]:
        settings = ("CONFIG", "SET", "replica-serve-stale-data", self._stale)
        return [self.server.undo(("REPLICAOF", *self._primary), settings)]

    def do(self) -> None:
        self.begin()
        self.server.command("CONFIG", "SET", "replica-serve-stale-data", "yes")
        self.server.command("REPLICAOF", *NOWHERE)

    def seen(self) -> Seen:
        behind = self.server.info_text("master_host") == NOWHERE[0]
        read = self.moved("keyspace_hits", "keyspace_misses")
        said = f"it follows nobody, and was read {read} times" if behind else "it follows again"
        return Seen(behind, read > 0, said, {"reads": read})

    def left(self) -> str | None:
        if (self.server.info_text("master_host"), self.server.info_text("master_port")) != self._primary:
            return "it does not follow its primary"
        return None if self.server.info_text("master_link_status") == "up" else "it has not caught up yet"
