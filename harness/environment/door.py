"""The environment's only door: a proxy that every link passes through, with ports published on 127.0.0.1.

Published ports do not work on an internal network, and a published port changes when its container restarts. So one
small container stands in both an internal and an ordinary network, and is never restarted. In the internal network it
has an address for every consumer and target, and listens there for each link. In the outer one it has one address,
for the proxy's API and the entry points; no replica has a way there. What the door itself can reach is the replicas:
see `harness.environment.limits`, and the proxy's `-upstreams`.

Where the stack names another proxy (a Toxiproxy of its own), that runs in a container that shares the network of this
one, which then only holds it.
"""

from __future__ import annotations

import http.client
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field

from harness.clock import Clock
from harness.engine import Attachment, Container, ContainerSpec, Engine, Owner, Publish
from harness.engine.container import FileContent
from harness.engine.process import ExecProcess
from harness.environment import limits
from harness.environment.about import ABOUT, About
from harness.environment.images import StackImages
from harness.environment.links import Links
from harness.environment.specs import Resources
from harness.environment.wiring import API_PORT
from harness.errors import EngineError, NotReady, UsageError
from harness.stalls import Patience
from harness.waiting import poll

# A file, which only the proxy and who may use the engine can read: command lines and variables are seen by every user
# of the engine's machine and end up in lists, labels in every `inspect` that somebody saves.
TOKEN = "/token"
PROXY_USER = 58474  # as which the proxy runs, see image/door; a number that no user of the engine's machine has
FLAGS = ("-config", "/proxies.json", "-proxy-metrics")
READY_WITHIN = 20.0  # s
ASK_EVERY = 0.02  # s


@dataclass(frozen=True, slots=True)
class Door:
    """The proxy's container, and what it passes on.

    Attributes:
        api_port: the proxy's API on 127.0.0.1.
        holder: of the network, with an image of ours: the proxy itself, but where a Toxiproxy is in its place.
        token: what the API asks for; None where a Toxiproxy is in the proxy's place, which asks for nothing.
        ports: of the entry points there: `lb:80` to a port.
        links: every link.
        addresses: of the replicas themselves, by name.
    """

    container: Container
    api_port: int
    ports: Mapping[str, int]
    links: Links
    addresses: Mapping[str, str]
    token: str | None = field(default=None, repr=False)
    holder: Container | None = None

    @classmethod
    def open(cls, engine: Engine, owner: Owner, resources: Resources, images: StackImages, about: About) -> Door:
        """Start the proxy with a listener for every link; `wait` waits for it. What `about` says stays in the door."""
        wiring = resources.wiring
        config = [
            {"name": link.name, "listen": link.listen, "upstream": link.upstream, "enabled": True}
            for link in wiring.links
        ]
        flags = ("-host", wiring.outside, "-port", str(API_PORT), *FLAGS, "-seed", str(about.seed))
        token = secrets.token_urlsafe(32) if images.proxy is None else None
        own = (*flags, "-token-file", TOKEN, "-upstreams", str(resources.inside.subnet))
        holder = engine.containers.create(_spec(owner, resources, images.door, None if token is None else own))
        files = [
            FileContent("network", limits.network(resources).encode()),
            FileContent("proxies.json", json.dumps(config).encode()),
            FileContent(ABOUT[1:], about.wired(wiring).encode(), 0o400),
        ]
        if token is not None:
            files.append(FileContent(TOKEN[1:], token.encode(), 0o400, PROXY_USER, PROXY_USER))
        holder.put_all("/", files)
        holder.start()
        proxy = holder
        if images.proxy is not None:
            _set_up(engine, holder)
            proxy = engine.containers.create(_other_spec(owner, holder, images.proxy, flags))
            proxy.put_all("/", files[1:2])
            proxy.start()
        ports = {name: holder.port(port) for name, port in wiring.published.items()}
        return cls(proxy, holder.port(API_PORT), ports, wiring.links, wiring.replicas, token, holder)

    def address(self, target: str | None) -> tuple[str, int]:
        """("127.0.0.1", port) of an entry point, `service:port`. UsageError where there is none."""
        if target is None or target not in self.ports:
            raise UsageError(
                "The environment has no such entry point",
                where=f"environment {self.links.environment}",
                got=target or "none",
                expected=", ".join(self.ports) or "a stack that declares one",
                hint="declare it: x-harness.entrypoint, e.g. lb:80",
            )
        return "127.0.0.1", self.ports[target]

    def wait(self, clock: Clock) -> None:
        """Wait until the proxy answers and listens for every link.

        Raises:
            NotReady: it does not within 20 s, or has ended; the message has its last answer and its log.
        """
        patience = Patience(READY_WITHIN, clock=clock.monotonic)

        def look() -> tuple[str | None, bool]:
            last = self._ask()
            return last, last is not None and not self.container.state().running

        last, ended = poll(look, lambda seen: seen[0] is None or seen[1], within=patience, every=ASK_EVERY, clock=clock)
        if last is not None:
            raise NotReady(
                "The environment's door did not open",
                where=f"{self.container.name}, published on 127.0.0.1:{self.api_port}",
                got="its process has ended" if ended else last,
                expected=f"the proxy's API, and all links, within {READY_WITHIN:.0f} s{patience.words}",
                detail=self.container.logs(tail=20),
            )

    def _ask(self) -> str | None:
        """None when it is open, else what it said instead."""
        connection = http.client.HTTPConnection("127.0.0.1", self.api_port, timeout=2)
        try:
            sent = {} if self.token is None else {"Authorization": f"Bearer {self.token}"}
            connection.request("GET", "/proxies", headers=sent)
            answer = connection.getresponse()
            found = json.loads(answer.read())
            missing = [str(link) for link in self.links if not found.get(link.name, {}).get("enabled")]
        except (OSError, http.client.HTTPException, ValueError, AttributeError) as error:
            return str(error) or type(error).__name__
        finally:
            connection.close()
        more = f" and {len(missing) - 3} more" if len(missing) > 3 else ""
        return f"no listener for {', '.join(missing[:3])}{more}" if missing else None


