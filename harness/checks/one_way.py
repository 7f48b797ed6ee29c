"""A one-way door: the rollback of a release that cannot be taken back must be refused, before anything is changed."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from harness.checks import no_change
from harness.checks._evidence import Findings, last
from harness.checks._fingerprints import compared, differs
from harness.events import DeployerEnd
from harness.fingerprint import Allowance
from harness.history import Event, of
from harness.verdict import Outcome, Verdict

NAME = "one-way"
NOT_RUN = (126, 127)  # what a shell says of a command that it cannot run


def check(
    events: Iterable[Event],
    *,
    phase: str,
    before: str,
    release: str,
    because: str,
    replicas: Collection[str] = (),
    registry: bool = True,
    allow: Collection[Allowance] = (),
) -> Verdict:
    """The deployer refused the rollback, and fleet, registry and everything else are as they were.

    Args:
        events: the history (`deployer.end`, `probe.release`, `probe.registry`, `fingerprint`).
        phase: in which the rollback was tried; what was seen after it belongs to it.
        before: the phase before.
        release: the release that cannot be taken back, which runs.
        because: why it cannot, as declared.
        replicas: every replica of the fleet.
        registry: the stack has a registry.
        allow: the differences that are meant to be there.
    """
    events = tuple(events)
    findings = Findings(NAME)
    tries = [event for event in of(events, DeployerEnd) if event.body.verb == "rollback"]
    _refused(findings, last(tries, DeployerEnd, phase), release, because)
    _same_fleet(findings, events, before, phase, replicas, registry)
    comparison = compared(findings, events, before, phase, allow)
    if comparison is not None:
        differs(findings, comparison, events, before, phase)
    return findings.verdict(
        f"the rollback of {release} was refused, and changed nothing ({because})",
        look=f"how the deployer comes to know that {release} cannot be taken back",
        look_unknown="the deployer's output, the probes and the fingerprints before and after",
    )


def _refused(findings: Findings, end: Event[DeployerEnd] | None, release: str, because: str) -> None:
    findings.saw(end)
    if end is None:
        findings.missing("no rollback was tried")
        return
    how, code = end.body.ended, end.body.exit_code
    if how != "exit" or code is None:
        findings.missing(f"the rollback did not end by itself ({how})")
    elif code in NOT_RUN:
        findings.missing(f"the deployer could not be run (exit code {code}): that is no refusal")
    elif code == 0:
        findings.fail(f"the deployer says that it took {release} back, which cannot be: {because}", end)


def _same_fleet(
    findings: Findings, events: tuple[Event, ...], before: str, phase: str, replicas: Collection[str], registry: bool
) -> None:
    same = no_change.check(events, before=before, phase=phase, replicas=replicas, registry=registry)
    seen = tuple(event for event in events if event.id in same.evidence)
    findings.saw(*seen)
    if same.outcome is Outcome.FAIL:
        findings.fail(f"the refusal came too late: {same.reason}", *seen)
    elif same.outcome is Outcome.UNKNOWN:
        findings.missing(same.reason)
