"""What the history has around a failure: what the deployer and the logs said, what became of containers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from harness.history import Event
from harness.report._fields import items, words
from harness.report.model import Judged

BEFORE, AFTER = 10.0, 3.0  # seconds around the evidence
MOST = 60  # lines


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
    found = [said for event in events if begin - BEFORE <= event.since_start <= end + AFTER for said in lines(event)]
    return found[-MOST:]


def lines(event: Event) -> Iterable[Said]:
    """What an event has to say to a person."""
    data, at = event.data, event.since_start

    def said(who: object, text: object) -> Said:
        return Said(at, str(who), str(text), event.id)

    if event.kind == "deployer.start":
        yield said("deployer", "$ " + words(data.get("command")))
    elif event.kind == "deployer.line":
        yield said("deployer", data.get("text"))
    elif event.kind == "deployer.end":
        yield said("deployer", f"[{data.get('ended')}, exit code {data.get('exit_code')}]")
    elif event.kind == "probe.log":
        for line in items(data.get("error_lines")):
            yield said(data.get("replica"), line)
        if data.get("state") not in ("ok", None) or data.get("error"):
            yield said(data.get("replica"), f"{data.get('path')}: {data.get('error') or data.get('state')}")
        elif data.get("records") == 0:
            yield said(data.get("replica"), f"{data.get('path')}: no record in {data.get('seconds')} s")
    elif event.kind == "container":
        code = f", exit code {data['exit_code']}" if data.get("exit_code") is not None else ""
        yield said(data.get("replica"), f"{data.get('action')}{code}")
    elif event.kind in ("fault.inject", "fault.heal"):
        yield said("fault", data.get("title") or data.get("reason"))
    elif event.kind == "note":
        yield said("harness", data.get("text"))
    elif event.kind.startswith("probe.") and data.get("error"):
        yield said(data.get("replica") or event.kind.removeprefix("probe."), data["error"])
