"""The engine: one daemon, and everything that the harness does on it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cached_property
from typing import Any

import docker

from harness.engine import connect
from harness.engine.connect import Endpoint
from harness.engine.containers import Containers
from harness.engine.images import Images
from harness.engine.leases import Leases
from harness.engine.networks import Networks
from harness.engine.translate import translate
from harness.engine.volumes import Volumes
from harness.errors import EngineGone


class Engine:
    """A container engine that answered. Safe to use from several threads.

    Attributes:
        endpoint: which daemon, and who named it.
        api: the SDK's low-level client. Its exceptions are not ours: wrap calls in `translate`.
        environ: the environment variables that it was found by.
    """

    def __init__(self, api: docker.APIClient, endpoint: Endpoint, environ: Mapping[str, str] = os.environ) -> None:
        self.api, self.endpoint, self.environ = api, endpoint, environ
        self.leases = Leases(api)
        self.images = Images(api, environ, self.leases)
        self.networks = Networks(api, environ, local=endpoint.local)
        self.containers = Containers(api, local=endpoint.local)
        self.volumes = Volumes(api)

    @classmethod
    def connect(cls, environ: Mapping[str, str] = os.environ) -> Engine:
        """Connect as the docker CLI would; see `harness.engine.connect` for the order.

        Raises:
            NoEngine: none answers; the message says what was tried and what to do.
            EngineError: the daemon is too old.
            UsageError: DOCKER_HOST or the docker context is not usable.
        """
        return cls(*connect.connect(environ), environ)

    @cached_property
    def version(self) -> dict[str, Any]:
        """What the daemon says of its version."""
        with translate("The engine's version cannot be read", where=self.endpoint.url):
            return dict(self.api.version(api_version=False))

    def info(self) -> dict[str, Any]:
        """What the daemon says of itself now: storage driver, data root, cgroup version, memory in bytes, ..."""
        with translate("The engine's description cannot be read", where=self.endpoint.url):
            return dict(self.api.info())

    def describe(self) -> str:
        """One line: `Docker 20.10.24 (API 1.41) at unix:///var/run/docker.sock (from the default socket)`."""
        version = self.version
        components = [str(part.get("Name", "")) for part in version.get("Components", [])]
        name = "Podman" if any("Podman" in part for part in components) else "Docker"
        return (
            f"{name} {version.get('Version', 'of unknown version')} (API {self.api.api_version}) "
            f"at {self.endpoint.url} (from {self.endpoint.source})"
        )

    def ping(self) -> None:
        """Ask whether the engine is still there.

        Raises:
            EngineGone: it is not.
        """
        with translate("The engine does not answer a ping", where=self.endpoint.url):
            self.api.ping()

    def close(self) -> None:
        """Stop renewing leases and let go of the connections. What runs on the engine goes on."""
        self.leases.close()
        self.api.close()

    def __enter__(self) -> Engine:
        return self

    def name_in(self, error: BaseException | None) -> None:
        """Say in an error which daemon it is that does not answer any more."""
        if isinstance(error, EngineGone) and self.endpoint.url not in str(error):
            which = f"{self.endpoint.url} (from {self.endpoint.source})"
            error.where = f"{error.where}, on {which}" if error.where else which

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, *_: object) -> None:
        self.name_in(error)
        self.close()
