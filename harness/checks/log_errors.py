"""No replica logs one new error after the other while a release is deployed or taken back, nor does a log vanish.

The phases on both sides are held and judged. Between them some replicas run one release and some the other, on a schema
that may be the one or the other already: what fails only then is seen nowhere else.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from harness.checks import _log_words as words
from harness.checks._evidence import Findings, counted
from harness.checks._log_errors import said, same_log, stall
from harness.checks._log_kinds import Kind, KnownErrors, kinds_of
from harness.checks._witness import WitnessedStalls
from harness.checks.logs import ExpectedLog
from harness.events import ProbeLog, ReplicaReplace
from harness.events.log import Loss
from harness.history import Event, of
from harness.verdict import Verdict

NAME = "log-errors"
FEW = 3  # records of one log: a process that is ended, and one that starts before its neighbours, may log so many


def check(
    events: Iterable[Event],
    *,
    phase: str,
    logs: Collection[ExpectedLog] = (),
    baseline: str = "baseline",
    few: int = FEW,
) -> Verdict:
    """No log got more than `few` errors of kinds that the same log of no replica of the service had in the baseline.

    Nor was one emptied without a copy: what led to the rollback has to be read afterwards.

    Args:
        events: the history (`probe.log`, `witness`).
        phase: in which something was deployed or taken back.
        logs: every log that should have been watched.
        baseline: the phase whose kinds of errors are known.
        few: errors of new kinds in one log that prove nothing.
    """
    events = tuple(events)
    findings, witness = Findings(NAME), WitnessedStalls(events)
    before = _by_log(of(events, ProbeLog, baseline), service=True)
    now = _by_log(of(events, ProbeLog, phase), service=False)
    replaced = {event.body.replica for event in of(events, ReplicaReplace, phase)}
    some = ended = 0
    if not logs:
        findings.missing("no log was to be watched")
    for log in logs:
        where = f"{log.path} on {log.replica}"
        seen, known = now.get((log.replica, log.path), []), before.get(same_log(log.replica, log.path), [])
        findings.saw(*seen, *known)
        if not seen or not known:
            findings.missing(f"{where} was not watched in {phase if not seen else baseline}")
            continue
        if gone := [(event, loss) for event in seen for loss in event.body.losses if loss.gone]:
            findings.fail(f"{where} {_emptied([loss for _, loss in gone])}", *(event for event, _ in gone))
        new = _new(seen, known)
        count = sum(kind.count for kind in new)
        if count > few:
            _tell(findings, where, seen, new, baseline, witness)
        else:
            some += count
            went = log.replica in replaced or _with_its_container(seen)
            ended += went
            _whole(findings, where, seen, went=went, may_be_silent=log.may_be_silent)
    noted = f", but for {counted(some, 'record')}, which may come of ending and starting" if some else ""
    if ended:
        noted += f"; what {counted(ended, 'log')} of containers that were replaced got last is not known"
    return findings.verdict(
        f"{counted(len(logs), 'log')} got no errors of kinds that {baseline} did not have{noted}",
        look="what the replicas were asked for while schema, data and code did not fit each other: the order of steps",
        look_unknown="whether that replica is up, and the path in x-harness: logs",
    )


def _by_log(events: Sequence[Event[ProbeLog]], *, service: bool) -> dict[tuple[str, str], list[Event[ProbeLog]]]:
    """The reports of each log; with `service` those of the same log on all replicas of a service together."""
    found: dict[tuple[str, str], list[Event[ProbeLog]]] = {}
    for event in events:
        key = (event.body.replica, event.body.path)
        found.setdefault(same_log(*key) if service else key, []).append(event)
    return found


def _new(seen: Sequence[Event[ProbeLog]], known: Sequence[Event[ProbeLog]]) -> list[Kind]:
    """The kinds of errors that the baseline did not have, the most frequent first."""
    usual = KnownErrors(known, len({event.body.replica for event in known}))
    new = [kind for name, kind in kinds_of(seen).items() if usual.family(name) is None]
    return sorted(new, key=lambda kind: -kind.count)


def _tell(
    findings: Findings, where: str, seen: Sequence[Event[ProbeLog]], new: Sequence[Kind], baseline: str,
    witness: WitnessedStalls,
) -> None:  # fmt: skip
    told = [event for event in seen if event.body.errors]
    count, kinds = sum(kind.count for kind in new), counted(len(new), "kind")
    sentence = f"{where} got {counted(count, 'error line')} of {kinds} that {baseline} did not have, e.g."
    findings.timed(f"{sentence} {new[0].count} x {said(new[0].example)}", stall(witness, told, 0.0), *told)


def _emptied(losses: Sequence[Loss]) -> str:
    size = sum(loss.offset or 0 for loss in losses)
    return f"was emptied: {counted(size, 'byte')} of records are gone, and there is no copy of them"


def _with_its_container(seen: Sequence[Event[ProbeLog]]) -> bool:
    """Whether the log went with its container, in whose place another one was put: that is how some deploy. Where the
    harness itself replaced it, `replica.replace` says so, also where the reader saw only another file.
    """
    return any(change.what == "new container" for event in seen for change in event.body.changes)


def _whole(findings: Findings, where: str, seen: Sequence[Event[ProbeLog]], *, went: bool, may_be_silent: bool) -> None:
    """Whether all of it could be read: whatever is missing may have told of errors. The end of a log that went with its
    container cannot be had; the pass says so.
    """
    for event in seen:
        lost = [] if went else words.lost(event.body)
        unread = [*([event.body.error] if event.body.error else []), *lost]
        if event.body.state is None or (event.body.state == "missing" and not may_be_silent):
            unread.append(f"its state is {event.body.state or 'not known'}")
        if unread:
            findings.missing(f"{where} could not be read completely: {unread[0]}")
