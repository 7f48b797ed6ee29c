"""Replicas, registry, configuration, schema and load balancer agree on one release."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from harness.checks._evidence import Findings, last, latest, listed
from harness.checks._served import misdirected
from harness.checks._witness import WitnessedStalls
from harness.events import ProbeConfiguration, ProbeHaproxy, ProbeRegistry, ProbeRelease, ProbeSchema
from harness.history import Event, of
from harness.verdict import Verdict

Answer = Event[ProbeRelease] | Event[ProbeRegistry] | Event[ProbeConfiguration] | Event[ProbeSchema]
NAME = "convergence"
RECENT = 3.0  # s; an answer of the load balancer is no older when it counts
LEAD = 5.0  # s in which a stall may have made the load balancer's checks fail


def check(
    events: Iterable[Event],
    *,
    phase: str,
    replicas: Collection[str] = (),
    release: str | None = None,
    registry: bool = False,
    configured: Collection[str] = (),
    schema: Mapping[str, str] | None = None,
    balancer: bool = False,
) -> Verdict:
    """The last answers of a phase name one release, and the load balancer sends requests to every replica.

    Args:
        events: the history (`probe.release`, `probe.registry`, `probe.configuration`, `probe.schema`, `probe.haproxy`,
            `workload`, `witness`).
        phase: where they were asked.
        replicas: every replica of the fleet.
        release: what all should name; None takes what the registry says, else what the first replica runs.
        registry: whether there is a registry to ask.
        configured: the replicas that can be asked which release their configuration is of.
        schema: by release, the answer that stands for it; empty where the answer is the release; None asks none.
        balancer: whether there is a load balancer to ask.
    """
    events = tuple(events)
    findings = Findings(NAME)
    runs = latest(events, ProbeRelease, phase)
    believed = last(events, ProbeRegistry, phase)
    meant = _Meant.of(release, believed if registry else _first(runs, replicas))
    if not replicas:
        findings.missing("no replica was to be asked for its release")
    if registry:
        _one(findings, believed, "the registry", "says", meant)
    for name in replicas:
        _one(findings, runs.get(name), name, "runs", meant)
    configurations = latest(events, ProbeConfiguration, phase)
    for name in configured:
        _one(findings, configurations.get(name), f"the configuration of {name}", "is of", meant)
    if schema is not None:
        answer = None if meant.release is None else schema.get(meant.release, None if schema else meant.release)
        if answer is None and meant.release is not None:
            findings.missing(f"what the schema answers on {meant.release} is not declared")
        _one(findings, last(events, ProbeSchema, phase), "the schema", "is at", meant.instead(answer))
    if balancer:
        told = _told(of(events, ProbeHaproxy, phase))
        _balanced(findings, events, told, replicas)
        for said, *shown in misdirected(events, phase, told, replicas):
            findings.fail(said, *shown)
    asked = ["every replica"] + ["the registry"] * registry + ["the configuration"] * bool(configured)
    asked += ["the schema"] * (schema is not None) + ["the load balancer"] * balancer
    return findings.verdict(
        f"{listed(asked)} {'agrees' if len(asked) == 1 else 'agree'} on {meant.release}",
        look="what the deployer did to the one that differs, and what it did not do",
        look_unknown="the probes of x-harness: release, registry, configuration, schema, haproxy",
    )


@dataclass(frozen=True, slots=True)
class _Meant:
    """What all should name, who says so in words, and the answer that said it."""

    release: str | None
    source: str
    said_by: Answer | None = None

    @classmethod
    def of(cls, release: str | None, said_by: Answer | None) -> _Meant:
        if release is not None:
            return cls(release, f"expected is {release}")
        found = _release(said_by)
        replica = said_by.body.replica if said_by is not None and isinstance(said_by.body, ProbeRelease) else ""
        return cls(found, f"{replica} runs {found}" if replica else f"the registry says {found}", said_by)

    def instead(self, answer: str | None) -> _Meant:
        """The schema's answer that stands for the release."""
        same = answer == self.release
        return _Meant(answer, f"expected is {answer}" if same else f"{self.release} has {answer}", self.said_by)


def _first(runs: Mapping[str, Event[ProbeRelease]], replicas: Collection[str]) -> Event[ProbeRelease] | None:
    return next((runs[name] for name in replicas if _release(runs.get(name)) is not None), None)


def _release(event: Answer | None) -> str | None:
    return event.body.release if event is not None else None


def _one(findings: Findings, event: Answer | None, who: str, verb: str, meant: _Meant) -> None:
    findings.saw(event)
    said = _release(event)
    if event is None:
        findings.missing(f"{who} was not asked")
    elif said is None:
        findings.missing(f"{who} could not be asked: {event.body.error or 'no answer'}")
    elif meant.release is not None and said != meant.release:
        findings.fail(f"{who} {verb} {said}, {meant.source}", event, meant.said_by)


def _told(looks: tuple[Event[ProbeHaproxy], ...]) -> Event[ProbeHaproxy] | None:
    """The last look at the load balancer; where it brought no answer, one shortly before that did."""
    final = looks[-1] if looks else None
    told = next((one for one in reversed(looks) if one.body.servers is not None), None)
    recent = told is not None and final is not None and final.since_start - told.since_start <= RECENT
    return told if recent else final


def _balanced(
    findings: Findings, events: tuple[Event, ...], event: Event[ProbeHaproxy] | None, replicas: Collection[str]
) -> None:
    """Every replica has a server that is up with a weight. One that is down because the load balancer's own checks
    starved says nothing about the release.
    """
    findings.saw(event)
    servers = event.body.servers if event is not None else None
    if event is None or servers is None:
        why = "was not asked" if event is None else f"could not be asked: {event.body.error or 'no answer'}"
        findings.missing(f"the load balancer {why}")
        return
    for name in replicas:
        mine = [row for row in servers if row[1] == name]
        if not mine:
            findings.missing(f"the load balancer has no server named {name}")
        for backend, server, status, weight, *_ in mine:
            if not str(status).startswith(("UP", "no check")):
                stall = WitnessedStalls(events).explains(event.since_start - LEAD, event.since_start)
                findings.timed(f"the load balancer has {backend}/{server} as {status}", stall, event)
            elif weight == 0:
                findings.fail(f"the load balancer has {backend}/{server} with weight 0", event)
