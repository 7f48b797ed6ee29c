"""Who answered the load: whether a replica that the load balancer calls up got any of it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from harness.events import ProbeHaproxy, WorkloadWindow
from harness.history import Event, of

MAX_SHARE = 0.8  # of the answers before: a load balancer that gives one server nearly all may give them another
MIN_EXPECTED = 20.0  # answers that were to be expected of a replica before none at all means something
CONTROL = "control"


def misdirected(
    events: tuple[Event, ...], phase: str, look: Event[ProbeHaproxy] | None, replicas: Collection[str]
) -> Iterator[tuple[str, Event[ProbeHaproxy], *tuple[Event[WorkloadWindow], ...]]]:
    """For each server that was up for the whole phase, and whose replica answered none of its requests, though it had
    its share before: a sentence, and the events that show it.
    """
    every = [event for event in of(events, WorkloadWindow) if event.arm != CONTROL]
    now = tuple(event for event in every if event.phase == phase)
    if look is None or not look.body.servers or not now:
        return
    before = [event for event in every if event.id < now[0].id]
    began = min(event.since_start - event.body.seconds for event in now)
    for _, name, status, weight, _, since in look.body.servers:
        up = status.startswith(("UP", "no check")) and weight != 0
        if name in replicas and up and since is not None and look.since_start - since > began:
            continue  # it came up during the phase
        if name in replicas and up and (due := unreached(name, before, now)) >= MIN_EXPECTED:
            total = sum(event.body.ok for event in now)
            said = (
                f"the load balancer has {name} as {status} and leads it elsewhere: {name} gave none of {total} answers,"
                f" and {due:.0f} by its share before"
            )
            yield said, look, *now


def unreached(name: str, before: Iterable[Event[WorkloadWindow]], now: Iterable[Event[WorkloadWindow]]) -> float:
    """How many answers a replica ought to have given, by its share before, where it gave none; else 0. Whose answers
    name nobody, or who gave none before, is not known.
    """
    earlier, later = tuple(before), tuple(now)
    was = sum(event.body.served_by.get(name, 0) for event in earlier)
    total = sum(sum(event.body.served_by.values()) for event in earlier)
    got = sum(event.body.served_by.get(name, 0) for event in later)
    got += sum(group.count for event in later for group in event.body.failures if group.server == name)
    given = sum(sum(event.body.served_by.values()) for event in later)
    return given * was / total if 0 < was <= MAX_SHARE * total and not got else 0.0
