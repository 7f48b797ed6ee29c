"""Replicas that cannot reach each other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, ClassVar, Self

from pydantic import Field, model_validator

from harness.errors import UsageError
from harness.faults import _selectors
from harness.faults._base import Active, Fault, FaultContext
from harness.faults._links import apply
from harness.faults._selectors import Selector
from harness.proxy.client_shapes import Toxic

if TYPE_CHECKING:
    from harness.environment import Environment
    from harness.environment.links import Link

REST = "rest"
Pairs = Iterable[tuple[frozenset[str], frozenset[str]]]


class Partition(Fault):
    """No data pass between replicas. None is lost: all of it arrives when the cut heals, as over a network that comes
    back within TCP's patience. A link to a service by its own name is cut where all of its replicas are beyond the cut.

    Attributes:
        a, b: the two sides, `from` and `to` in a plan; `rest` for b is everybody else.
        one_way: only what is sent from a to b does not arrive.
        halves: instead of a and b, these replicas in two halves, by chance.
        ring: instead of a and b, these replicas in a circle, by chance, where each reaches its two neighbours only.
    """

    simulates: ClassVar[str] = "a network split: replicas that run and do not hear each other"
    how: ClassVar[str] = "the proxy holds back what would cross the cut"
    needs: ClassVar[str] = "links between the two sides"
    outage: ClassVar[str] = (
        "GitHub, October 2018: 43 seconds without a connection between two sites made databases fail over, and took "
        "a day to put right (github.blog/2018-10-30-oct21-post-incident-analysis)"
    )

    positional: ClassVar[tuple[str, ...]] = ("a", "b")

    a: Selector | None = Field(default=None, alias="from", min_length=1)
    b: Selector | None = Field(default=None, alias="to", min_length=1)
    one_way: bool = False
    halves: Selector | None = Field(default=None, min_length=1)
    ring: Selector | None = Field(default=None, min_length=1)

    @model_validator(mode="after")
    def _one_shape(self) -> Self:
        shapes = [self.a is not None or self.b is not None, self.halves is not None, self.ring is not None]
        if sum(shapes) != 1 or (shapes[0] and (self.a is None or self.b is None)):
            raise ValueError("two sides, or `halves`, or `ring`")
        if self.one_way and not shapes[0]:
            raise ValueError("two sides, for one way to be cut")
        return self

    def title(self) -> str:
        """In words."""
        if self.halves is not None:
            return f"partition of {_selectors.shown(self.halves)} into halves"
        if self.ring is not None:
            return f"partition of {_selectors.shown(self.ring)} into a ring"
        assert self.a is not None
        assert self.b is not None
        how = "from" if self.one_way else "between"
        word = "to" if self.one_way else "and"
        return f"partition {how} {_selectors.shown(self.a)} {word} {_selectors.shown(self.b)}"

    def inject(self, context: FaultContext) -> Active:
        """Hold back what would cross the cut."""
        cut: dict[Link, set[str]] = {}
        for a, b in self._pairs(context):
            for link in context.environment.links:
                answering = _answering(context.environment, link)
                if link.consumer in a and answering <= b:
                    cut.setdefault(link, set()).add("upstream")
                if link.consumer in b and answering <= a:
                    cut.setdefault(link, set()).add("downstream")
        if not cut:
            raise UsageError(
                "The partition cuts no link",
                where=f"environment {context.environment.id}",
                got=self.title(),
                expected="replicas between which there are links",
                hint="a service has links for the ports of its `expose` and `ports`, and those that its image declares",
            )
        toxics = {link: [Toxic("", "bandwidth", one, {"rate": 0}) for one in sorted(cut[link])] for link in cut}
        return apply(context.environment, self, toxics.items())

    def _pairs(self, context: FaultContext) -> Pairs:
        """(x, y) for: what x sends to y does not arrive."""
        environment, chance = context.environment, context.chance
        if self.a is not None and self.b is not None:
            a = frozenset(_selectors.replicas(environment, self.a, chance))
            everybody = frozenset(replica.name for replica in environment.replicas)
            b = everybody if self.b == REST else frozenset(_selectors.replicas(environment, self.b, chance))
            # `all` against a service is everybody else against it.
            a, b = (a, b - a) if self.b == REST else (a - b or a, b)
            return [(a, b)] if self.one_way else [(a, b), (b, a)]
        members = list(_selectors.replicas(environment, self.halves or self.ring or (), chance))
        chance.shuffle(members)
        return _halves(members) if self.halves is not None else list(_ring(members))


def _halves(members: list[str]) -> Pairs:
    middle = len(members) // 2
    a, b = frozenset(members[:middle]), frozenset(members[middle:])
    _enough(members, 2, "halves")
    return [(a, b), (b, a)]


def _ring(members: list[str]) -> Iterator[tuple[frozenset[str], frozenset[str]]]:
    _enough(members, 4, "a ring")
    for place, one in enumerate(members):
        near = {members[place - 1], one, members[(place + 1) % len(members)]}
        yield frozenset({one}), frozenset(members) - near


def _enough(members: list[str], least: int, shape: str) -> None:
    if len(members) < least:
        raise UsageError(
            f"There are too few replicas for {shape}",
            got=", ".join(members),
            expected=f"{least} or more",
        )


def _answering(environment: Environment, link: Link) -> frozenset[str]:
    """The replicas to which a link may lead."""
    every: tuple[Any, ...] = environment[link.service]
    names = frozenset(replica.name for replica in every)
    return frozenset({link.target}) if link.target in names else names - {link.consumer}
