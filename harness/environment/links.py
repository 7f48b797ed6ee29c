"""Who talks to whom: the links of an environment, each through a listener of its own in the proxy.

A link is (consumer replica, service or one replica of it, port). `harness.environment.wiring` lays them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from harness.errors import UsageError


@dataclass(frozen=True, slots=True)
class Link:
    """One link.

    Attributes:
        consumer: the replica that connects, e.g. `backend-2`; `entrypoint` for the machine that runs the harness.
        target: what it connects to: a service (`database`), or one replica of a service that has several.
        service: the service that answers.
        port: the service's own TCP port.
        listen: `address:port` in the door where the proxy listens for it.
        upstream: `host:port` that the proxy connects to.
        names: what the consumer may call the target, where that is more than `target`.
    """

    consumer: str
    target: str
    service: str
    port: int
    listen: str
    upstream: str
    names: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Its proxy's name at the proxy's API: `backend-2:database:5432`."""
        return f"{self.consumer}:{self.target}:{self.port}"

    def __str__(self) -> str:
        return f"{self.consumer} -> {self.target}:{self.port}"

    def leads_to(self, target: str) -> bool:
        """Whether a target is this link's: its replica or service, or the service that its replica is one of."""
        return target in (self.target, self.service, *self.names)


class Links:
    """The links of one environment, by consumer, in the order of the stack's services.

    Args:
        environment: its name, for messages.
        links: every link.
    """

    def __init__(self, environment: str, links: Iterable[Link]) -> None:
        self.environment = environment
        self._links = tuple(links)

    def __iter__(self) -> Iterator[Link]:
        return iter(self._links)

    def __len__(self) -> int:
        return len(self._links)

    def between(self, consumer: str, target: str, port: int | None = None) -> tuple[Link, ...]:
        """The links from a consumer to a target, on all ports or one.

        Args:
            consumer: a replica, or `entrypoint`.
            target: a service, which means the links to it by its own name and to each of its replicas; or a replica,
                which means the link to that one alone.

        Raises:
            UsageError: there is no such link; the message lists those that there are.
        """
        own = [link for link in self._links if link.consumer == consumer]
        to = [link for link in own if link.leads_to(target)]
        found = tuple(link for link in to if port in (None, link.port))
        if found:
            return found
        if not own:
            raise UsageError(
                "No link begins there",
                where=f"environment {self.environment}",
                got=consumer,
                expected="one of " + _listed(link.consumer for link in self._links),
            )
        wanted = target if port is None else f"{target}:{port}"
        raise UsageError(
            "There is no such link",
            where=f"environment {self.environment}",
            got=f"{consumer} -> {wanted}",
            expected=f"{consumer} -> one of " + _listed(f"{link.target}:{link.port}" for link in (to or own)),
            hint="a service has links for the ports of its `expose` and `ports`, and those that its image declares",
        )


def _listed(words: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(words)) or "none: no service declares a port"
