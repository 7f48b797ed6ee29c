"""Takes the fingerprint of an environment: every replica is asked at once, over the shell that is kept open in it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial

from harness.clock import Clock
from harness.environment.fingerprint import command, files, packages, processes, sockets
from harness.environment.fingerprint.sections import Section, Sections
from harness.environment.replica import Replica
from harness.errors import HostError
from harness.events import WorkloadStart
from harness.fingerprint import Fingerprint, StatePart, quiet
from harness.history import History, of
from harness.redaction import Redactor
from harness.servers import ServerAdapter, declared
from harness.stack import Stack, State
from harness.threads import concurrently
from harness.waiting import pause

WITHIN = 30.0  # s that one command may take
APART = 0.25  # s at least between the two looks at processes
ALWAYS = ("image", "packages", "processes", "sockets", "environment")


@dataclass(frozen=True, slots=True)
class Taken:
    """What one replica answered, and how long each command took, in seconds."""

    parts: Mapping[str, StatePart]
    seconds: Mapping[str, float]


def take(history: History, stack: Stack, replicas: Collection[Replica], name: str = "") -> Fingerprint:
    """Ask every replica for everything, record the event `fingerprint`, and return the same.

    What a replica does not answer is no item but an error, in its part.

    Args:
        stack: says what else but processes, sockets, packages, environment and image is looked at.
        name: what it is called, e.g. `before`; the phase is recorded anyway.

    Raises:
        EngineGone: the engine does not answer.
    """
    clock, state, releases = history.clock, stack.harness.state, tuple(stack.harness.releases)
    own = tuple({event.body.key for event in of(history.events, WorkloadStart) if event.body.key})
    began = clock.monotonic()
    servers = {name: one for name, one in declared(stack.harness).items() if one.compare}
    asking = [
        partial(
            ask, one, state.get(one.service, State()), releases, clock,
            {name: server for name, server in servers.items() if server.service == one.service}, own,
        )
        for one in replicas
    ]  # fmt: skip
    found = concurrently(asking, len(asking))
    seconds = clock.monotonic() - began
    made = Fingerprint(
        {one.name: _hidden(history.redactor, taken.parts) for one, taken in zip(replicas, found, strict=True)},
        name=name,
    )
    took = {one.name: taken.seconds for one, taken in zip(replicas, found, strict=True)}
    event = history.record(made.body(round(seconds, 3), took))
    return Fingerprint(made.replicas, event.since_start, name, stack.allowances, event.id, quiet(history.events, event))


def _hidden(redactor: Redactor, parts: Mapping[str, StatePart]) -> dict[str, StatePart]:
    """The parts without secrets, in memory as in the history: a failed assertion prints them."""
    return {
        name: replace(part, **{key: redactor.data(getattr(part, key)) for key in ("items", "error", "absent", "note")})
        for name, part in parts.items()
    }


def ask(
    replica: Replica,
    declared: State,
    releases: Collection[str],
    clock: Clock,
    servers: Mapping[str, ServerAdapter],
    own: Collection[str] = (),
) -> Taken:
    """Ask one replica. Never raises because of the replica: what it does not answer is an error of the part.

    Args:
        servers: those that run in it, by name.
        own: what the keys of the load's requests begin with.
    """
    expected = [*ALWAYS, *wanted(declared), *dict.fromkeys(part for one in servers.values() for part in one.parts)]
    parts: dict[str, StatePart] = {}
    seconds: dict[str, float] = {}
    try:
        parts["image"] = StatePart({"image": replica.image()})
        if not replica.has_shell():
            parts |= _without_shell(expected)
            return Taken(parts, seconds)
        sections = questions(declared)
        answer = replica.ask(sections.command(), WITHIN)
        seconds["all"], looked = round(answer.seconds, 3), clock.monotonic()
        found = sections.cut(answer)
        parts |= understood(found, declared)
        for name, server in servers.items():
            began = clock.monotonic()
            told = partial(server.fingerprint, lambda text: replica.ask(text, WITHIN), releases, clock, own)
            for part, state in _safely(server.parts, told).items():
                mine = state if name == replica.service else prefixed(state, name)
                parts[part] = joined(parts[part], mine) if part in parts else mine
            seconds[server.kind] = round(seconds.get(server.kind, 0.0) + clock.monotonic() - began, 3)
        pause(max(0.0, APART - (clock.monotonic() - looked)), clock)
        again = replica.ask(processes.AGAIN, WITHIN).stdout
        parts |= _safely(processes.PARTS, partial(processes.read, found, sections.mark, again))
    except HostError as error:
        parts |= {name: StatePart(None, error.what) for name in expected if name not in parts}
    return Taken({name: parts[name] for name in expected}, seconds)


def prefixed(part: StatePart, name: str) -> StatePart:
    """The part of a server that has another name than its service: `orders: column plans.tier`."""
    return (
        part if part.items is None else replace(part, items={f"{name}: {key}": one for key, one in part.items.items()})
    )


def joined(first: StatePart, second: StatePart) -> StatePart:
    """The same part of two servers in one replica. It is not known where one of them is not."""
    error = first.error or second.error
    if error is not None:
        return StatePart(None, error)
    if first.items is None or second.items is None:
        return first if second.items is None else second
    note = "; ".join(one for one in (first.note, second.note) if one) or None
    unseen = tuple(dict.fromkeys((*first.unseen, *second.unseen)))
    return StatePart({**first.items, **second.items}, note=note, partial=first.partial or second.partial, unseen=unseen)


def wanted(declared: State) -> Iterable[str]:
    """The parts that a service's declaration adds."""
    if declared.files:
        yield "files"
    if declared.command is not None:
        yield "command"


