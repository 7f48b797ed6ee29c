"""What a fault is, what it is injected into, and what it must show for itself."""

from __future__ import annotations

import random
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from pydantic import BaseModel, ConfigDict, ValidationError

from harness.errors import UsageError

if TYPE_CHECKING:
    from harness.environment import Environment

OURS = "harness.faults."


@dataclass(frozen=True, slots=True)
class FaultContext:
    """What a fault is injected into: the environment, and the chance by which selectors pick."""

    environment: Environment
    chance: random.Random


@dataclass(frozen=True, slots=True)
class Evidence:
    """What an active fault did so far.

    Attributes:
        bit: whether it touched anything; None where that cannot be told.
        said: one sentence: what it touched, or why that is not known.
        figures: by link or replica, the counters behind it.
    """

    bit: bool | None
    said: str
    figures: Mapping[str, Mapping[str, int | None]] = field(default_factory=dict)


class Active(Protocol):
    """A fault that was injected. Its `heal` may be called twice."""

    @property
    def places(self) -> tuple[str, ...]:
        """Where it is: links, or replicas."""

    def evidence(self) -> Evidence:
        """What it did so far. HarnessError where nothing answers."""

    def heal(self) -> None:
        """Take it away. Tries everything before it raises the first HarnessError."""

    @property
    def note(self) -> str:
        """What is to be said of the healing, e.g. that a target had died meanwhile; empty for nothing."""

    def remains(self) -> str | None:
        """What is still to be seen of it once it is healed; None for nothing. HarnessError where nothing answers."""


class Fault(BaseModel, ABC):
    """A fault as data. Subclasses add their parameters as fields.

    Attributes:
        positional: the fields that `faults.latency("backend-2", "cache", ms=300)` takes without a name, in order.
        simulates, how, needs, outage: for `harness fault explain`: what it stands for in the field, by which means it
            is injected, what it needs of the stack, kernel or engine, and a real outage that it is modelled on, with
            its public source. A sentence each.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)
    positional: ClassVar[tuple[str, ...]] = ()
    simulates: ClassVar[str] = ""
    how: ClassVar[str] = ""
    needs: ClassVar[str] = ""
    outage: ClassVar[str] = ""

    @classmethod
    def fault_name(cls) -> str:
        """Its name, from its module's; with that of its family, where it has one: `cache.stale`."""
        own = cls.__module__.removeprefix(OURS)
        return (own if own != cls.__module__ else own.rpartition(".")[2]).replace("_", "-")

    @classmethod
    def make(cls, *words: Any, **parameters: Any) -> Fault:
        """The fault with these parameters.

        Raises:
            UsageError: they are not such.
        """
        name = cls.fault_name()
        if len(words) > len(cls.positional):
            taken = ", ".join(cls.positional) or "none"
            raise UsageError(
                f"The fault {name} takes no more than {len(cls.positional)} parameters without a name",
                got=f"{len(words)}: {', '.join(map(repr, words))}",
                expected=f"{taken}; the others by name: {', '.join(cls.model_fields)}",
            )
        with refuse(name):
            return cls.model_validate({**dict(zip(cls.positional, words, strict=False)), **parameters})

    def to_data(self) -> dict[str, Any]:
        """As a plan's step; `from_data` reads it. Only what differs from the defaults."""
        return {"fault": self.fault_name(), **self.model_dump(mode="json", by_alias=True, exclude_defaults=True)}

    @abstractmethod
    def title(self) -> str:
        """What it is, in words: `latency of 300 ms on backend-2 -> cache`."""

    @abstractmethod
    def inject(self, context: FaultContext) -> Active:
        """Inject it. Leaves nothing behind when it raises.

        Raises:
            UsageError: a replica, service or link that is not there.
            HarnessError: it could not be injected.
        """


@contextmanager
def refuse(name: str) -> Iterator[None]:
    """Words parameters that are not such as a user's mistake."""
    try:
        yield
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "its parameters"
        raise UsageError(
            f"The fault {name} cannot be made",
            where=place,
            got=repr(first.get("input")),
            expected=str(first["msg"]),
            hint="see docs/faults.md",
        ) from error
