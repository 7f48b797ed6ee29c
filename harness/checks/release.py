"""Every replica runs the release that it should."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from itertools import groupby

from harness.checks._evidence import Findings, counted, latest, listed
from harness.events import ProbeRelease
from harness.history import Event, of
from harness.verdict import Verdict
from harness.workers import SURE, among, chance

NAME = "release"


def check(events: Iterable[Event], *, phase: str, release: str, replicas: Collection[str] = ()) -> Verdict:
    """The last answer of every replica in the phase is this release.

    Args:
        events: the history.
        phase: where the replicas were asked (`probe.release`).
        release: what each should run.
        replicas: every replica that should have been asked; one without an answer makes the verdict unknown.
    """
    findings, events = Findings(NAME), tuple(events)
    answers = latest(events, ProbeRelease, phase)
    heard: list[Event[ProbeRelease]] = []
    late: list[str] = []
    if not replicas:
        findings.missing("no replica was to be asked for its release")
    for replica in replicas:
        event = answers.get(replica)
        findings.saw(event)
        if event is None:
            findings.missing(f"{replica} was not asked for its release")
        elif event.body.release is None:
            findings.missing(f"{replica} could not be asked for its release: {event.body.error or 'no answer'}")
        elif len(event.body.answers) > 1:
            findings.fail(_mixed(event.body), event)
        elif event.body.release != release:
            findings.fail(f"{replica} runs {event.body.release}, not {release}", event)
        elif back := _back_and_forth([one for one in of(events, ProbeRelease, phase) if one.body.replica == replica]):
            findings.fail(_told_in_turn(replica, back), *back)
        else:
            heard.append(event)
            late += _before(events, phase, event)
    return findings.verdict(
        f"{counted(len(replicas), 'replica runs', 'replicas run')} {release}{_how_often(heard)}{''.join(late)}",
        look="the deployer's output, and what it left on that replica",
        look_unknown="the release probe (x-harness: probes: release) and that replica's log",
    )


def _before(events: tuple[Event, ...], phase: str, last: Event[ProbeRelease]) -> list[str]:
    """What the replica said in the same phase before its last answer, where that was another release."""
    asked = [one for one in of(events, ProbeRelease, phase) if one.body.replica == last.body.replica]
    other = sorted({one.body.release for one in asked if one.body.release not in (None, last.body.release)} - {None})
    return (
        [f"; {last.body.replica} came to it in this phase, and said {listed(map(str, other))} before"] if other else []
    )


def _mixed(body: ProbeRelease) -> str:
    """Answers to questions that were asked together, and differ."""
    every = sum(body.answers.values())
    said = listed(f"{name} {count} times" for name, count in sorted(body.answers.items(), key=lambda one: -one[1]))
    return f"{body.replica} gives mixed answers: of {every} it said {said}: its workers are not of one release"


def _back_and_forth(asked: Sequence[Event[ProbeRelease]]) -> Sequence[Event[ProbeRelease]]:
    """The answers of a replica, where one release came back after another; else nothing."""
    told = [event for event in asked if event.body.release is not None]
    runs = [name for name, _ in groupby(event.body.release for event in told)]
    return told if len(runs) > len(set(runs)) else ()


def _told_in_turn(replica: str, told: Sequence[Event[ProbeRelease]]) -> str:
    said = ", then ".join(str(name) for name, _ in groupby(event.body.release for event in told))
    return f"{replica} gives mixed answers, one after the other {said}: its workers are not of one release"


def _how_often(heard: Sequence[Event[ProbeRelease]]) -> str:
    """How often the replicas were asked, and what that may have missed; nothing where each was asked once."""
    often = [event.body for event in heard if event.body.answers]
    if not often:
        return ""
    counts = sorted({sum(body.answers.values()) for body in often})
    said = f", asked {counts[0]} times each" if len(counts) == 1 else f", asked {counts[0]} to {counts[-1]} times"
    if silent := sum(body.unanswered for body in often):
        said += f" and {silent} times in vain"
    sure, workers = min((chance(sum(body.answers.values()), body.workers), among(body.workers)) for body in often)
    return said + (f": one bad worker of {workers} is heard so with {100 * sure:.0f} %" if sure < SURE else "")
