"""What the history has around a failure: what the deployer and the logs said, what became of containers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from harness.events import (
    ContainerChange,
    DeployerEnd,
    DeployerLine,
    DeployerStart,
    FaultHeal,
    FaultInject,
    LogTail,
    Note,
    ProbeLog,
    ReplicaReplace,
)
from harness.history import Event
from harness.report.model import Judged

BEFORE, AFTER = 10.0, 3.0  # seconds around the evidence
MAX_LINES = 90  # lines


@dataclass(frozen=True, slots=True)
class Said:
    """A line: when, who, what, and in which event."""

    at: float
    who: str
    text: str
    event: int


def around(events: Sequence[Event], one: Judged) -> list[Said]:
    """The lines around what a verdict rests on; the last ones before it where there are too many."""
    ids = set(one.verdict.evidence)
    times = [event.since_start for event in events if event.id in ids]
    begin, end = (min(times), max(times)) if times else (one.at, one.at)
    begin = max(begin, end - 120.0)
    found: list[Said] = []
    for event in events:
        tail = event.kind == "log.tail" and one.at - AFTER <= event.since_start <= one.at + AFTER
        if tail or begin - BEFORE <= event.since_start <= end + AFTER:
            found += lines(event)
    return found[-MAX_LINES:]


def lines(event: Event) -> Iterable[Said]:
    """What an event has to say to a person."""
    for who, text in _words(event):
        yield Said(event.since_start, who, text, event.id)


def _words(event: Event) -> Iterable[tuple[str, str]]:
    match event.body:
        case DeployerStart() as body:
            yield "deployer", f"$ {' '.join(body.command)}"
        case DeployerLine() as body:
            yield "deployer", body.text
        case DeployerEnd() as body:
            yield "deployer", f"[{body.ended}, exit code {body.exit_code}]"
        case ProbeLog() as body:
            yield from _log(body)
        case LogTail() as body:
            yield from ((body.replica, line) for line in body.lines)
        case ContainerChange() as body:
            code = f", exit code {body.exit_code}" if body.exit_code is not None else ""
            yield body.replica, f"{body.action}{code}" + (", to be replaced" if body.replaced else "")
        case ReplicaReplace() as body:
            yield body.replica, f"replaced by {body.release}"
        case FaultInject() as body:
            yield "fault", body.title
        case FaultHeal() as body:
            yield "fault", body.reason
        case Note() as body:
            yield "harness", body.text
        case _ if event.kind.startswith("probe.") and event.data.get("error"):  # of any probe, also of an extension
            yield str(event.data.get("replica") or event.kind.removeprefix("probe.")), str(event.data["error"])


def _log(body: ProbeLog) -> Iterable[tuple[str, str]]:
    for line in body.error_lines:
        yield body.replica, line
    if body.state not in ("ok", None) or body.error:
        yield body.replica, f"{body.path}: {body.error or body.state}"
    elif body.records == 0:
        yield body.replica, f"{body.path}: no record in {body.seconds} s"
