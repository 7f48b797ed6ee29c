"""A rollback leaves no trace: what it leaves behind is nothing, or declared with a reason."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from harness.checks._evidence import Findings
from harness.checks._fingerprints import compared, differs, good, with_unseen
from harness.fingerprint import Allowance
from harness.history import Event
from harness.verdict import Verdict

NAME = "trace"


def check(events: Iterable[Event], *, phase: str, before: str, allow: Collection[Allowance] = ()) -> Verdict:
    """The fingerprint after the rollback is that before the deployment. The reason says what was not looked at.

    Args:
        events: the history (`fingerprint`; `deployer.start` and `replica.replace` between them).
        phase: the name or the phase of the fingerprint after the rollback.
        before: the name or the phase of the one before the deployment.
        allow: the differences that are meant to be there.
    """
    events = tuple(events)
    findings = Findings(NAME)
    comparison = compared(findings, events, before, phase, allow)
    if comparison is None:
        return findings.verdict("", look_unknown="whether both fingerprints were taken (events `fingerprint`)")
    differs(findings, comparison, events, before, phase)
    verdict = findings.verdict(
        f"the rollback left no trace: {good(comparison)}",
        look="whether the rollback should have undone it; declare what is meant to stay, with a reason (state: allow)",
        look_unknown="the fingerprint's errors; a replica that was not asked may have changed in any way",
    )
    return with_unseen(verdict, comparison)
