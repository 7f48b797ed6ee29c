"""What all faults of links share: which links, toxics on them under a lease, counters that prove them, the healing."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field

from harness.errors import HarnessError, UsageError
from harness.faults import _counters, _selectors
from harness.faults._base import Active, Evidence, Fault, FaultContext
from harness.faults._counters import Counts
from harness.faults._selectors import Selector
from harness.proxy.client_shapes import Toxic
from harness.signals import cleaning_up_after
from harness.stack import ENTRYPOINT
from harness.waiting import poll

if TYPE_CHECKING:
    from harness.environment import Environment
    from harness.environment.links import Link

LEASE = 60.0  # s after which a toxic removes itself, should the harness die before it heals it
RENEW = LEASE / 4
GONE_WITHIN = 5.0  # s that connections may take to be as before
POLL_EVERY = 0.02  # s
WORDS = {
    "bytes": "{} bytes",
    "connections": "connections: {}",
    "closed": "ended: {}",
    "refused": "refused or ended: {}",
}
MEETS = {
    "bytes": "it needs bytes in its direction",
    "connections": "it needs new connections",
    "closed": "it ended no connection",
    "refused": "no connection was refused",
}
MAX_NAMED = 3  # so many links are spelt out; the rest are counted

Stream = Literal["downstream", "upstream", "both"]
Needs = Literal["bytes", "connections", "closed", "refused"]


class LinkFault(Fault):
    """A fault of every link from some consumers to some targets.

    Attributes:
        consumers: who connects, `from` in a plan; targets: to whom, `to` in a plan; see docs/faults.md for selectors.
        port: of the target; None is every port.
        toxicity: the probability that a connection is hit, above 0 to 1.
        reconnects: connections that are open are ended when it is injected: what was said on them before is needed.
        meets: the toxic's counters, one of which has to move to prove that it bit.
    """

    positional: ClassVar[tuple[str, ...]] = ("consumers", "targets")
    reconnects: ClassVar[bool] = False
    meets: ClassVar[tuple[Needs, ...]] = ("bytes",)

    consumers: Selector = Field(alias="from", min_length=1)
    targets: Selector = Field(alias="to", min_length=1)
    port: int | None = Field(default=None, ge=1, le=65535)
    toxicity: float = Field(default=1.0, gt=0, le=1)

    def toxics(self) -> Sequence[Toxic]:
        """The toxics that each link gets; names and toxicity are filled in."""
        raise NotImplementedError

    def what(self) -> str:
        """The fault without its place: `latency of 300 ms`."""
        raise NotImplementedError

    def title(self) -> str:
        """What it is and where."""
        port = "" if self.port is None else f":{self.port}"
        hit = "" if self.toxicity == 1 else f", for {self.toxicity:.0%} of the connections"
        return f"{self.what()} on {_selectors.shown(self.consumers)} -> {_selectors.shown(self.targets)}{port}{hit}"

    def inject(self, context: FaultContext) -> Active:
        """Put the toxics on every link."""
        links = between(context, self.consumers, self.targets, self.port)
        toxics = [replace(toxic, toxicity=self.toxicity) for toxic in self.toxics()]
        active = apply(context.environment, self, [(link, toxics) for link in links])
        if self.reconnects:
            with cleaning_up(active):
                reconnect(context.environment, links)
        return active


def reconnect(environment: Environment, links: Iterable[Link]) -> None:
    """End the connections of links; new ones are taken at once."""
    holder = f"reconnect.{environment.proxy.number()}"
    for link in links:
        try:
            environment.proxy.take_down(link.name, holder)
        finally:
            environment.proxy.let_up(link.name, holder)


@contextmanager
def cleaning_up(active: Active) -> Iterator[None]:
    """Heal what was injected, should the block raise."""
    try:
        yield
    except BaseException as error:
        with cleaning_up_after(error):
            active.heal()
        raise


def both(stream: Stream) -> tuple[str, ...]:
    """The directions that are meant."""
    return ("upstream", "downstream") if stream == "both" else (stream,)


def between(context: FaultContext, consumers: Selector, targets: Selector, port: int | None) -> list[Link]:
    """The links that are meant.

    Raises:
        UsageError: there are none, or one that was named is not there; the message lists those that are.
    """
    environment = context.environment
    to = _selectors.targets(environment, targets, context.chance)
    found: dict[str, Link] = {}
    refused: UsageError | None = None
    for consumer in _selectors.replicas(environment, consumers, context.chance):
        for target in to:
            if consumer == target or [replica.name for replica in _replicas(environment, target)] == [consumer]:
                continue  # no replica has a link to itself
            try:
                found.update({link.name: link for link in environment.links.between(consumer, target, port)})
            except UsageError as error:
                refused = refused or error
    named = {*_selectors.words(consumers), *_selectors.words(targets)}
    if refused is not None and (not found or not any(word.split()[0] in _selectors.PICKS for word in named)):
        raise refused
    if not found:
        raise UsageError(
            "The fault has no link", where=f"environment {environment.id}", got=f"from {consumers} to {targets}",
            expected="a consumer and another one to which it has a link",
        )  # fmt: skip
    return list(found.values())


def _replicas(environment: Environment, target: str) -> Iterable[Any]:
    return environment[target] if target in environment.stack.services else ()


@dataclass(frozen=True, slots=True)
class LinkToxics:
    """A link and what is put on it: toxics under their names there; none means that it is taken down."""

    link: Link
    toxics: tuple[Toxic, ...]


def apply(environment: Environment, fault: Fault, wanted: Iterable[tuple[Link, Sequence[Toxic]]]) -> Active:
    """Put toxics on links, all or none.

    Raises:
        HarnessError: one could not be put there; those before it are removed again.
    """
    number = environment.proxy.number()
    entries = tuple(
        LinkToxics(
            link,
            tuple(replace(toxic, name=f"{fault.fault_name()}.{number}.{n}") for n, toxic in enumerate(toxics, start=1)),
        )
        for link, toxics in wanted
    )
    meets = fault.meets if isinstance(fault, LinkFault) else LinkFault.meets
    made = ActiveLinkFault(environment, entries, meets, holder=f"{fault.fault_name()}.{number}")
    with cleaning_up(made):
        made.put()
    return made


class ActiveLinkFault:
    """Links with a fault on them. `holder` is its name among those that keep a link down."""

    def __init__(
        self, environment: Environment, entries: tuple[LinkToxics, ...], meets: tuple[Needs, ...], holder: str
    ) -> None:
        self._environment, self._proxy, self._clock = environment, environment.proxy, environment.history.clock
        self._entries, self._meets, self._holder = entries, meets, holder
        self._before: dict[str, Counts] = {}
        self._put: list[LinkToxics] = []
        self._over = threading.Event()
        self._renewing = threading.Thread(target=self._renew, name=f"lease-{environment.id}", daemon=True)

    @property
    def places(self) -> tuple[str, ...]:
        """The links."""
        return tuple(str(entry.link) for entry in self._entries)

    def put(self) -> None:
        """Put it there."""
        self._before = _counters.read(self._environment, self._links, refused="refused" in self._meets)
        for entry in self._entries:
            self._put.append(entry)
            if not entry.toxics:
                self._proxy.take_down(entry.link.name, self._holder)
            for toxic in entry.toxics:
                self._proxy.add(entry.link.name, toxic, ttl=LEASE)
        if self._proxy.extended:
            self._renewing.start()

    @property
    def _links(self) -> list[Link]:
        return [entry.link for entry in self._entries]

    def _renew(self) -> None:
        while not self._over.wait(RENEW):
            for entry in self._entries:
                for toxic in entry.toxics:
                    # A proxy that does not answer for once has the toxic still; `evidence` looks whether it has.
                    with suppress(HarnessError):
                        self._proxy.renew(entry.link.name, toxic.name, LEASE)

    def evidence(self) -> Evidence:
        """Whether the counters moved, of a fault that is there still."""
        now = _counters.read(self._environment, self._links, refused="refused" in self._meets)
        moved = {
            str(entry.link): now[entry.link.name].since(self._before[entry.link.name], entry.toxics)
            for entry in self._entries
        }
        if lost := self._lost():
            return Evidence(None, f"something else removed it, or its lease expired: {_few(lost)}", moved)
        bit = {link: [need for need in self._meets if counts.get(need)] for link, counts in moved.items()}
        if said := [
            f"{link} ({', '.join(WORDS[need].format(moved[link][need]) for need in met)})"
            for link, met in bit.items()
            if met
        ]:
            return Evidence(True, f"it touched {_few(said)}", moved)
        if all(counts.get(need) is None for counts in moved.values() for need in self._meets):
            return Evidence(None, f"what it touches is not counted: {self._untouched(moved)}", moved)
        return Evidence(False, self._untouched(moved), moved)

    def _lost(self) -> list[str]:
        """What was put there and is not there any more."""
        states, lost = self._proxy.proxies(), []
        for entry in self._entries:
            state = states.get(entry.link.name)
            if state is None or (not entry.toxics and state.enabled):
                lost.append(str(entry.link))
            elif missing := {toxic.name for toxic in entry.toxics} - {toxic.name for toxic in state.toxics}:
                lost.append(f"{', '.join(sorted(missing))} on {entry.link}")
        return lost

    def _untouched(self, moved: Mapping[str, Mapping[str, int | None]]) -> str:
        seen = [
            f"{link} ({counts['upstream']} bytes upstream, {counts['downstream']} downstream)"
            for link, counts in moved.items()
            if counts.get("upstream") or counts.get("downstream")
        ]
        if seen:
            return f"traffic passed {_few(seen)}, but none of it met the fault ({MEETS[self._meets[0]]})"
        said = f"no traffic passed {_few(list(moved))} while it was on"
        for consumer in dict.fromkeys(link.consumer for link in self._links if link.consumer != ENTRYPOINT):
            try:
                past = self._environment.past_the_proxy(consumer)
            except HarnessError:
                continue
            if past:
                said += f"; {consumer} is connected to {_few(past)} directly, past the proxy (see docs/links.md)"
        return said

    def heal(self) -> None:
        """Remove the toxics, let up what was taken down."""
        self._over.set()
        problem: HarnessError | None = None
        put, self._put = self._put, []
        for entry in put:
            try:
                if not entry.toxics:
                    self._proxy.let_up(entry.link.name, self._holder)
                for toxic in entry.toxics:
                    self._proxy.remove(entry.link.name, toxic.name)
            except HarnessError as error:
                problem = problem or error
                self._put.append(entry)
        if problem is not None:
            raise problem

    note = ""

    def remains(self) -> str | None:
        """Look until nothing of it is left, for some seconds."""
        return poll(self._left, lambda left: left is None, within=GONE_WITHIN, every=POLL_EVERY, clock=self._clock)

    def _left(self) -> str | None:
        states = self._proxy.proxies()
        for entry in self._entries:
            state, own = states.get(entry.link.name), {toxic.name for toxic in entry.toxics}
            if state is None:
                return f"{entry.link} has no listener any more"
            if on := own & {toxic.name for toxic in state.toxics}:
                return f"{', '.join(sorted(on))} is still on {entry.link}"
            if not state.enabled and not self._proxy.held_down(entry.link.name):
                return f"{entry.link} is still down"
            if self._proxy.extended and (said := self._affected(entry, own, clean=not state.toxics)):
                return said
        return None

    def _affected(self, entry: LinkToxics, own: set[str], *, clean: bool) -> str | None:
        for connection in self._proxy.connections(entry.link.name):
            if own & set(connection["toxics"]):
                return f"a connection of {entry.link} is still touched"
            if clean and not connection["closing"]:
                if not connection["connected"]:
                    # That of another fault is waiting for a service that does not answer.
                    if "connections" in self._meets:
                        return f"a connection of {entry.link} still waits to be connected"
                elif any(count["held"] for count in connection["bytes"].values()):
                    return f"bytes of a connection of {entry.link} are still held"
        return None


def _few(said: Sequence[str]) -> str:
    more = len(said) - MAX_NAMED
    return ", ".join(said[:MAX_NAMED]) + (f" and {more} more" if more > 0 else "")
