"""The `x-harness` block of a Compose file: what Compose does not know and the harness has to."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema

from harness.stack.base import Argv, AsText, AsWhole, Fraction, Model, Plain, Rate, Seconds, Word, wrong

DEFAULT_ERRORS = "ERROR|CRITICAL|Traceback"
NAME = r"^[a-z0-9][a-z0-9_-]*$"


def _regex(value: Any) -> Any:
    if not isinstance(value, str):
        raise wrong("a regular expression", "put the value in quotes")
    try:
        re.compile(value)
    except (re.error, RecursionError, OverflowError) as error:
        raise wrong(f"a regular expression ({error})") from None
    return value


def _paths(value: Any) -> Any:
    found = [] if value is None or value == {} else list(value) if isinstance(value, list | tuple) else [value]
    if not all(isinstance(path, str | Path) and str(path) for path in found):
        raise wrong("{} for the file as it stands, or the path of a Compose override, or a list of such paths")
    return tuple(Path(path) for path in found)


def _ids(value: Any) -> Any:
    if isinstance(value, tuple | list) and len(value) == 2:
        return tuple(value)
    match = re.fullmatch(r"([0-9]{1,15})(?:-([0-9]{1,15}))?", str(value))
    if isinstance(value, bool) or not match or int(match[1]) > int(match[2] or match[1]):
        raise wrong("a range of numbers such as 1-500, the lower first")
    return int(match[1]), int(match[2] or match[1])


def _entrypoint(value: Any) -> Any:
    match = re.fullmatch(r"([A-Za-z0-9._-]+):([0-9]{1,5})", value) if isinstance(value, str) else None
    if not match or not 1 <= int(match[2]) <= 65535:
        raise wrong("a service and its port from 1 to 65535, such as lb:80")
    return value


class _Block(Model):
    """A part of the block. Unknown keys are refused, `x-` ones too."""

    extension_keys: ClassVar[bool] = False


class Deployer(_Block):
    """The team's own tool that deploys and rolls back."""

    deploy: Argv = Field(
        description="The command that deploys. {release} stands for the release to deploy, {from} for the one before."
    )
    rollback: Argv = Field(
        description="The command that rolls back. {release} stands for the release to go back to, {from} for the other."
    )
    service: Word | None = Field(
        default=None,
        alias="in",
        description="The service in whose first replica the commands run; left out, the machine that runs the harness.",
    )
    timeout: Seconds = Field(
        default=120.0,
        description="How long a command may run before it is ended.",
        json_schema_extra={"default": "120s"},
    )
    environment: Mapping[str, Plain] = Field(
        default_factory=dict,
        description="Variables that the commands get beside the inventory.",
        json_schema_extra={"additionalProperties": {"type": ["string", "number", "boolean"]}},
    )


class Log(_Block):
    """A log file that every replica of the service keeps writing."""

    path: Annotated[str, Field(pattern="^/"), AsText] = Field(description="The file in the replica; absolute.")
    max_silence: Seconds = Field(
        default=10.0,
        description="How long the file may stay as it is, under load, before the log counts as silent.",
        json_schema_extra={"default": "10s"},
    )
    format: Literal["json", "text"] = Field(default="text", description="What a line is: a JSON object, or text.")
    release: Word | None = Field(
        default=None, description="The field of a JSON line that holds the release; left out, it is not looked at."
    )
    time: Word | None = Field(default=None, description="The field of a JSON line that holds its time.")
    errors: Annotated[str, BeforeValidator(_regex)] = Field(
        default=DEFAULT_ERRORS, description="A regular expression (Python's) that no line may match."
    )


class ReleaseProbe(_Block):
    """Asks a replica which release it runs."""

    command: Argv = Field(description="Run in the replica; exit code 0 and the answer on standard output.")
    field: Word | None = Field(
        default=None, description="The field of a JSON answer; left out, the answer is the output without its spaces."
    )


class HealthProbe(_Block):
    """Asks a replica whether it is well."""

    command: Argv = Field(description="Run in the replica; exit code 0 means healthy.")


class PlacedProbe(_Block):
    """Asks the environment as a whole, in one place."""

    service: Word = Field(alias="in", description="The service in whose first replica the command runs.")
    command: Argv = Field(description="Run there; exit code 0 and the answer on standard output.")


