"""What one release hands over to the other, such as a queued job, is done otherwise than it was asked for."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from harness.checks._reads import of_subject, written_in
from harness.diagnoses._case import Case, Diagnosis, ids, names
from harness.diagnoses._kinds import QUEUE
from harness.event import Event, of
from harness.events import BadRead, ProbeQueue, WorkloadReads

CHECKS = ("reads", "reads-forward")
LEAST = 5  # records; what fewer have in common may be chance


@dataclass(frozen=True)
class _Wrong:
    """A record that was not read as it was written, the phase in which it was written, and the event that says so."""

    record: BadRead
    written: str
    event: Event[WorkloadReads]


def diagnose(case: Case) -> Diagnosis | None:
    """Whatever was read otherwise was written while a deployment or rollback went on, and nothing that was written
    while all replicas ran one release.
    """
    failing = [verdict for one in case.attempts for verdict in one.after.failing(*CHECKS)]
    if not failing:
        return None
    mixed = [one.start.phase for one in case.attempts]
    phases = dict.fromkeys(event.phase for event in case.events if event.phase)
    wrong = [one for phase in phases for one in _wrong(case, phase, mixed)]
    keys = {one.record.key for one in wrong}
    if len(keys) < LEAST or any(one.written not in mixed for one in wrong):
        return None
    example = wrong[0].record
    written = names([f"the phase {one.written}" for one in wrong])
    return Diagnosis(
        f"while {case.old} and {case.new} both run, {_what(case)} is done otherwise than it was asked for: {len(keys)}"
        f" records are not read as they were written, all of them written in {written}, and none while all replicas"
        f" ran one release; e.g. {example.key} gave {example.got} for {example.expected}",
        QUEUE,
        ids([one.event for one in wrong]),
        "what one release leaves for the other one to do: jobs queued by the other release, messages, sessions; whether"
        " both of them read the same out of it",
        ids(failing),
        certainty=2,
    )


def _what(case: Case) -> str:
    return "a job queued by the other release" if any(of(case.events, ProbeQueue)) else "work for the other release"


def _wrong(case: Case, phase: str, mixed: Collection[str | None]) -> Iterator[_Wrong]:
    """What was read otherwise in a phase. An event that lists only the first of many, in the order in which they were
    written, cannot say that all were written while both releases ran: of it only what speaks against that counts.
    """
    for event in (*of_subject(case.events, phase, every=False), *of_subject(case.events, phase, every=True)):
        bad = [one for one in event.body.bad if one.verdict == "wrong"]
        for one in bad:
            written = written_in(case.events, one.written)
            if len(bad) == event.body.wrong or written not in mixed:
                yield _Wrong(one, written, event)
