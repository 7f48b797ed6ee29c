"""`x-harness: probes`: how the environment is asked what it runs and how it is."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import Field

from harness.stack.base import Argv, Word
from harness.stack.xharness.base import Block


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


class Probes(Block):
    """How the environment is asked what it runs and how it is."""

    release: Mapping[str, ReleaseProbe] = Field(
        default_factory=dict, description="By service, asked of every replica: the release that it runs."
    )
    health: Mapping[str, HealthProbe] = Field(
        default_factory=dict, description="By service: whether a replica is well; left out, the service's healthcheck."
    )
    registry: PlacedProbe | None = Field(
        default=None, description="The release that the deployer believes in, e.g. a row of its database."
    )
    queue: PlacedProbe | None = Field(default=None, description="The number of jobs that wait.")
