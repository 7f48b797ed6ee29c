"""A deployment was really stopped half-way: if not, rolling it back proves nothing about that."""

from __future__ import annotations

from collections.abc import Iterable

from harness.checks._evidence import Findings, last, of
from harness.history import Event
from harness.verdict import Verdict

NAME = "half-way"


def check(events: Iterable[Event], *, phase: str, release: str) -> Verdict:
    """The deployer was killed when a replica ran the new release already. Never a fail: it is nobody's fault.

    Args:
        events: the history (`deployer.end`, `probe.release`).
        phase: in which the deployment was stopped.
        release: what was being deployed.
    """
    events = tuple(events)
    findings = Findings(NAME)
    end = last(events, "deployer.end", phase)
    reached = [event for event in of(events, "probe.release", phase) if event.data.get("release") == release]
    findings.saw(end, *reached[:1])
    if end is None:
        findings.missing("no deployment was stopped")
    elif end.data.get("ended") != "stopped":
        findings.missing(f"the deployment ended ({end.data.get('ended')}) before it could be stopped half-way")
    elif not reached:
        findings.missing(f"no replica ran {release} before the deployer was stopped")
    return findings.verdict(
        f"the deployer was killed when the first replica ran {release}",
        look_unknown="the deployer's output; it may do everything at once",
    )
