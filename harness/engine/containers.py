"""The containers of an engine: made from a spec, found by their labels, removed together."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

import docker

from harness.engine.container import Container, ContainerState
from harness.engine.labels import OURS
from harness.engine.networks import Network
from harness.engine.spec import Attachment, ContainerSpec, arguments, endpoint
from harness.engine.translate import translate
from harness.signals import cleaning_up_after

__all__ = ["Container", "ContainerState", "Containers"]

PARALLEL = 8  # removals at once; the daemon's own work is the bound, not ours
SEVERAL_AT_CREATE = (1, 44)  # the API version from which a container can be created in several networks at once


class Containers:
    """The containers of an engine that are ours. Safe in parallel threads."""

    def __init__(self, api: docker.APIClient, *, local: bool = False) -> None:
        self._api, self._local = api, local

    def create(self, spec: ContainerSpec) -> Container:
        """Make a container, in all its networks, not started. Nothing is left behind when that fails.

        Raises:
            ImageMissing: the engine does not have its image.
            EngineError: the engine refuses; the message has its words.
        """
        with translate(f"{spec.name} cannot be created from {spec.image}", where=spec.name):
            keywords = arguments(self._api, spec)
            rest = spec.networks[1:]
            version = tuple(int(part) for part in self._api.api_version.split("."))
            if rest and version >= SEVERAL_AT_CREATE:
                keywords["networking_config"]["EndpointsConfig"].update(
                    {extra.network.id: endpoint(self._api, extra) for extra in rest}
                )
                rest = ()
            made = self._api.create_container(**keywords)
        container = Container(
            self._api, str(made["Id"]), spec.name, labels=keywords["labels"], grace=spec.stop_grace_period
        )
        try:
            for attachment in rest:
                self.attach(container, attachment)
        except BaseException as error:
            with cleaning_up_after(error):
                container.remove()
            raise
        return container

    def attach(self, container: Container, attachment: Attachment) -> None:
        """Put a container into one more network."""
        name = attachment.network.name
        with translate(f"{container.name} cannot be attached to the network {name}", where=container.name):
            self._api.connect_container_to_network(
                container.id,
                attachment.network.id,
                aliases=list(attachment.aliases) or None,
                ipv4_address=attachment.address,
            )

    def detach(self, container: Container, network: Network) -> None:
        """Take a container out of a network, whatever is connected to it there."""
        with translate(f"{container.name} cannot be taken out of {network.name}", where=container.name):
            self._api.disconnect_container_from_network(container.id, network.id, force=True)

    def get(self, name_or_id: str) -> Container:
        """A container that there is.

        Raises:
            EngineError: there is none of this name.
        """
        with translate(f"There is no container {name_or_id}", where=name_or_id):
            raw = self._api.inspect_container(name_or_id)
        return Container(self._api, str(raw["Id"]), str(raw["Name"]).lstrip("/"), labels=raw["Config"].get("Labels"))

    def list(self, labels: Iterable[str] = (OURS,)) -> tuple[Container, ...]:
        """Every container, running or not, that has all these labels (`key` or `key=value`)."""
        with translate("The engine's containers cannot be listed"):
            found = self._api.containers(all=True, filters={"label": list(labels)})
        return tuple(
            Container(self._api, raw["Id"], (raw.get("Names") or [raw["Id"]])[0].lstrip("/"), labels=raw.get("Labels"))
            for raw in found
        )

    def remove(self, containers: Iterable[Container]) -> int:
        """Remove several at once; returns how many were still there. Tries all of them before it raises.

        Raises:
            EngineError: the first that could not be removed.
        """
        found = list(containers)
        if not found:
            return 0
        with ThreadPoolExecutor(min(PARALLEL, len(found))) as pool:
            futures = [pool.submit(container.remove) for container in found]
        return sum(future.result() for future in futures)