def questions(declared: State) -> Sections:
    """What is asked in one command. Processes come first: what the other sections start is not there yet."""
    sections = Sections()
    processes.ask(sections)
    sockets.ask(sections)
    packages.ask(sections)
    if declared.files:
        files.ask(sections, declared.files, declared.ignore)
    if declared.command is not None:
        command.ask(sections, declared.command)
    return sections


def understood(found: Mapping[str, Section], declared: State) -> dict[str, StatePart]:
    """The parts of an answer, but for processes, which are looked at twice."""
    parts = dict(_safely(("sockets",), lambda: {"sockets": sockets.read(found)}))
    parts |= _safely(("packages",), lambda: {"packages": packages.read(found)})
    if declared.files:
        unseen: tuple[str, ...] = (f"files outside {', '.join(declared.files)}",)
        unseen += (f"files named {', '.join(declared.ignore)}",) if declared.ignore else ()
        parts |= _safely(("files",), lambda: {"files": replace(files.read(found), unseen=unseen)})
    if declared.command is not None:
        parts |= _safely(("command",), lambda: {"command": command.read(found)})
    return parts


def _safely(names: Iterable[str], read: Callable[[], Mapping[str, StatePart]]) -> Mapping[str, StatePart]:
    """What is read of an answer. One that is torn or is nothing that its tool ever says leaves these parts unknown, and
    not the whole environment without a fingerprint.
    """
    try:
        return read()
    except (ValueError, LookupError, TypeError, RuntimeError, StopIteration) as error:
        why = f"its answer cannot be understood ({type(error).__name__}: {error})"
        return dict.fromkeys(names, StatePart(None, why[:200]))


def _without_shell(expected: Iterable[str]) -> dict[str, StatePart]:
    """What an image without /bin/sh does not tell: what was declared should have been told, the rest cannot be."""
    said = "the image has no /bin/sh to ask with"
    return {
        name: StatePart(None, absent=said, unseen=("processes, sockets and packages",))
        if name in ALWAYS
        else StatePart(None, said)
        for name in expected
        if name != "image"
    }
