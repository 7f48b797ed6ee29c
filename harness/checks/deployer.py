"""What the deployer says about itself, held against what was seen."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from harness.checks._evidence import Findings, counted, latest, listed
from harness.events import DeployerEnd, DeployerLine, DeployerStart, ProbeRelease
from harness.history import Event, of
from harness.printable import shortened
from harness.verdict import Verdict

NAME = "deployer"


def check(
    events: Iterable[Event],
    *,
    phase: str,
    verb: str,
    release: str,
    replicas: Collection[str] = (),
    refusals: Collection[int] = (),
    may_refuse: bool = False,
) -> Verdict:
    """The deployer ended well, and the fleet bears it out.

    Args:
        events: the history (`deployer.start`, `deployer.line`, `deployer.end`, `probe.release`).
        phase: where the fleet was asked; the run that counts is the last of this verb before the phase's last event.
        verb: `deploy` or `rollback`.
        release: what the fleet should run then.
        replicas: every replica of the fleet.
        refusals: other exit codes with which it ends well: it may refuse what there is no need for.
        may_refuse: it may also end with any other exit code, which says that it did not do it, as under a fault.
    """
    events = tuple(events)
    findings = Findings(NAME)
    end = _end(events, phase, verb)
    code, noted, asked = 0, "", replicas
    if end is None:
        findings.missing(f"no {verb} of the deployer has ended")
    else:
        findings.saw(end)
        code, words = end.body.exit_code or 0, last_words(events, end)
        noted = f"; its last words are of an exception: {words}" if _ends_in_an_exception(events, end) else ""
        refused = may_refuse and end.body.ended == "exit" and code not in (0, *refusals)
        if refused:
            return findings.verdict(f"the {verb} refused: it ended with exit code {code}, its last words: {words}")
        how_it_ended(findings, end, verb, words, refusals)
        answers = latest(events, ProbeRelease, phase)
        well = (0, *refusals)
        # Who does not answer yet after a fault is judged when everything has had time to converge.
        asked = [replica for replica in replicas if replica in answers] if may_refuse else replicas
        borne_out(findings, end, release, {replica: answers.get(replica) for replica in asked}, well, words)
    return findings.verdict(
        f"the {verb} ended with exit code {code}{', which says that there was nothing to do' if code else ''}, and "
        f"{fleet_runs(asked, replicas, release)}{noted}",
        look="the deployer's output (deployer.line in the history)",
        look_unknown="whether the deployer was started, and the release probe",
    )


def last_words(events: Iterable[Event], end: Event[DeployerEnd]) -> str:
    """The last line of a run's output that is not empty; of an exception that ended it, that is what it says."""
    return shortened(next((line for line in reversed(_lines(events, end)) if line.strip()), ""))


def _lines(events: Iterable[Event], end: Event[DeployerEnd]) -> list[str]:
    return [event.body.text for event in of(events, DeployerLine) if event.body.start == end.body.start]


def _ends_in_an_exception(events: Iterable[Event], end: Event[DeployerEnd]) -> bool:
    """Whether nothing follows a trace but what the exception says: whoever ran it swallowed that, whatever its code."""
    lines = [line for line in _lines(events, end) if line.strip()]
    begin = next((at for at, line in reversed(list(enumerate(lines))) if "Traceback (most recent" in line), None)
    return begin is not None and all(line[:1].isspace() for line in lines[begin + 1 : -1]) and begin < len(lines) - 1


def _end(events: tuple[Event, ...], phase: str, verb: str) -> Event[DeployerEnd] | None:
    """How the last run of this verb up to the phase's end ended; None where it did not: an earlier one says nothing
    about it.
    """
    until = max((event.id for event in events if event.phase == phase), default=-1)
    ends = [event for event in of(events, DeployerEnd) if event.body.verb == verb and event.id <= until]
    starts = [event for event in of(events, DeployerStart) if event.body.verb == verb and event.id <= until]
    if not ends or (starts and starts[-1].id > ends[-1].id):
        return None
    return ends[-1]


def how_it_ended(findings: Findings, end: Event[DeployerEnd], verb: str, words: str, refusals: Collection[int]) -> None:
    """Find fault with an end that was no good one, or is not known."""
    how, code = end.body.ended, end.body.exit_code
    quoted = f"; its last words: {words}" if words else ""
    if how == "timeout":
        findings.fail(f"the {verb} was stopped: it ran for {end.body.seconds or 0:.1f} s, its timeout{quoted}", end)
    elif how == "stopped":
        findings.missing(f"the {verb} was stopped before it ended")
    elif how in ("not started", "lost"):
        why = next(iter(str(end.body.error or "").splitlines()), "") or "for an unknown reason"
        findings.missing(f"the {verb} {'could not be started' if how == 'not started' else 'was lost sight of'}: {why}")
    elif code is None:
        findings.missing(f"how the {verb} ended is not known")
    elif code != 0 and code not in refusals:
        findings.fail(f"the {verb} ended with exit code {code}{quoted}", end)


def fleet_runs(asked: Collection[str], replicas: Collection[str], release: str) -> str:
    """What a pass says of the fleet: `3 replicas run 4.1.0`, or of how many that is known."""
    if len(asked) == len(replicas):
        return f"{counted(len(replicas), 'replica runs', 'replicas run')} {release}"
    return f"{len(asked)} of {len(replicas)} replicas answered, and run {release}"


def borne_out(
    findings: Findings,
    end: Event[DeployerEnd],
    release: str,
    answers: Mapping[str, Event[ProbeRelease] | None],
    well: Collection[int],
    words: str,
) -> None:
    """Hold the deployer's word against the last answer of every replica, None where there is none."""
    verb = end.body.verb
    findings.saw(*answers.values())
    runs = {replica: event.body.release if event else None for replica, event in answers.items()}
    unseen = [replica for replica, found in runs.items() if found is None]
    if unseen or not answers:
        findings.missing(f"what {listed(unseen) or 'the fleet'} runs after the {verb} is not known")
    others = [replica for replica, found in runs.items() if found not in (None, release)]
    if others and end.body.exit_code in well:
        told = listed(f"{replica} runs {runs[replica]}" for replica in others)
        shown = [answers[replica] for replica in others]
        quoted = f" (its last words: {words})" if words else ""
        findings.fail(f"the deployer says that the {verb} succeeded, and {told}, not {release}{quoted}", end, *shown)
