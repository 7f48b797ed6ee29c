"""What a team's own deployer is told about the environment: JSON, an Ansible inventory, and variables."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Protocol


class Host(Protocol):
    """What the inventory says of a replica."""

    @property
    def name(self) -> str:
        """The replica, e.g. `backend-2`; resolvable within the environment."""

    @property
    def service(self) -> str:
        """Its service."""

    @property
    def container(self) -> str:
        """The name of its container on the engine."""


@dataclass(frozen=True, slots=True)
class Inventory:
    """The hosts of one environment and the releases in question.

    Attributes:
        environment: the environment's name.
        engine: the URL of the container engine, e.g. `unix:///var/run/docker.sock`.
        release: the release to deploy, or to go back to.
        release_from: the other one: what ran before.
        hosts: every replica.
    """

    environment: str
    engine: str
    release: str
    release_from: str
    hosts: tuple[Host, ...]

    def _by_service(self) -> dict[str, list[Host]]:
        services: dict[str, list[Host]] = {}
        for host in self.hosts:
            services.setdefault(host.service, []).append(host)
        return services

    def to_json(self) -> str:
        """`{"environment", "engine", "release", "from", "services": {"backend": [{"name", "address", "container"}]}}`.

        `address` is the name by which the replica is reached from within the environment; from the machine that runs
        the harness a replica is reached through its container.
        """
        services: dict[str, list[dict[str, str]]] = {
            service: [{"name": host.name, "address": host.name, "container": host.container} for host in hosts]
            for service, hosts in self._by_service().items()
        }
        document: dict[str, Any] = {
            "environment": self.environment,
            "engine": self.engine,
            "release": self.release,
            "from": self.release_from,
            "services": services,
        }
        return json.dumps(document)

    def to_ansible(self, *, inside: bool) -> str:
        """An Ansible inventory in INI form, a group per service.

        Args:
            inside: the deployer runs in the environment and reaches replicas by name over SSH; else it runs on the
                harness's machine and enters their containers.
        """
        lines: list[str] = []
        for service, hosts in self._by_service().items():
            lines.append(f"[{service}]")
            for host in hosts:
                reach = (
                    f"ansible_host={host.name}"
                    if inside
                    else f"ansible_connection=community.docker.docker ansible_host={host.container}"
                )
                lines.append(f"{host.name} {reach}")
            lines.append("")
        return "\n".join(lines)

    def variables(self, *, file: str, ansible: str) -> dict[str, str]:
        """The environment variables that a deployer gets.

        Args:
            file: the path under which the deployer finds the JSON.
            ansible: the path under which it finds the Ansible inventory.
        """
        found = {
            "HARNESS_INVENTORY": self.to_json(),
            "HARNESS_INVENTORY_FILE": file,
            "HARNESS_ANSIBLE_INVENTORY": ansible,
            "HARNESS_ENVIRONMENT": self.environment,
            "HARNESS_RELEASE": self.release,
            "HARNESS_RELEASE_FROM": self.release_from,
        }
        for service, hosts in self._by_service().items():
            name = _variable(service)
            found[f"HARNESS_{name}_HOSTS"] = " ".join(host.name for host in hosts)
            found[f"HARNESS_{name}_CONTAINERS"] = " ".join(host.container for host in hosts)
        return found


def _variable(service: str) -> str:
    return "".join(letter if letter.isalnum() else "_" for letter in service).upper()


def fill(command: Iterable[str], *, release: str, release_from: str) -> list[str]:
    """Fill `{release}` and `{from}` into the words of a command; every other brace stays as it is."""
    return [word.replace("{release}", release).replace("{from}", release_from) for word in command]
