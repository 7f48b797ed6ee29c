"""What the history has around a failure: what the deployer and the logs said, what became of containers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from harness.history import Event
from harness.report._fields import items, words
from harness.report.model import Judged

BEFORE, AFTER = 10.0, 3.0  # seconds around the evidence
MOST = 90  # lines


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
    return found[-MOST:]


def lines(event: Event) -> Iterable[Said]:
    """What an event has to say to a person."""
    for who, text in _words(event):
        yield Said(event.since_start, str(who), str(text), event.id)


def _words(event: Event) -> Iterable[tuple[object, object]]:
    data, replica = event.data, event.data.get("replica")
    if event.kind.startswith("deployer."):
        yield from _deployer(event)
    elif event.kind == "probe.log":
        yield from _log(event)
    elif event.kind == "log.tail":
        yield from ((replica, line) for line in items(data.get("lines")))
    elif event.kind == "container":
        code = f", exit code {data['exit_code']}" if data.get("exit_code") is not None else ""
        yield replica, f"{data.get('action')}{code}" + (", to be replaced" if data.get("replaced") is True else "")
    elif event.kind == "replica.replace":
        yield replica, f"replaced by {data.get('release')}"
    elif event.kind in ("fault.inject", "fault.heal"):
        yield "fault", data.get("title") or data.get("reason")
    elif event.kind == "note":
        yield "harness", data.get("text")
    elif event.kind.startswith("probe.") and data.get("error"):
        yield replica or event.kind.removeprefix("probe."), data["error"]


def _deployer(event: Event) -> Iterable[tuple[object, object]]:
    data = event.data
    if event.kind == "deployer.start":
        yield "deployer", f"$ {words(data.get('command'))}"
    elif event.kind == "deployer.line":
        yield "deployer", data.get("text")
    else:
        yield "deployer", f"[{data.get('ended')}, exit code {data.get('exit_code')}]"


def _log(event: Event) -> Iterable[tuple[object, object]]:
    data, replica = event.data, event.data.get("replica")
    for line in items(data.get("error_lines")):
        yield replica, line
    if data.get("state") not in ("ok", None) or data.get("error"):
        yield replica, f"{data.get('path')}: {data.get('error') or data.get('state')}"
    elif data.get("records") == 0:
        yield replica, f"{data.get('path')}: no record in {data.get('seconds')} s"
