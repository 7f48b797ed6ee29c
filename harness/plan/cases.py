"""Which cases the gate under faults has: a fault at a moment, the load, how commands are given, by which strategy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, Literal, NamedTuple

from harness import faults
from harness.deploy import COMMAND, chosen, strategies
from harness.errors import UsageError
from harness.stack import Stack
from harness.stack.plainwords import meant, one_of

Moment = Literal["rollback-1", "rollback", "second-attempt", "after-failures", "deploy-1", "between", "before"]
# What finds most comes first: the rollback, half of it above all.
MOMENTS: dict[Moment, str] = {
    "rollback-1": "when the first replica is back on the old release",
    "rollback": "before the rollback begins, until it has ended",
    "second-attempt": "while a rollback that was killed half-way is begun again",
    "after-failures": "while a release is taken back that several deployments in a row failed to bring",
    "deploy-1": "when the first replica runs the new release",
    "between": "while the new release runs",
    "before": "before the deployment begins, until it has ended",
}
Given = Literal["once", "twice", "two-at-once"]
GIVEN: dict[Given, str] = {
    "once": "each command once",
    "twice": "each command once more when it is over",
    "two-at-once": "each command by two deployers at the same time",
}


class Act(NamedTuple):
    """What can go wrong with the deployer's commands themselves, without any other fault."""

    given: Given
    moments: tuple[Moment, ...]
    words: str


ACTS: dict[str, Act] = {
    "two-deployers": Act("two-at-once", ("rollback", "second-attempt", "after-failures"), "two deployers at once"),
    "same-command-twice": Act("twice", ("rollback", "after-failures"), "each command twice"),
    "failed-deployments": Act("once", ("after-failures",), "several failed deployments before the rollback"),
}
PROFILES = ("quick", "standard", "full")
# The fault and its moment, of those that a stack can have: a mix of what breaks rollbacks most.
QUICK: tuple[tuple[str, Moment], ...] = (
    ("cache.stale", "rollback"),
    ("process.killed", "rollback-1"),
    ("latency", "second-attempt"),
    ("database.dropped-connections", "rollback-1"),
    ("cache.cold", "deploy-1"),
)


@dataclass(frozen=True, slots=True)
class Case:
    """A fault at a moment.

    Attributes:
        fault: its step: `{"fault": "cache.stale"}`; empty where only the commands themselves go wrong.
        moment: when it is on.
        load: how many times the declared rate.
        given: how each command of the deployer is given.
        strategy: by which built-in strategy is deployed; empty for what the stack declares.
        act: of `ACTS`, where there is no fault.
    """

    fault: Mapping[str, Any]
    moment: Moment
    load: float = 1.0
    given: Given = "once"
    strategy: str = ""
    act: str = ""

    @property
    def name(self) -> str:
        """As reports and tests call it: `cache.stale at rollback`."""
        more = [f"load {self.load:g}"] if self.load != 1.0 else []
        more += [self.given.replace("-", " ")] if self.given != "once" and not self.act else []
        more += [self.strategy] if self.strategy else []
        return f"{self.act or self.fault['fault']} at {self.moment}" + (f" ({', '.join(more)})" if more else "")

    @property
    def title(self) -> str:
        """What goes wrong, and when, in words."""
        if not self.act:
            return f"{faults.from_data(self.fault).title()}, {MOMENTS[self.moment]}"
        words = ACTS[self.act].words  # of every command; with nothing else at their first moment
        return words if self.moment == ACTS[self.act].moments[0] else f"{words}, {MOMENTS[self.moment]}"


