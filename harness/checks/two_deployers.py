"""What two deployers say of themselves that were given the same command at the same time."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from harness.checks._evidence import Findings, counted, latest
from harness.checks.deployer import borne_out, fleet_runs, how_it_ended, last_words
from harness.events import DeployerEnd, DeployerStart, ProbeRelease
from harness.history import Event, of
from harness.verdict import Verdict

NAME = "two-deployers"


def check(
    events: Iterable[Event],
    *,
    phase: str,
    verb: str,
    release: str,
    replicas: Collection[str] = (),
    both_may_refuse: bool = False,
) -> Verdict:
    """Both ended by themselves, one of them at least did it, and the fleet bears out each that says so. The other one
    may refuse, with any exit code but 0.

    Args:
        events: the history (`deployer.start`, `deployer.line`, `deployer.end`, `probe.release`).
        phase: where the fleet was asked; the runs that count are the last two of this verb before the phase's end.
        verb: `deploy` or `rollback`.
        release: what the fleet should run then.
        replicas: every replica of the fleet.
        both_may_refuse: neither need have done it, as under a fault.
    """
    events, findings = tuple(events), Findings(NAME)
    runs = _runs(events, phase, verb)
    # Who does not answer yet after a fault is judged when everything has had time to converge.
    answers = latest(events, ProbeRelease, phase)
    asked = [replica for replica in replicas if replica in answers] if both_may_refuse else list(replicas)
    findings.saw(*(one for run in runs for one in run))
    ends = [end for _, end in runs if end is not None]
    if len(runs) < 2:
        findings.missing(f"two deployers were not given the {verb}")
    elif len(ends) < 2:
        findings.missing(f"how both of them ended is not known: {counted(len(ends), 'end')} of 2 was seen")
    elif ends[0].id < runs[1][0].id:
        findings.missing("they did not work at the same time: the first one had ended when the second one began")
    else:
        found = {replica: answers.get(replica) for replica in asked}
        _judge(findings, events, verb, release, ends, found, both_may_refuse=both_may_refuse)
    codes = " and ".join(str(end.body.exit_code) for end in ends)
    return findings.verdict(
        f"the two ended with exit codes {codes}, and {_borne_out(ends, fleet_runs(asked, replicas, release))}",
        look="the output of both deployers (deployer.line in the history)",
        look_unknown="whether both deployers were started, and the release probe",
    )


def _runs(
    events: tuple[Event, ...], phase: str, verb: str
) -> list[tuple[Event[DeployerStart], Event[DeployerEnd] | None]]:
    """The last two runs of this verb up to the phase's end."""
    until = max((event.id for event in events if event.phase == phase), default=-1)
    ends = {event.body.start: event for event in of(events, DeployerEnd) if event.id <= until}
    starts = [event for event in of(events, DeployerStart) if event.body.verb == verb and event.id <= until]
    return [(start, ends.get(start.id)) for start in starts[-2:]]


def _judge(
    findings: Findings,
    events: tuple[Event, ...],
    verb: str,
    release: str,
    ends: list[Event[DeployerEnd]],
    answers: Mapping[str, Event[ProbeRelease] | None],
    *,
    both_may_refuse: bool,
) -> None:
    refused = [end for end in ends if end.body.ended == "exit" and end.body.exit_code not in (0, None)]
    done = [end for end in ends if end.body.ended == "exit" and end.body.exit_code == 0]
    for end in ends:
        if end not in refused:
            how_it_ended(findings, end, verb, last_words(events, end), ())
    if len(refused) == len(ends) and not both_may_refuse:
        words = "; ".join(last_words(events, end) for end in refused)
        findings.fail(f"both refused, and nobody did the {verb}; their last words: {words}", *refused)
    if done:
        borne_out(findings, done[-1], release, answers, (0,), last_words(events, done[-1]))


def _borne_out(ends: list[Event[DeployerEnd]], fleet: str) -> str:
    return "neither says that it did it" if all(end.body.exit_code for end in ends) else fleet
