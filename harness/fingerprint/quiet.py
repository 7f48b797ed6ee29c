"""Which fingerprints of a history have nothing but load between them: they tell what the load moves by itself."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

from harness.event import Event, of
from harness.events import DeployerStart, FaultInject, FingerprintTaken, PlanStepStart, ReplicaReplace
from harness.fingerprint.model import Fingerprint

CHANGING = ("run", "restart", "link")  # steps of plans that change more than the load does, and are no deployment


def quiet(events: Iterable[Event], until: Event) -> tuple[tuple[Fingerprint, Fingerprint], ...]:
    """Fingerprints of one environment before this event, two and two, between which nothing was deployed or broken."""
    events = tuple(events)
    same = [one for one in of(events, FingerprintTaken) if one.environment == until.environment and one.id < until.id]
    changes = [one.id for kind in (DeployerStart, ReplicaReplace, FaultInject) for one in of(events, kind)]
    changes += [one.id for one in of(events, PlanStepStart) if one.body.changes or one.body.name in CHANGING]
    return tuple(
        (_read(one), _read(two))
        for one, two in pairwise(same)
        if not any(one.id < change < two.id for change in changes)
    )


def _read(event: Event[FingerprintTaken]) -> Fingerprint:
    return Fingerprint.of(event.body, taken=event.since_start, event=event.id)
