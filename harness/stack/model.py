"""The services of a stack: what the harness takes from a Compose file, in one form.

Times are seconds, sizes bytes, paths absolute. Short forms, `extends`, overrides, variables and `env_file` are
resolved: `environment` is what the container gets.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from harness.stack import accepted, keys
from harness.stack.base import (
    AsNumber,
    AsText,
    AsWhole,
    Model,
    Plain,
    Seconds,
    Size,
    Text,
    Truth,
    Whole,
    Word,
    wrong,
)

_CONDITIONS = {
    "service_started": "started",
    "service_healthy": "healthy",
    "service_completed_successfully": "completed",
}


class Condition(StrEnum):
    """What a service waits for in one that it depends on."""

    STARTED = "started"
    HEALTHY = "healthy"
    COMPLETED = "completed"


def _condition(value: Any) -> Any:
    if value in set(Condition):
        return value
    if value not in _CONDITIONS:
        raise wrong("one of " + ", ".join(_CONDITIONS))
    return _CONDITIONS[value]


def _test(value: Any) -> Any:
    words = value if isinstance(value, list | tuple) else ()
    if not all(isinstance(word, str) for word in words):
        raise wrong("a list of words", "put numbers, true and false in quotes")
    if len(words) < (1 if words[:1] in (["NONE"], ("NONE",)) else 2) or words[0] not in ("CMD", "CMD-SHELL", "NONE"):
        raise wrong("a text, or a list that begins with CMD or CMD-SHELL")
    return tuple(words)


def _words(value: Any) -> Any:
    if not isinstance(value, list | tuple) or not all(isinstance(word, str) for word in value):
        raise wrong("a text, or a list of words", "put numbers, true and false in quotes")
    return tuple(value)


def _mounts(value: Any) -> Any:
    if isinstance(value, Mapping):
        return value
    if not isinstance(value, list) or not all(isinstance(item, str) and item.startswith("/") for item in value):
        raise wrong("paths in the container, such as /run or /tmp:size=64m")
    found: dict[str, str] = {}
    for index, item in enumerate(value):
        path, _, options = item.partition(":")
        found[accepted.mount_point(path, index)] = accepted.mount_options(options, index)
    return found


Words = Annotated[tuple[str, ...], BeforeValidator(_words), AfterValidator(accepted.words)]
Capabilities = tuple[Annotated[Word, AfterValidator(accepted.capability)], ...]
Variables = Annotated[Mapping[str, Plain], AfterValidator(accepted.environment)]
Port16 = Annotated[int, Field(ge=1, le=65535), AsWhole]


class Build(Model):
    """How an image is made: the context, the Dockerfile relative to it, arguments and the stage."""

    ignored_keys: ClassVar[frozenset[str]] = keys.BUILD_IGNORED
    refused_keys: ClassVar[Mapping[str, str]] = keys.BUILD_REFUSED

    context: Path
    dockerfile: Word = "Dockerfile"
    args: Mapping[str, Plain] = Field(default_factory=dict, repr=False)
    target: Word | None = None


class Healthcheck(Model):
    """A health check in Compose's form: `test` begins with CMD or CMD-SHELL. Times in seconds."""

    test: Annotated[tuple[str, ...], BeforeValidator(_test)]
    interval: Seconds = 30.0
    timeout: Seconds = 30.0
    retries: Annotated[int, Field(ge=0), AsWhole] = 3
    start_period: Seconds = 0.0
    start_interval: Seconds | None = None  # between two attempts in the start period; None: as after it


def command_of(check: Healthcheck | None) -> str | None:
    """The health check's test as a shell command; None where there is none to run."""
    if check is None or check.test[0] == "NONE":
        return None
    if check.test[0] == "CMD-SHELL":
        return check.test[1]
    return shlex.join(check.test[1:] if check.test[0] == "CMD" else check.test)


class Port(Model):
    """A port that a container listens on. The harness publishes none of them as they are written."""

    ignored_keys: ClassVar[frozenset[str]] = frozenset({"mode", "name", "app_protocol"})

    target: Port16
    published: Annotated[str | None, BeforeValidator(lambda value: None if value is None else str(value))] = None
    host_ip: Text | None = None
    protocol: Literal["tcp", "udp", "sctp"] = "tcp"


