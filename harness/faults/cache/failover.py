"""A cache that failed over."""

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


class Failover(RedisFault):
    """The replica of a Redis becomes the primary, and the primary follows it: who goes on to write to the old primary
    is refused. Healed, both are again what they were; what was written to the new primary meanwhile is kept.

    Attributes:
        on: the replicas that take over; left out, every one that there is.
    """

    simulates: ClassVar[str] = "a failover that clients do not notice, as they hold connections to the old primary"
    how: ClassVar[str] = "REPLICAOF NO ONE on the replica, REPLICAOF the replica on the primary"
    needs: ClassVar[str] = "a second Redis in `x-harness: servers` that follows the first"
    outage: ClassVar[str] = (
        "GitHub, October 2018: databases failed over to another coast, and applications went on to write to the "
        "wrong side (github.blog/2018-10-30-oct21-post-incident-analysis)"
    )

    def what(self) -> str:
        """In words."""
        return "failover"

    def leads(self, environment: Environment, replica: Replica) -> bool:
        """Those that follow are meant here."""
        return not super().leads(environment, replica)

    def replicas(self, context: FaultContext) -> list[Replica]:
        """The replicas of a Redis that take over."""
        following = {one.replica.name for one in followers(context.environment)}
        meant = [one for one in super().replicas(context) if one.name in following]
        if not meant:
            raise none_follows(self.fault_name(), context.environment)
        return meant

    def act(self, environment: Environment, replica: Replica) -> Act:
        """What it does to one replica and its primary."""
        follower = self.redis(environment, replica.name)
        host = follower.info_text("master_host")
        others = [one for one in environment.replicas if host in (one.name, one.service)]
        if not others:
            raise none_follows(self.fault_name(), environment)
        return _Swapped(environment, self.redis(environment, others[0].name), follower)


class _Swapped(RedisAct):
    gone_within = RESYNC

    def __init__(self, environment: Environment, primary: RedisServer, follower: RedisServer) -> None:
        super().__init__(environment, primary)
        self._follower = follower
        self._was = (follower.info_text("master_host"), follower.info_text("master_port"))
        self._to = (follower.replica.name, follower.command("CONFIG", "GET", "port").split()[-1])

    def undoing(self) -> Sequence[Undo]:
        # What is done last is undone first: the old primary leads again before the other follows it.
        return [self._follower.undo(("REPLICAOF", *self._was)), self.server.undo(("REPLICAOF", "NO", "ONE"))]

    def do(self) -> None:
        self.begin()
        self._follower.command("REPLICAOF", "NO", "ONE")
        self.server.command("REPLICAOF", *self._to)

    def seen(self) -> Seen:
        swapped = self.server.info_text("role") == "slave" and self._follower.info_text("role") == "master"
        asked = self.moved("keyspace_hits", "keyspace_misses")
        refused = int(self.server.info_text("errorstat_READONLY").removeprefix("count=") or 0)
        said = f"the old primary was read {asked} times, and refused {refused} writes"
        figures = {"reads": asked, "refused": refused}
        return Seen(swapped, asked + refused > 0, said if swapped else "they have their old parts again", figures)

    def left(self) -> str | None:
        if self.server.info_text("role") != "master":
            return "the old primary still follows"
        return None if self._follower.info_text("master_link_status") == "up" else "the replica does not follow yet"
