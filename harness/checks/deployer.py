"""What the deployer says about itself, held against what was seen."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from harness.checks._evidence import Findings, counted, latest, listed
from harness.events import DeployerEnd, ProbeRelease
from harness.history import Event, of
from harness.verdict import Verdict

NAME = "deployer"


def check(events: Iterable[Event], *, phase: str, verb: str, release: str, replicas: Collection[str] = ()) -> Verdict:
    """The deployer ended well, and the fleet bears it out.

    Args:
        events: the history (`deployer.end`, `probe.release`).
        phase: where the fleet was asked; the run that counts is the last of this verb before the phase's last event.
        verb: `deploy` or `rollback`.
        release: what the fleet should run then.
        replicas: every replica of the fleet.
    """
    events = tuple(events)
    findings = Findings(NAME)
    inside = [event.id for event in events if event.phase == phase]
    ends = [event for event in of(events, DeployerEnd) if event.body.verb == verb and inside and event.id <= inside[-1]]
    if not ends:
        findings.missing(f"no {verb} of the deployer has ended")
    else:
        findings.saw(ends[-1])
        _said(findings, ends[-1], verb)
        answers = latest(events, ProbeRelease, phase)
        _seen(findings, ends[-1], release, {replica: answers.get(replica) for replica in replicas})
    return findings.verdict(
        f"the {verb} ended with exit code 0, and {counted(len(replicas), 'replica runs', 'replicas run')} {release}",
        look="the deployer's output (deployer.line in the history)",
        look_unknown="whether the deployer was started, and the release probe",
    )


def _said(findings: Findings, end: Event[DeployerEnd], verb: str) -> None:
    how, code = end.body.ended, end.body.exit_code
    if how == "timeout":
        findings.fail(f"the {verb} was stopped: it ran for {end.body.seconds or 0:.1f} s, its timeout", end)
    elif how == "stopped":
        findings.missing(f"the {verb} was stopped before it ended")
    elif how in ("not started", "lost"):
        why = next(iter(str(end.body.error or "").splitlines()), "") or "for an unknown reason"
        findings.missing(f"the {verb} {'could not be started' if how == 'not started' else 'was lost sight of'}: {why}")
    elif code is None:
        findings.missing(f"how the {verb} ended is not known")
    elif code != 0:
        findings.fail(f"the {verb} ended with exit code {code}", end)


def _seen(
    findings: Findings, end: Event[DeployerEnd], release: str, answers: Mapping[str, Event[ProbeRelease] | None]
) -> None:
    """Hold the deployer's word against the last answer of every replica, None where there is none."""
    verb = end.body.verb
    findings.saw(*answers.values())
    runs = {replica: event.body.release if event else None for replica, event in answers.items()}
    unseen = [replica for replica, found in runs.items() if found is None]
    if unseen or not answers:
        findings.missing(f"what {listed(unseen) or 'the fleet'} runs after the {verb} is not known")
    others = [replica for replica, found in runs.items() if found not in (None, release)]
    if others and end.body.exit_code == 0:
        told = listed(f"{replica} runs {runs[replica]}" for replica in others)
        shown = [answers[replica] for replica in others]
        findings.fail(f"the deployer says that the {verb} succeeded, and {told}, not {release}", end, *shown)