class Volume(Model):
    """What is mounted: a `bind` of a path, a named (or anonymous) `volume`, or a `tmpfs` of `size` bytes."""

    ignored_keys: ClassVar[frozenset[str]] = frozenset({"consistency", "bind"})

    type: Literal["bind", "volume", "tmpfs"]
    source: Word | None = None
    target: Annotated[str, AfterValidator(accepted.mount_point), AsText]
    read_only: Truth = False
    size: Annotated[Size, AfterValidator(accepted.bytes_)] | None = None

    @classmethod
    def shaped(cls, values: dict[str, Any]) -> dict[str, Any]:
        """`tmpfs: {size: 64m}` as `size`; `bind` and `volume` hold nothing that matters here."""
        return values


class Ulimit(Model):
    """A limit of a process, soft and hard; -1 is no limit."""

    soft: Whole
    hard: Whole

    @model_validator(mode="after")
    def _in_order(self) -> Ulimit:
        accepted.ulimit(self.soft, self.hard)
        return self


class UpdateConfig(Model):
    """How a service is updated or rolled back: so many replicas at a time, in which order, watched for how long."""

    parallelism: Annotated[int, Field(ge=0), AsWhole] = 1
    delay: Seconds = 0.0
    order: Literal["stop-first", "start-first"] = "stop-first"
    monitor: Seconds = 0.0
    max_failure_ratio: Annotated[float, Field(ge=0, le=1), AsNumber] = 0.0
    failure_action: Literal["continue", "rollback", "pause"] = "pause"


class RollbackConfig(UpdateConfig):
    """How a service is rolled back: a rollback that fails is not rolled back itself."""

    failure_action: Literal["continue", "pause"] = "pause"


class Service(Model):
    """One service. `replicas` containers run it; what is None was left out."""

    ignored_keys: ClassVar[frozenset[str]] = keys.SERVICE_IGNORED
    refused_keys: ClassVar[Mapping[str, str]] = keys.SERVICE_REFUSED

    name: str
    image: Annotated[Word, AfterValidator(accepted.image)] | None = None
    build: Build | None = None
    command: Words | None = None
    entrypoint: Words | None = None
    environment: Variables = Field(default_factory=dict, repr=False)  # a failing test shows its arguments
    replicas: Annotated[int, Field(ge=0, le=1000), AsWhole] = 1
    healthcheck: Healthcheck | None = None
    depends_on: Mapping[str, Annotated[Condition, BeforeValidator(_condition)]] = Field(default_factory=dict)
    ports: tuple[Port, ...] = ()
    expose: tuple[Port16, ...] = ()
    volumes: tuple[Volume, ...] = ()
    tmpfs: Annotated[Mapping[str, str], BeforeValidator(_mounts)] = Field(default_factory=dict)
    hostname: Annotated[Word, AfterValidator(accepted.hostname)] | None = None
    user: Annotated[Word, AfterValidator(accepted.user)] | None = None
    working_dir: Annotated[Word, AfterValidator(accepted.directory)] | None = None
    labels: Mapping[str, Plain] = Field(default_factory=dict)
    cap_add: Capabilities = ()
    cap_drop: Capabilities = ()
    init: Truth | None = None
    sysctls: Annotated[Mapping[str, Plain], AfterValidator(accepted.sysctls)] = Field(default_factory=dict)
    ulimits: Annotated[Mapping[str, Ulimit], AfterValidator(accepted.ulimit_names)] = Field(default_factory=dict)
    stop_grace_period: Seconds = 10.0
    stop_signal: Annotated[Word, AfterValidator(accepted.signal)] | None = None
    shm_size: Annotated[Size, AfterValidator(accepted.bytes_)] | None = None
    mem_limit: Annotated[Size, AfterValidator(accepted.memory)] | None = None
    cpus: Annotated[float, Field(ge=0.01, le=1e6), AsNumber] | None = None
    extra_hosts: Annotated[Mapping[str, Text], AfterValidator(accepted.hosts)] = Field(default_factory=dict)
    update_config: UpdateConfig | None = None
    rollback_config: RollbackConfig | None = None

    @model_validator(mode="after")
    def _fits(self) -> Service:
        accepted.all_words(self.environment, self.command, self.entrypoint)
        return self

    def replica_names(self) -> tuple[str, ...]:
        """`backend-1`, `backend-2`, ...: one name for each replica."""
        return tuple(f"{self.name}-{number}" for number in range(1, self.replicas + 1))

    def listens_on(self) -> tuple[int, ...]:
        """The TCP ports of `expose` and `ports`, each once, in order. The image may declare more."""
        return tuple(sorted({*self.expose, *(port.target for port in self.ports if port.protocol == "tcp")}))
