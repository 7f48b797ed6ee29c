"""What was tried again and went well then: the failure before it is said all the same."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator

from harness.events import DeployerEnd, DeployerStart
from harness.history import Event, of


def lines(events: Iterable[Event]) -> Iterator[str]:
    """Runs of the deployer that failed, where the same command was given next and succeeded; a line each. One that was
    given while the other was still under way is not tried again: of two at once one may refuse.
    """
    events = tuple(events)
    starts = {event.id for event in of(events, DeployerStart)}
    by_environment: dict[str | None, list[Event[DeployerEnd]]] = {}
    for event in of(events, DeployerEnd):
        by_environment.setdefault(event.environment, []).append(event)
    for ends in by_environment.values():
        for first, second in itertools.pairwise(ends):
            at_once = second.body.start in starts and second.body.start < first.id
            same = first.body.verb == second.body.verb and not at_once
            if same and _failed(first.body) and _succeeded(second.body):
                where = f"{first.body.verb} ({first.phase or 'run'})"
                yield f"{where} ended with {_how(first.body)} and went well when it was given again"


def _failed(body: DeployerEnd) -> bool:
    """What the harness itself stopped half-way did not fail."""
    return body.ended != "stopped" and not _succeeded(body)


def _how(body: DeployerEnd) -> str:
    return f"exit code {body.exit_code}" if body.ended == "exit" else f"`{body.ended}`"


def _succeeded(body: DeployerEnd) -> bool:
    return body.ended == "exit" and body.exit_code == 0
