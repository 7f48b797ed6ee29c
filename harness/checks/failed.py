"""A deployment really failed: if not, what follows proves nothing about a release that several failed to bring."""

from __future__ import annotations

from collections.abc import Iterable

from harness.checks._evidence import Findings, last
from harness.events import DeployerEnd
from harness.history import Event
from harness.verdict import Verdict

NAME = "failed"


def check(events: Iterable[Event], *, phase: str) -> Verdict:
    """The last run of the deployer in the phase was killed, timed out or said that it failed. Never a fail: that is not
    the release's fault.

    Args:
        events: the history (`deployer.end`).
        phase: in which a deployment should have failed.
    """
    findings = Findings(NAME)
    end = last(tuple(events), DeployerEnd, phase)
    findings.saw(end)
    how, code = (end.body.ended, end.body.exit_code) if end is not None else ("", None)
    if end is None:
        findings.missing("no deployment was tried")
    elif how == "exit" and code == 0:
        findings.missing("the deployment succeeded before it could be stopped")
    elif how in ("not started", "lost") or (how == "exit" and code is None):
        findings.missing(f"how the deployment ended is not known ({how})")
    said = {"stopped": "was killed", "timeout": "ran into its timeout"}.get(how, f"ended with exit code {code}")
    return findings.verdict(
        f"the deployment failed: it {said}", look_unknown="the deployer's output; it may do everything at once"
    )
