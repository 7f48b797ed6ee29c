"""A Redis and the one that follows it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.errors import FaultUnavailable
from harness.faults._acts import unavailable
from harness.faults.cache._redis import KINDS, RedisServer
from harness.servers import declared
from harness.servers.redis import Redis

if TYPE_CHECKING:
    from harness.environment import Environment
    from harness.environment.replica import Replica

RESYNC = 60.0  # s; a primary waits 5 s for further replicas before it sends everything
EXPECTED = "a second Redis in `x-harness: servers` that follows the first (`replicaof`)"


def server_of(environment: Environment, replica: Replica) -> RedisServer | None:
    """The server in a replica, as declared."""
    for adapter in declared(environment.stack.harness).values():
        if isinstance(adapter, Redis) and adapter.kind in KINDS and adapter.service == replica.service:
            return RedisServer(replica, adapter)
    return None


def followers(environment: Environment) -> list[RedisServer]:
    """Those that follow another one."""
    found = (server_of(environment, replica) for replica in environment.replicas)
    return [one for one in found if one is not None and one.info_text("role") == "slave"]


def none_follows(fault: str, environment: Environment) -> FaultUnavailable:
    """The error where nothing follows anything."""
    return unavailable(fault, f"stack {environment.stack.name}", "no declared Redis follows another one", EXPECTED)
