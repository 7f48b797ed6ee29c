"""A second deployment finds the same: after a rollback, deploying again comes to what the first deployment came to."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from harness.checks._evidence import Findings
from harness.checks._fingerprints import compared, differs, good
from harness.fingerprint import Allowance
from harness.history import Event
from harness.verdict import Verdict

NAME = "second-deployment"


def check(events: Iterable[Event], *, phase: str, before: str, allow: Collection[Allowance] = ()) -> Verdict:
    """The fingerprint after the second deployment is that after the first one.

    Args:
        events: the history (`fingerprint`).
        phase: the name or the phase of the fingerprint after the second deployment.
        before: the name or the phase of the one after the first.
        allow: the differences that are meant to be there.
    """
    events = tuple(events)
    findings = Findings(NAME)
    comparison = compared(findings, events, before, phase, allow)
    if comparison is None:
        return findings.verdict("", look_unknown="whether both fingerprints were taken (events `fingerprint`)")
    differs(findings, comparison, events, before, phase)
    return findings.verdict(
        f"the second deployment found the same: {good(comparison)}",
        look="what the rollback between the two deployments left behind or took away",
        look_unknown="the fingerprint's errors; a replica that was not asked may have changed in any way",
    )
