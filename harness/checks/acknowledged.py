"""Nothing that was acknowledged is lost, and nothing happens twice."""

from __future__ import annotations

from collections.abc import Iterable

from harness.checks._acknowledged import asked_for, promised, some
from harness.checks._evidence import Findings, counted, last
from harness.checks._witness import WitnessedStalls
from harness.events import ProbeReadback, WorkloadStart
from harness.history import Event, of
from harness.samples import NO_SAMPLES, Samples
from harness.verdict import Verdict

NAME = "acknowledged"
LATELY = 5.0  # s; for histories of 0.1, which do not say from when on acknowledged work may be on its way


def check(events: Iterable[Event], *, phase: str, samples: Samples = NO_SAMPLES) -> Verdict:
    """Every piece of work whose request got a good answer before the phase was read back is there once, at the last
    readback.

    A request that got none, because it timed out or the connection broke, may have been done or not: none was
    promised anything, so its absence is no loss. Done twice it is wrong even so.

    Args:
        events: the history (`probe.readback`, `workload.start`, `witness`).
        samples: of the workload, with what its answers promised, and what was read back.
        phase: in which was read back.
    """
    events = tuple(events)
    findings = Findings(NAME)
    asked = last(events, ProbeReadback, phase)
    findings.saw(asked)
    good = ""
    if asked is None:
        findings.missing("the acknowledged work was not read back")
    elif asked.body.error:
        findings.missing(f"the acknowledged work could not be read back: {asked.body.error}")
    elif asked.body.before is None:
        findings.missing("the load generator did not tell in time which work was acknowledged")
    elif asked.id not in samples.readbacks:
        lost = "what was read back is not there: its file is missing, or was never written"
        findings.missing(samples.unread.get(asked.id) or lost)
    else:
        good = _compare(findings, events, samples, asked)
    return findings.verdict(
        good,
        look="where that work was when the deployment or rollback came: in a queue, a worker's hands, a cache",
        look_unknown="x-harness: workload: acknowledged and readback, and whether its command answers",
    )


def _compare(findings: Findings, events: tuple[Event, ...], samples: Samples, asked: Event[ProbeReadback]) -> str:
    starts = {event.id: event for event in of(events, WorkloadStart)}
    key = asked.body.key  # what was read back is of the workload with this key alone
    streams = [
        one for one in samples.streams if one.start in starts and one.arm == "subject" and (not key or one.key == key)
    ]
    broken = next((said for one in streams for said in (one.problem, one.promises_problem) if said), "")
    if broken:
        findings.missing(broken)
        return ""
    findings.saw(*(starts[one.start] for one in streams))
    there = samples.readbacks[asked.id]
    due, untold = list[str](), list[str]()
    before = asked.body.before
    if not isinstance(before, float):  # a history of 0.1
        before = asked.since_start - LATELY
    for one in streams:
        promised(one, before, due, untold)
    if untold:
        findings.missing(f"the samples do not say when {some(untold)} was acknowledged: their file is not whole")
    if not due:
        findings.missing("nothing was acknowledged before it was read back")
        return ""
    lost = [what for what in due if what not in there]
    ours = {what for one in streams for what in asked_for(one, there)}
    twice = [what for what in ours if there[what] > 1]
    if lost:
        # What is still on its way, because the machine stood still while it was waited for, is not lost.
        stall = WitnessedStalls(events).explains(before, asked.since_start, asked.since_start - before)
        verb = "is" if len(lost) == 1 else "are"
        findings.timed(
            f"{counted(len(lost), 'piece')} of {len(due)} acknowledged {verb} lost: {some(lost)}", stall, asked
        )
    if twice:
        said = [f"{what} ({there[what]} times)" for what in sorted(twice)]
        findings.fail(f"{counted(len(twice), 'piece')} of work happened more than once: {some(said)}", asked)
    more = len(ours - {what for one in streams for _, what in one.promises})
    also = f"; {more} more are there that were not promised, or not yet" if more else ""
    return f"all {len(due)} pieces of acknowledged work are there, once each{also}"
