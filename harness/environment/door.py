"""The environment's only door: a proxy in the internal network whose ports are published on 127.0.0.1.

Published ports do not work on an internal network, and a published port changes when its container restarts. So one
small container stands in both an internal and an ordinary network, is never restarted, and passes connections on.
"""

from __future__ import annotations

import http.client
import json
import threading
from dataclasses import dataclass

from harness.clock import Clock
from harness.engine import Attachment, Container, ContainerSpec, Engine, Owner, Publish
from harness.environment.specs import Plumbing
from harness.errors import NotReady

API = 8474  # where the proxy's own API listens, as Toxiproxy's does
READY_WITHIN = 20.0  # s
PAUSE = 0.02  # s between two questions


@dataclass(frozen=True, slots=True)
class Door:
    """The proxy's container and what it passes on: `lb:80` to the port on 127.0.0.1."""

    container: Container
    ports: dict[str, int]

    @classmethod
    def open(cls, engine: Engine, owner: Owner, plumbing: Plumbing, targets: tuple[str, ...], image: str) -> Door:
        """Start the proxy with a listener for every target (`service:port`)."""
        listeners = {target: 20000 + number for number, target in enumerate(targets)}
        config = [
            {"name": target, "listen": f"0.0.0.0:{port}", "upstream": target, "enabled": True}
            for target, port in listeners.items()
        ]
        container = engine.containers.create(
            ContainerSpec(
                name=f"{owner.environment}-door",
                image=image,
                owner=owner,
                replica="door",
                hostname="door",
                command=("-host", "0.0.0.0", "-port", str(API), "-config", "/proxies.json"),  # noqa: S104 - inside
                networks=(Attachment(plumbing.outside), Attachment(plumbing.inside, aliases=("door",))),
                publish=tuple(Publish(port) for port in (API, *listeners.values())),
                # It stands in two networks and must not be a way from one to the other.
                sysctls={"net.ipv4.ip_forward": "0"},
            )
        )
        container.put("/proxies.json", json.dumps(config).encode())
        container.start()
        return cls(container, {"": container.port(API), **{t: container.port(p) for t, p in listeners.items()}})

    def wait(self, clock: Clock) -> None:
        """Wait until the proxy answers and listens for every target.

        Raises:
            NotReady: it does not within 20 s; the message has its last answer and its log.
        """
        began, never = clock.monotonic(), threading.Event()
        while (last := self._ask()) is not None:
            if clock.monotonic() - began > READY_WITHIN:
                raise NotReady(
                    "The environment's door did not open",
                    where=f"{self.container.name}, published on 127.0.0.1:{self.ports['']}",
                    got=last,
                    expected=f"the proxy's API within {READY_WITHIN:.0f} s",
                    detail=self.container.logs(tail=20),
                )
            clock.wait(never, PAUSE)

    def _ask(self) -> str | None:
        """None when it is open, else what it said instead."""
        connection = http.client.HTTPConnection("127.0.0.1", self.ports[""], timeout=2)
        try:
            connection.request("GET", "/proxies")
            answer = connection.getresponse()
            found = json.loads(answer.read())
            missing = [target for target in self.ports if target and target not in found]
        except (OSError, http.client.HTTPException, ValueError) as error:
            return str(error) or type(error).__name__
        finally:
            connection.close()
        return f"no listener for {', '.join(missing)}" if missing else None
