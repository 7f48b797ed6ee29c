"""The whole `x-harness` block."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, WithJsonSchema

from harness.stack.base import AsText, Word, wrong
from harness.stack.xharness.availability import Availability
from harness.stack.xharness.base import Block
from harness.stack.xharness.checklist import ChecklistSettings
from harness.stack.xharness.checks import CheckSettings
from harness.stack.xharness.deployer import Deployer
from harness.stack.xharness.faults import Faults
from harness.stack.xharness.logs import Log
from harness.stack.xharness.probes import Probes
from harness.stack.xharness.recovery import Recovery
from harness.stack.xharness.secrets import Secrets
from harness.stack.xharness.servers import Servers
from harness.stack.xharness.state import State
from harness.stack.xharness.workload import Workload

NAME = r"^[a-z0-9][a-z0-9_-]*$"
ENTRYPOINT = "entrypoint"  # the consumer that is no replica: the machine that runs the harness


def _paths(value: Any) -> Any:
    found = [] if value is None or value == {} else list(value) if isinstance(value, list | tuple) else [value]
    if not all(isinstance(path, str | Path) and str(path) for path in found):
        raise wrong("{} for the file as it stands, or the path of a Compose override, or a list of such paths")
    return tuple(Path(path) for path in found)


def _entrypoint(value: Any) -> Any:
    match = re.fullmatch(r"([A-Za-z0-9._-]+):([0-9]{1,5})", value) if isinstance(value, str) else None
    if not match or not 1 <= int(match[2]) <= 65535:
        raise wrong("a service and its port from 1 to 65535, such as lb:80")
    return value


class Proxy(Block):
    """The proxy that every link passes through."""

    image: Word | None = Field(
        default=None,
        description="An image of a Toxiproxy server that takes the place of the harness's own; left out, its own.",
        json_schema_extra={"examples": ["ghcr.io/shopify/toxiproxy:2.12.0"]},
    )


class XHarness(Block):
    """The whole `x-harness` block."""

    name: Annotated[str, Field(pattern=NAME), AsText] | None = Field(
        default=None, description="The stack's name; left out, the Compose file's `name`, else its directory's name."
    )
    entrypoint: Annotated[
        str | None,
        BeforeValidator(lambda value: None if value is None else _entrypoint(value)),
        WithJsonSchema({"type": "string", "pattern": "^[A-Za-z0-9._-]+:[0-9]{1,5}$", "examples": ["lb:80"]}),
    ] = Field(default=None, description="The service and port that the workload addresses.")
    releases: Mapping[
        str,
        Annotated[
            tuple[Path, ...],
            BeforeValidator(_paths),
            WithJsonSchema(
                {
                    "anyOf": [
                        {"type": "object", "maxProperties": 0},
                        {"type": "null"},
                        {"type": "string", "minLength": 1},
                        {"type": "array", "items": {"type": "string", "minLength": 1}},
                    ]
                }
            ),
        ],
    ] = Field(
        default_factory=dict,
        description="By name: {} for the file as it stands, or a Compose override (or a list of them) to merge.",
    )
    deployer: Deployer | None = Field(default=None, description="What deploys and rolls back.")
    logs: Mapping[str, tuple[Log, ...]] = Field(
        default_factory=dict, description="By service: the log files that its replicas write."
    )
    probes: Probes = Field(
        default_factory=Probes,
        description="How the environment is asked what it runs.",
        json_schema_extra={"default": {}},
    )
    servers: Servers = Field(
        default_factory=dict, description="By name: the databases, caches, queues and load balancers of the stack."
    )
    state: Mapping[str, State] = Field(
        default_factory=dict, description="By service: what it keeps, and a rollback has to restore."
    )
    workload: Workload | None = Field(default=None, description="The load that runs while things happen.")
    availability: Availability = Field(
        default_factory=Availability,
        description="How available the service has to stay while a release is deployed or taken back.",
        json_schema_extra={"default": {}},
    )
    faults: Faults = Field(
        default_factory=Faults,
        description="The gate under faults: which are injected, and what has to hold meanwhile.",
        json_schema_extra={"default": {}},
    )
    checks: Mapping[str, CheckSettings] = Field(
        default_factory=dict, description="By check: its thresholds, or why it is switched off; see docs/verdicts.md."
    )
    checklist: ChecklistSettings = Field(
        default_factory=ChecklistSettings,
        description="The pre-release checklist: the team's own items, and what does not concern this stack.",
        json_schema_extra={"default": {}},
    )
    recovery: Recovery = Field(
        default_factory=Recovery,
        description="When performance counts as recovered, once the cause is gone.",
        json_schema_extra={"default": {}},
    )
    secrets: Secrets = Field(
        default_factory=Secrets,
        description="What may not be seen in anything that a run keeps or shows.",
        json_schema_extra={"default": {}},
    )

    proxy: Proxy = Field(
        default_factory=Proxy,
        description="Which proxy every link passes through.",
        json_schema_extra={"default": {}},
    )

    @property
    def entry(self) -> tuple[str, int] | None:
        """The entrypoint as (service, port); None where the block names none."""
        if self.entrypoint is None:
            return None
        service, _, port = self.entrypoint.rpartition(":")
        return service, int(port)
