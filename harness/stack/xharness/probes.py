"""`x-harness: probes`: how the environment is asked what it runs and how it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, WithJsonSchema

from harness.stack.base import Argv, Plain, Word, of_form, wrong
from harness.stack.xharness.base import Block

ADDRESS = r"https?://.+"


Address = Annotated[
    str,
    of_form(ADDRESS, "an address such as http://127.0.0.1:8404/stats"),
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


class QueueProbe(Block):
    """Asks how many jobs wait, and how long the oldest of them has waited, by a command or an address."""

    service: Word = Field(alias="in", description="The service in whose first replica it is asked.")
    command: Argv | None = Field(
        default=None, description="Run there; prints the number of jobs, or a JSON object (see `depth`)."
    )
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
        ways = [key for key in ("command", "http") if key in values]
        if "in" in values and len(ways) != 1:
            raise wrong("one of command and http")
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
    other: Mapping[str, Mapping[str, Any]] = Field(
        default_factory=dict,
        description="By name, probes of packages that are installed beside the harness: what each is told.",
        json_schema_extra={"additionalProperties": {"type": "object"}},
    )