def _spec(owner: Owner, resources: Resources, image: str, flags: tuple[str, ...] | None) -> ContainerSpec:
    inside = Attachment(resources.inside, aliases=("door",), address=resources.wiring.door)
    return ContainerSpec(
        name=f"{owner.environment}-door",
        image=image,
        owner=owner,
        replica="door",
        hostname="door",
        entrypoint=None if flags else ("sleep", "infinity"),
        command=flags,
        networks=(Attachment(resources.outside, address=resources.wiring.outside), inside),
        publish=tuple(Publish(port) for port in (API_PORT, *resources.wiring.published.values())),
        # For its addresses and rules, and then for giving all of that up; KILL lets `init` pass a signal on to the
        # proxy, which is another user by then.
        cap_drop=("ALL",),
        cap_add=("NET_ADMIN", "SETUID", "SETGID", "SETPCAP", "KILL"),
        # It stands in two networks and must not be a way from one to the other. Services may have ports below 1024.
        sysctls={"net.ipv4.ip_forward": "0", "net.ipv4.ip_unprivileged_port_start": "0"},
    )


def _other_spec(owner: Owner, holder: Container, image: str, flags: tuple[str, ...]) -> ContainerSpec:
    return ContainerSpec(
        name=f"{owner.environment}-proxy",
        image=image,
        owner=owner,
        replica="proxy",
        command=flags,
        network_of=holder.id,
        cap_drop=("ALL",),  # it must not be able to change the network that it shares
    )


def _set_up(engine: Engine, holder: Container) -> None:
    with ExecProcess.start(engine.api, holder.id, ["door", "network"], name=holder.name) as process:
        said = [text for _, text in process.lines(READY_WITHIN)]
        if process.exit_code() != 0:
            raise EngineError(
                "The door's network cannot be set up", where=holder.name, got=" ".join(said) or "no reason",
                expected="a container that may change its own network (NET_ADMIN), and a kernel with policy routing",
            )  # fmt: skip
