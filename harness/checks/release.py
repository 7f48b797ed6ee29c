"""Every replica runs the release that it should."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from harness.checks._evidence import Findings, counted, latest
from harness.events import ProbeRelease
from harness.history import Event
from harness.verdict import Verdict

NAME = "release"


def check(events: Iterable[Event], *, phase: str, release: str, replicas: Collection[str] = ()) -> Verdict:
    """The last answer of every replica in the phase is this release.

    Args:
        events: the history.
        phase: where the replicas were asked (`probe.release`).
        release: what each should run.
        replicas: every replica that should have been asked; one without an answer makes the verdict unknown.
    """
    findings = Findings(NAME)
    answers = latest(events, ProbeRelease, phase)
    if not replicas:
        findings.missing("no replica was to be asked for its release")
    for replica in replicas:
        event = answers.get(replica)
        findings.saw(event)
        if event is None:
            findings.missing(f"{replica} was not asked for its release")
        elif event.body.release is None:
            findings.missing(f"{replica} could not be asked for its release: {event.body.error or 'no answer'}")
        elif event.body.release != release:
            findings.fail(f"{replica} runs {event.body.release}, not {release}", event)
    return findings.verdict(
        f"{counted(len(replicas), 'replica runs', 'replicas run')} {release}",
        look="the deployer's output, and what it left on that replica",
        look_unknown="the release probe (x-harness: probes: release) and that replica's log",
    )