class Probes(_Block):
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


class Postgres(_Block):
    """A PostgreSQL database."""

    user: Word = Field(description="Who connects.")
    database: Word = Field(description="The database's name.")


class Redis(_Block):
    """A Redis server."""

    database: Annotated[int, Field(ge=0), AsWhole] = Field(default=0, description="The database's number.")


class State(_Block):
    """What a service keeps, and a rollback has to restore."""

    files: tuple[Word, ...] = Field(default=(), description="Files and directories in every replica.")
    ignore: tuple[Word, ...] = Field(default=(), description="Patterns of file names below them that do not count.")
    postgres: Postgres | None = Field(default=None, description="The service is a PostgreSQL server.")
    redis: Redis | None = Field(default=None, description="The service is a Redis server.")


class Request(_Block):
    """The request that the workload sends."""

    method: Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] = Field(
        default="GET", description="The HTTP method."
    )
    path: Annotated[str, Field(pattern="^/"), AsText] = Field(
        default="/", description="The path and query. {id} stands for a number out of `ids`."
    )
    headers: Mapping[str, Plain] = Field(
        default_factory=dict,
        description="Headers by name.",
        json_schema_extra={"additionalProperties": {"type": ["string", "number", "boolean"]}},
    )
    body: Annotated[
        str | None, WithJsonSchema({"anyOf": [{"type": t} for t in ("string", "object", "array", "null")]})
    ] = Field(default=None, description="A text, sent as it is; or a mapping or list, sent as JSON.")
    status: tuple[Annotated[int, Field(ge=100, le=599), AsWhole], ...] = Field(
        default=(), description="The answers that count as good; left out, any from 200 to 299."
    )

    @classmethod
    def shaped(cls, values: dict[str, Any]) -> dict[str, Any]:
        """A body that is not text, as the JSON that is sent, with its header."""
        if isinstance(values.get("body"), dict | list):
            values["body"] = json.dumps(values["body"])
            headers = values.get("headers") or {}
            if isinstance(headers, dict) and "content-type" not in {str(name).lower() for name in headers}:
                values["headers"] = {**headers, "Content-Type": "application/json"}
        elif isinstance(values.get("body"), int | float):
            raise wrong("a text, a mapping or a list", "put the value in quotes")
        return values


class Workload(_Block):
    """The load that runs while things happen: requests to the entrypoint at a fixed rate, whatever comes back."""

    rate: Rate = Field(
        default=10.0, description="How many requests are sent in a second.", json_schema_extra={"default": "10/s"}
    )
    request: Request = Field(default_factory=Request, description="What is sent.", json_schema_extra={"default": {}})
    ids: Annotated[
        tuple[int, int],
        BeforeValidator(_ids),
        WithJsonSchema({"type": ["string", "integer"], "pattern": "^[0-9]+(-[0-9]+)?$", "minimum": 0}),
    ] = Field(default=(1, 500), description="The numbers that {id} stands for.", json_schema_extra={"default": "1-500"})
    timeout: Seconds = Field(
        default=5.0,
        description="How long a request may take before it counts as failed.",
        json_schema_extra={"default": "5s"},
    )


class Recovery(_Block):
    """When performance counts as recovered."""

    within: Seconds = Field(
        default=30.0, description="How long recovery may take.", json_schema_extra={"default": "30s"}
    )
    tolerance: Fraction = Field(
        default=0.10,
        description="How far from the baseline still counts as equal.",
        json_schema_extra={"default": "10%"},
    )
    confidence: Fraction = Field(
        default=0.95, description="How sure the harness has to be.", json_schema_extra={"default": "95%"}
    )


class Proxy(_Block):
    """The proxy that every link passes through."""

    image: Word | None = Field(
        default=None,
        description="An image of a Toxiproxy server that takes the place of the harness's own; left out, its own.",
        json_schema_extra={"examples": ["ghcr.io/shopify/toxiproxy:2.12.0"]},
    )


class XHarness(_Block):
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
    state: Mapping[str, State] = Field(
        default_factory=dict, description="By service: what it keeps, and a rollback has to restore."
    )
    workload: Workload | None = Field(default=None, description="The load that runs while things happen.")
    recovery: Recovery = Field(
        default_factory=Recovery,
        description="When performance counts as recovered, once the cause is gone.",
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
