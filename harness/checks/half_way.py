"""A deployment was really stopped half-way: if not, rolling it back proves nothing about that."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from harness.checks._evidence import Findings, last, listed
from harness.events import DeployerEnd, ProbeRelease
from harness.history import Event, of
from harness.verdict import Verdict

NAME = "half-way"


def check(events: Iterable[Event], *, phase: str, release: str, replicas: Collection[str] = ()) -> Verdict:
    """The deployer was killed when a replica ran the new release already, and another did not. Never a fail: that is
    not the release's fault.

    Args:
        events: the history (`deployer.end`, `probe.release`).
        phase: in which the deployment was stopped.
        release: what was being deployed.
        replicas: of the fleet; each was asked after the deployer had ended. Where there are several, not all of them
            may run the new release then: a deployment that was over tells nothing about one that was not. One on
            another release is enough; one that the engine says does not run is on no release.
    """
    events = tuple(events)
    findings = Findings(NAME)
    end = last(events, DeployerEnd, phase)
    reached = [event for event in of(events, ProbeRelease, phase) if event.body.release == release]
    findings.saw(end, *reached[:1])
    if end is None:
        findings.missing("no deployment was stopped")
    elif end.body.ended != "stopped":
        findings.missing(f"the deployment ended ({end.body.ended}) before it could be stopped half-way")
    elif not reached:
        findings.missing(f"no replica ran {release} before the deployer was stopped")
    elif len(replicas) > 1:
        _mixed(findings, events, end, phase, release, replicas)
    return findings.verdict(
        f"the deployer was killed when the first replica ran {release}",
        look_unknown="the deployer's output; it may do everything at once",
    )


def _mixed(
    findings: Findings,
    events: tuple[Event, ...],
    end: Event[DeployerEnd],
    phase: str,
    release: str,
    replicas: Collection[str],
) -> None:
    """Whether the fleet was left on both releases."""
    asked = [event for event in of(events, ProbeRelease, phase) if event.id > end.id]
    told = {event.body.replica: event.body.release for event in asked}
    down = {event.body.replica for event in asked if event.body.running is False}
    runs = {name: told.get(name) for name in replicas}
    findings.saw(*asked)
    if any(found not in (None, release) for found in runs.values()):
        return
    if silent := [name for name, found in runs.items() if found is None and name not in down]:
        findings.missing(f"what {listed(silent)} ran when the deployer was stopped is not known")
    elif None not in runs.values():
        findings.missing(f"every replica ran {release} when the deployer was stopped: it was not half-way any more")
