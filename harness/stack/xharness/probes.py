"""`x-harness: probes`: how the environment is asked what it runs and how it is."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema

from harness.stack.base import Argv, AsWhole, Plain, Word, wrong
from harness.stack.xharness.base import Block

SOCKET, ADDRESS = r"(?:/.+|[^/\s]+:[0-9]{1,5})", r"https?://.+"


def _formed(pattern: str, words: str) -> BeforeValidator:
    """A text of a form, and how that is said where it has another."""

    def validate(value: Any) -> Any:
        if not isinstance(value, str) or not re.fullmatch(pattern, value):
            raise wrong(words)
        return value

    return BeforeValidator(validate)


SocketAddress = Annotated[
    str,
    _formed(SOCKET, "a path such as /run/haproxy.sock, or address:port"),
    WithJsonSchema({"type": "string", "pattern": f"^{SOCKET}$"}),
]
Address = Annotated[
    str,
    _formed(ADDRESS, "an address such as http://127.0.0.1:8404/stats"),
    WithJsonSchema({"type": "string", "pattern": f"^{ADDRESS}$"}),
]


class ReleaseProbe(Block):
    """Asks a replica which release it runs."""

    command: Argv = Field(description="Run in the replica; exit code 0 and the answer on standard output.")
    field: Word | None = Field(
        default=None, description="The field of a JSON answer; left out, the answer is the output without its spaces."
    )


class HealthProbe(Block):
    """Asks a replica whether it is well."""

    command: Argv = Field(description="Run in the replica; exit code 0 means healthy.")


class PlacedProbe(Block):
    """Asks the environment as a whole, in one place."""

    service: Word = Field(alias="in", description="The service in whose first replica the command runs.")
    command: Argv = Field(description="Run there; exit code 0 and the answer on standard output.")


class SchemaProbe(PlacedProbe):
    """Asks which release the database's schema is of."""

    releases: Mapping[str, Plain] = Field(
        default_factory=dict,
        description="By release: the answer that stands for it; left out, the answer is the release itself.",
        json_schema_extra={"additionalProperties": {"type": ["string", "number", "boolean"]}},
    )


class PostgresProbe(Block):
    """A PostgreSQL server to watch."""

    service: Word = Field(alias="in", description="The service; its first replica is asked.")
    user: Word = Field(description="Who connects, in the replica, without being asked for a password.")
    database: Word = Field(description="The database's name.")


class RedisProbe(Block):
    """A Redis server to watch."""

    service: Word = Field(alias="in", description="The service; its first replica is asked.")
    database: Annotated[int, Field(ge=0), AsWhole] = Field(default=0, description="The database's number.")


class HAProxyProbe(Block):
    """An HAProxy to watch."""

    service: Word = Field(alias="in", description="The service; its first replica is asked.")
    socket: SocketAddress | None = Field(
        default=None, description="Its runtime API, seen from the replica: a path, or address:port."
    )
    url: Address | None = Field(default=None, description="Its statistics page, seen from the replica; one of both.")

    @classmethod
    def shaped(cls, values: dict[str, Any]) -> dict[str, Any]:
        """Exactly one way to ask it."""
        if "in" in values and ("socket" in values) == ("url" in values):
            raise wrong("one of socket and url")
        return values


def _words(value: Any) -> Any:
    if isinstance(value, list | tuple) and value and all(isinstance(word, str | int) for word in value):
        return tuple(str(word) for word in value)
    raise wrong("a Redis command as a list of words, such as [LLEN, jobs]")


RedisCommand = Annotated[
    tuple[str, ...],
    BeforeValidator(_words),
    WithJsonSchema({"type": "array", "items": {"type": ["string", "integer"]}, "minItems": 1}),
]


class QueueRedis(Block):
    """A queue that is kept in Redis."""

    database: Annotated[int, Field(ge=0), AsWhole] = Field(default=0, description="The database's number.")
    depth: RedisCommand = Field(description="The command that answers with the number of jobs.")
    oldest: RedisCommand | None = Field(
        default=None, description="The command that answers with the oldest job, or nothing where there is none."
    )
    field: Word | None = Field(default=None, description="The field of that job, a JSON object, that tells its age.")


class QueuePostgres(Block):
    """A queue that is kept in PostgreSQL."""

    user: Word = Field(description="Who connects.")
    database: Word = Field(description="The database's name.")
    depth: Word = Field(description="The SELECT that gives the number of jobs.")
    oldest: Word | None = Field(
        default=None, description="The SELECT that gives the time or age of the oldest job, or nothing."
    )


class QueueProbe(Block):
    """Asks how many jobs wait, and how long the oldest of them has waited. One of command, redis, postgres, http."""

    service: Word = Field(alias="in", description="The service in whose first replica it is asked.")
    command: Argv | None = Field(
        default=None, description="Run there; prints the number of jobs, or a JSON object (see `depth`)."
    )
    redis: QueueRedis | None = Field(default=None, description="Asks Redis.")
    postgres: QueuePostgres | None = Field(default=None, description="Asks PostgreSQL.")
    http: Address | None = Field(
        default=None, description="An address, seen from the replica, that answers with a JSON object (see `depth`)."
    )
    depth: Word | None = Field(default=None, description="The field of a JSON answer that holds the number of jobs.")
    oldest: Word | None = Field(default=None, description="The field of a JSON answer that tells the oldest job's age.")
    holds: Literal["time", "age"] = Field(
        default="time",
        description="What is told of the oldest job: when it was queued (Unix time, ISO 8601), or its age in seconds.",
    )

    @classmethod
    def shaped(cls, values: dict[str, Any]) -> dict[str, Any]:
        """Exactly one way to ask."""
        ways = [key for key in ("command", "redis", "postgres", "http") if key in values]
        if "in" in values and len(ways) != 1:
            raise wrong("one of command, redis, postgres and http")
        if "http" in values and "depth" not in values:
            raise wrong("depth, the field of the answer that holds the number of jobs")
        return values


class Probes(Block):
    """How the environment is asked what it runs and how it is."""

    release: Mapping[str, ReleaseProbe] = Field(
        default_factory=dict, description="By service, asked of every replica: the release that it runs."
    )
    health: Mapping[str, HealthProbe] = Field(
        default_factory=dict, description="By service: whether a replica is well; left out, the service's healthcheck."
    )
    main: Mapping[str, Word] = Field(
        default_factory=dict,
        description="By service: the name of the process that serves, as in /proc/PID/comm; it is to run through.",
    )
    configuration: Mapping[str, ReleaseProbe] = Field(
        default_factory=dict, description="By service, asked of every replica: the release its configuration is of."
    )
    registry: PlacedProbe | None = Field(
        default=None, description="The release that the deployer believes in, e.g. a row of its database."
    )
    database_schema: SchemaProbe | None = Field(
        default=None, alias="schema", description="The release that the database's schema is of."
    )
    queue: QueueProbe | None = Field(
        default=None, description="The number of jobs that wait, and the age of the oldest."
    )
    postgres: PostgresProbe | None = Field(
        default=None, description="A PostgreSQL to watch; left out, those that `state` names."
    )
    redis: RedisProbe | None = Field(default=None, description="A Redis to watch; left out, those that `state` names.")
    haproxy: HAProxyProbe | None = Field(default=None, description="The HAProxy in front of the fleet.")
