"""The registry, in which the deployer believes, and the fleet agree."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from harness.checks._evidence import Findings, counted, last, latest
from harness.events import ProbeRegistry, ProbeRelease
from harness.history import Event
from harness.verdict import Verdict

NAME = "registry"


def check(events: Iterable[Event], *, phase: str, replicas: Collection[str] = ()) -> Verdict:
    """The registry's last answer in the phase is what every replica says that it runs.

    Args:
        events: the history.
        phase: where both were asked (`probe.registry`, `probe.release`).
        replicas: every replica of the fleet.
    """
    events = tuple(events)
    findings = Findings(NAME)
    believed = last(events, ProbeRegistry, phase)
    answers = latest(events, ProbeRelease, phase)
    findings.saw(believed)
    name = believed.body.release if believed else None
    if name is None:
        why = "was not asked" if believed is None else f"could not be asked: {believed.body.error or 'no answer'}"
        findings.missing(f"the registry {why}")
    if not replicas:
        findings.missing("no replica was to be compared with the registry")
    for replica in replicas:
        event = answers.get(replica)
        findings.saw(event)
        runs = event.body.release if event else None
        if runs is None:
            findings.missing(f"{replica} did not say which release it runs")
        elif name is not None and runs != name:
            findings.fail(f"the registry says {name}, and {replica} runs {runs}", believed, event)
    return findings.verdict(
        f"the registry and {counted(len(replicas), 'replica')} agree on {name}",
        look="who wrote the registry last, and what the deployer read from it (a stale cache?)",
        look_unknown="the registry probe (x-harness: probes: registry) and the release probe",
    )
