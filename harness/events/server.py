"""What the servers of a stack say of themselves, once a second. Counts and sizes are null where they are not known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from harness.events._body import Detail, Number, OfReplica


class LockWait(Detail, frozen=True):
    """Who waits for a lock that somebody else has: how many `sessions`, the `longest` wait in seconds, the statement
    that waits so long (`waits`), and the one of who holds it up (`holder`), where they are known.
    """

    sessions: int = 0
    longest: Number = 0.0
    waits: str | None = None
    holder: str | None = None


class ProbeServer(OfReplica, frozen=True):
    """What every sample of a server has."""

    error: str | None  # why nothing, or not all, is known
    server: str = ""  # its name in the stack, where that is not the service's
    # waits for locks: `sessions`, the `longest` (s), what `waits`, the `holder`; null where it does not tell
    lock_wait: LockWait | None = None


class ProbePostgres(ProbeServer, frozen=True, kw_only=True):
    """A PostgreSQL database."""

    kind: ClassVar[str] = "probe.postgres"

    connections: Mapping[str, int] | None  # by state
    waiting: int | None  # sessions that wait for a lock
    longest: Number | None  # age of the longest transaction, s
    longest_idle: Number | None  # the longest time in a transaction without a statement, s
    slowest: Any  # statements with their seconds
    slowest_from: str | None  # where `slowest` is from
    role: str | None  # `primary` or `standby`
    lag: Number | None  # seconds behind the primary
    standbys: Any  # of a primary, by name
    schema: str | None  # digest


class ProbeRedis(ProbeServer, frozen=True, kw_only=True):
    """A Redis server."""

    kind: ClassVar[str] = "probe.redis"

    hits: int | None  # so far
    misses: int | None  # so far
    evicted: int | None  # keys, so far
    expired: int | None  # keys, so far
    memory: int | None  # bytes
    memory_limit: int | None  # bytes; 0 for none
    clients: int | None  # connections
    blocked: int | None  # clients that wait
    rejected: int | None  # connections, so far
    uptime: int | None  # s
    keys: int | None  # count
    expires: int | None  # keys that expire
    role: str | None  # `master` or `slave`


ServerRow = tuple[str, str, str, int | None, int | None, int | None]
"""backend, server, status, weight, sessions, seconds since the status changed."""


class ProbeHaproxy(ProbeServer, frozen=True, kw_only=True):
    """An HAProxy load balancer."""

    kind: ClassVar[str] = "probe.haproxy"

    # `[backend, server, status, weight, sessions, seconds since the status changed]`
    servers: Sequence[ServerRow] | None


class ProbeMysql(ProbeServer, frozen=True, kw_only=True):
    """A MySQL or MariaDB database."""

    kind: ClassVar[str] = "probe.mysql"

    connections: Mapping[str, int | None] | None  # by command
    running: int | None  # threads
    waiting: int | None  # for locks of rows
    slow: int | None  # questions, so far
    questions: int | None  # so far
    aborted: int | None  # connections, so far
    rejected: int | None  # connections, so far
    uptime: int | None  # s
    longest: Number | None  # age of the longest transaction, s
    role: str | None  # `primary` or `standby`
    lag: Number | None  # seconds behind the source


class ProbeMemcached(ProbeServer, frozen=True, kw_only=True):
    """A memcached server."""

    kind: ClassVar[str] = "probe.memcached"

    keys: int | None  # count
    hits: int | None  # so far
    misses: int | None  # so far
    evicted: int | None  # keys, so far
    memory: int | None  # bytes
    memory_limit: int | None  # bytes
    clients: int | None  # connections
    rejected: int | None  # connections, so far
    uptime: int | None  # s


class ProbeNginx(ProbeServer, frozen=True, kw_only=True):
    """An nginx server."""

    kind: ClassVar[str] = "probe.nginx"

    clients: int | None  # connections
    accepted: int | None  # connections, so far
    handled: int | None  # connections, so far
    requests: int | None  # so far
    reading: int | None  # connections
    writing: int | None  # connections
    waiting: int | None  # connections


class ProbeRabbitmq(ProbeServer, frozen=True, kw_only=True):
    """A RabbitMQ broker."""

    kind: ClassVar[str] = "probe.rabbitmq"

    messages: int | None  # in all queues
    ready: int | None  # messages
    unacknowledged: int | None  # messages
    connections: int | None  # count
    channels: int | None  # count
    queues: int | None  # count
    consumers: int | None  # count
    memory: int | None  # bytes
    memory_limit: int | None  # bytes
    alarms: Sequence[str] | None  # names of those that are on
    uptime: int | None  # s
