"""Which stretches of a run stood on the old release and which on the new one, as the deployer's commands tell."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from harness.events import DeployerEnd, DeployerStart
from harness.history import Event, of


@dataclass(frozen=True, slots=True)
class Stretch:
    """A time in which nothing was deployed or taken back, seconds of the history.

    Attributes:
        new: on the new release; else on the old one.
    """

    new: bool
    begin: float
    end: float


def stretches(events: Iterable[Event], until: float, warm: float) -> Iterator[Stretch]:
    """Those from the first event on until a second, each without its first seconds (`warm`) after a change.

    What follows a command that did not succeed is left out: nobody knows what it left.
    """
    events = tuple(events)
    ends = {end.body.start: end for end in of(events, DeployerEnd)}
    new: bool | None = False
    begin = 0.0
    for start in of(events, DeployerStart):
        if new is not None and start.since_start > begin:
            yield Stretch(new, begin, min(start.since_start, until))
        end = ends.get(start.id)
        new = None
        if end is not None and end.body.exit_code == 0:
            new, begin = end.body.verb == "deploy", end.since_start + warm
    if new is not None and until > begin:
        yield Stretch(new, begin, until)
