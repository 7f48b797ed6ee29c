"""What a toxic is: its settings, and one stage per connection that it applies to."""

from __future__ import annotations

import asyncio
import enum
import random
from collections.abc import Mapping
from typing import Any, ClassVar, Protocol

from ..timers import Timers
from ..upstreams import Upstreams

KIB = 1024


class End(enum.Enum):
    """How a stream of bytes ends. An end travels behind the bytes, through the same stages."""

    EOF = "eof"  # the sender will send no more; the other direction goes on
    CLOSE = "close"  # the connection is closed once what was sent is delivered
    RESET = "reset"  # the connection is torn down


class Sink(Protocol):
    """Where a stage passes its bytes: the next stage, or the other end of the connection."""

    def feed(self, data: bytes) -> None: ...

    def end(self, how: End) -> None: ...


class Connection(Protocol):
    """What a stage may use of its connection."""

    opened: float  # when it was accepted, by time.monotonic()

    @property
    def timers(self) -> Timers: ...

    def close(self, how: End) -> None: ...


class Direction(Sink, Protocol):
    """What a stage may use of the direction that it works on."""

    received: int  # bytes that its sender sent

    @property
    def link(self) -> Connection: ...

    @property
    def other(self) -> Direction: ...

    def throttle(self) -> None: ...

    def inject(self, data: bytes) -> None: ...

    def end_head(self, how: End) -> None: ...


class Target(Protocol):
    """What a toxic may use of its proxy before it is added: the upstream."""

    loop: asyncio.AbstractEventLoop
    upstream: str
    upstreams: Upstreams

    def target(self) -> tuple[str, int]: ...


class Toxic:
    """One toxic of a proxy: settings, and what it did so far.

    `connections`: how many it applied to. `bytes`: how many went through its stages. `closed`: how many connections
    it ended or refused. `stream` is as the client spelled it, `upstream` is what it means.
    """

    def __init__(
        self, kind: type[Stage], name: str, stream: str, toxicity: float, attributes: Mapping[str, Any]
    ) -> None:
        self.kind, self.name, self.stream, self.toxicity = kind, name, stream, toxicity
        self.attributes: dict[str, Any] = {**kind.defaults(), **attributes}
        self.upstream = stream.lower() == "upstream"
        self.connections = self.bytes = self.closed = 0
        self.expires: float | None = None
        self.memory: Any = None  # what `prepare` found

    def __getitem__(self, attribute: str) -> Any:
        return self.attributes[attribute]

    def seconds(self, attribute: str, unit: float = 1e-3) -> float:
        """A time attribute, in seconds; a negative one is none."""
        return max(0.0, float(self.attributes[attribute]) * unit)

    def shape(self) -> dict[str, Any]:
        """As the API shows it."""
        return {
            "attributes": self.attributes,
            "name": self.name,
            "type": self.kind.type,
            "stream": self.stream,
            "toxicity": self.toxicity,
        }


class Stage:
    """A toxic at work on one direction of one connection.

    Subclasses override what they need: `take` (bytes arrived), `end` (the stream ends), `start` (attached),
    `changed` (the attributes did), `release` (detached: pass on whatever is held, at once), `stop` (the connection
    is gone). `held` is how many bytes the stage keeps; above `window` the sender is no longer read from.
    """

    type: ClassVar[str]
    attributes: ClassVar[Mapping[str, str]] = {}
    window: int = 256 * KIB
    stream: ClassVar[str] = ""  # the only one that the toxic can work on, if there is only one
    at_connect: ClassVar[bool] = False  # the toxic acts on new connections by `admit`, and has no stage

    def __init__(self, toxic: Toxic, pipe: Direction, seed: str) -> None:
        self.toxic, self.pipe, self.seed = toxic, pipe, seed
        self.next: Sink = pipe
        self.held = 0
        self._random: random.Random | None = None

    @classmethod
    def defaults(cls) -> dict[str, Any]:
        zeros: dict[str, Any] = {"int64": 0, "bool": False, "string": "", "float32": 0, "strings": ()}
        return {name: zeros[kind] for name, kind in cls.attributes.items()}

    @classmethod
    def check(cls, attributes: Mapping[str, Any]) -> None:
        """Refuse attributes that could never work, by a ValueError with the reason."""

    @classmethod
    def admit(cls, toxic: Toxic, admission: Admission) -> None:
        """Asked about each new connection that the toxic applies to, before the upstream is dialled; and again if
        the attributes change before that."""

    @classmethod
    async def prepare(cls, toxic: Toxic, proxy: Target) -> None:
        """Called before the toxic is added. Raises OSError with the reason why it cannot be."""

    @property
    def waiting(self) -> int:
        """Bytes beside `held` that are not passed on yet, and for which the sender is not slowed down."""
        return 0

    @property
    def timers(self) -> Timers:
        return self.pipe.link.timers

    @property
    def random(self) -> random.Random:
        """This connection's own source of chance for this toxic; the same seed gives the same draws."""
        if self._random is None:
            self._random = random.Random(self.seed)  # noqa: S311 - chance that can be repeated is the point
        return self._random

    def feed(self, data: bytes) -> None:
        self.toxic.bytes += len(data)
        self.take(data)

    def take(self, data: bytes) -> None:
        self.next.feed(data)

    def end(self, how: End) -> None:
        self.next.end(how)

    def start(self) -> None: ...

    def changed(self) -> None: ...

    def release(self) -> None: ...

    def stop(self) -> None: ...

    def holds(self, count: int) -> None:
        """Say how many bytes are held now, so that the sender is slowed down."""
        before, self.held = self.held, count
        if (before > self.window) != (count > self.window):
            self.pipe.throttle()

    def close(self, how: End) -> None:
        """End the connection, and count it. A reset overtakes what was sent; a close comes after it."""
        self.toxic.closed += 1
        if how is End.RESET:
            self.pipe.link.close(how)
        else:
            self.next.end(how)


class Admission:
    """What a toxic decides about a connection that was just accepted, `seed` being its chance about it: to dial the
    upstream so many seconds later, or not to dial it at all and to end the connection that way."""

    __slots__ = ("delay", "refuse", "seed")

    def __init__(self, seed: str) -> None:
        self.seed = seed
        self.delay = 0.0
        self.refuse: End | None = None