def possible(stack: Stack) -> dict[str, Mapping[str, Any]]:
    """The faults that the gate can inject into a stack, with parameters of its own choice, by name."""
    declared = {one.kind for one in stack.harness.servers.values()}
    servers = [one.service for one in stack.harness.servers.values()]
    fleet = list(stack.harness.probes.release) or list(stack.differing_images())
    # Only what somebody talks to can be slow, or cut off: replicas that nobody but the entrypoint asks are neither.
    entry = stack.harness.entry
    talked_to = bool(servers) or (entry is not None and entry[0] not in fleet)
    clocked = [name for name in stack.services if "FAKETIME_TIMESTAMP_FILE" in stack.services[name].environment]
    asked: dict[str, Mapping[str, Any] | None] = {
        "latency": {"from": "all" if servers else ["all", "entrypoint"], "to": servers or fleet, "ms": 100}
        if servers or fleet else None,
        "partition": {"from": "one", "to": "rest"} if len(stack.services) > 1 and talked_to else None,
        **_of({"redis", "valkey"} & declared, {
            "cache.stale": {}, "cache.cold": {}, "cache.lost-invalidation": {}, "cache.frozen": {"from": "one"},
            "cache.immortal": {}, "cache.torn": {}, "cache.evicting": {},
        }),
        **_of({"postgres"} & declared, {
            "database.dropped-connections": {}, "database.cached-plans": {}, "database.read-only": {},
            "database.restarted": {}, "database.disk-full": {},
        }),
        "database.slow": {"ms": 100} if declared & {"postgres", "mysql", "mariadb"} else None,
        "process.killed": {"on": "one"},
        "process.paused": {"on": "one"},
        "process.cpu-quota": {"on": "one", "cpus": 0.2},
        "process.clock": {"on": f"one of {clocked[0]}", "seconds": 3600} if clocked else None,
        "http.status": {"from": ["all", "entrypoint"], "to": fleet, "fraction": 0.2} if fleet else None,
        **_of(any(one.is_file for logs in stack.harness.logs.values() for one in logs), {
            "log.rotated": {}, "log.deleted": {},
        }),
        "deployment.unreachable-replica": {} if _inside(stack) and talked_to else None,
    }  # fmt: skip
    given = {name: {**parameters, **stack.harness.faults.more.get(name, {})} for name, parameters in asked.items()
             if parameters is not None}  # fmt: skip
    return {**given, **{name: more for name, more in stack.harness.faults.more.items() if name not in given}}


def _of(there: object, found: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Mapping[str, Any]]:
    return found if there else {}


def _inside(stack: Stack) -> bool:
    declared = stack.harness.deployer
    return declared is not None and declared.service is not None


def cases(stack: Stack, wanted: Sequence[str]) -> list[Case]:
    """The cases of a profile, or of these faults at every moment; what finds most comes first.

    Args:
        wanted: one of `PROFILES`, or names of faults or of `ACTS`.

    Raises:
        UsageError: no such profile or fault, or none that the stack can have.
    """
    found = list(_cases(stack, wanted or stack.harness.faults.run))
    if not found:
        raise UsageError(
            "No fault can be injected", where=str(stack.file), got=", ".join(wanted),
            expected="faults for which the stack declares what they need",
            hint="`harness fault explain` says what that is",
        )  # fmt: skip
    return found


def _cases(stack: Stack, wanted: Sequence[str]) -> Iterator[Case]:
    known = possible(stack)
    if list(wanted) == ["quick"]:
        yield from (Case({"fault": name, **known[name]}, moment) for name, moment in QUICK if name in known)
    elif list(wanted) == ["standard"]:
        yield from _pairs(stack, known)
    elif list(wanted) == ["full"]:
        for name, *rest in product(*_axes(stack, known)):
            yield Case({"fault": name, **known[name]}, *rest)
    else:
        yield from (case for name in wanted for case in _named(stack, name, known))


def _named(stack: Stack, name: str, known: Mapping[str, Mapping[str, Any]]) -> Iterator[Case]:
    """A fault at every moment, or an act."""
    if name in ACTS:
        act = ACTS[name]
        if act.given in given_how(stack):
            yield from (Case({}, moment, given=act.given, act=name) for moment in act.moments)
        return
    if name not in faults.names():
        every = (*ACTS, *faults.names())
        raise UsageError(
            "There is no such fault or profile", got=name,
            expected=f"{one_of((*PROFILES, *ACTS))}, or a fault" + meant(name, every),
            hint="`harness fault list` lists the faults",
        )  # fmt: skip
    yield from (Case({"fault": name, **known.get(name, {})}, moment) for moment in MOMENTS)


def given_how(stack: Stack) -> tuple[Given, ...]:
    """How commands can be given on a stack. A built-in strategy is the harness's own, and never works beside itself."""
    return tuple(one for one in GIVEN if one != "two-at-once" or chosen(stack) == COMMAND)


def _axes(stack: Stack, known: Mapping[str, Mapping[str, Any]]) -> list[list[Any]]:
    """What is varied: fault, moment, load, how commands are given; and the strategy, where there are several."""
    ways = strategies(stack)
    varied = [ways] if len(ways) > 1 else []
    return [list(known), list(MOMENTS), [1.0, 2.0], list(given_how(stack)), *map(list, varied)]


def _pairs(stack: Stack, known: Mapping[str, Mapping[str, Any]]) -> Iterator[Case]:
    """So few that every two values of what is varied come together once at least."""
    from covertable import make  # not before it is needed

    rows = make(_axes(stack, known), length=2)
    order = list(MOMENTS)
    for name, *rest in sorted(rows, key=lambda row: (order.index(row[1]), list(known).index(row[0]))):
        yield Case({"fault": name, **known[name]}, *rest)
