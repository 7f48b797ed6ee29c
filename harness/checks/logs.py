"""Every declared log, on every replica, goes on being written, by the right release and without errors."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from harness.checks import _canaries, _log_errors
from harness.checks import _log_words as words
from harness.checks._evidence import Findings, counted, listed
from harness.checks._witness import WitnessedStalls
from harness.events import LogRotate, ProbeLog, WorkloadWindow
from harness.history import Event, of
from harness.samples import Samples
from harness.verdict import Verdict

NAME = "logs"


@dataclass(frozen=True, slots=True)
class ExpectedLog:
    """A log that a replica should write.

    Attributes:
        replica, path: which.
        max_silence: seconds that may pass without a record while traffic runs.
        carries_release: the records name the release that wrote them.
        carries_time, carries_number: they carry a time, and a number that counts them.
        canary_within: seconds after its answer in which the record of a canary has to come; None for no canaries.
        may_be_silent: nothing has to come, and only what does come is judged.
    """

    replica: str
    path: str
    max_silence: float
    carries_release: bool = True
    carries_time: bool = False
    carries_number: bool = False
    canary_within: float | None = None
    may_be_silent: bool = False


def check(
    events: Iterable[Event],
    *,
    phase: str,
    release: str,
    logs: Collection[ExpectedLog] = (),
    baseline: str | None = None,
    samples: Samples | None = None,
) -> Verdict:
    """Each log advanced in the phase, within its longest silence, with records of this release alone.

    A log that was silent fails only where traffic ran: where the workload knows who served its requests (`served_by`),
    traffic on that replica; else any answered request in the phase. Without it the verdict is unknown. So it is where
    something of the log could not be read or was lost: whatever may have stood there. What is silent or late while the
    machine stands still proves nothing.

    Args:
        events: the history (`probe.log`, `workload`, `witness`).
        phase: a phase that began after the cut-over; records of another release fail.
        release: what the records should carry.
        logs: every log that should have been watched.
        baseline: the phase whose errors are known: those of a kind that it had, about as often, are no finding, and its
            own are not. Left out, every error is one.
        samples: of the workload, where canaries are declared.
    """
    events = tuple(events)
    findings = Findings(NAME)
    traffic, witness = _Traffic(of(events, WorkloadWindow, phase)), WitnessedStalls(events)
    watched: dict[tuple[str, str], list[Event[ProbeLog]]] = {}
    for event in of(events, ProbeLog, phase):
        watched.setdefault((event.body.replica, event.body.path), []).append(event)
    found_errors = _log_errors.LogErrors(events, phase, baseline)
    if not logs:
        findings.missing("no log was to be watched")
    for log in logs:
        seen = watched.get((log.replica, log.path), [])
        findings.saw(*seen)
        if not seen:
            findings.missing(f"{log.path} on {log.replica} was not watched")
            continue
        for event in seen:
            _content(findings, log, event, release)
            _in_time(findings, log, event, witness)
        found_errors.judge(findings, log.replica, log.path, seen, witness)
        _progress(findings, log, seen, traffic, witness)
    for turned in of(events, LogRotate, phase):
        findings.saw(turned)
        if turned.body.error:
            where = f"{turned.body.path} on {turned.body.replica}"
            findings.missing(f"{where} could not be rotated: {turned.body.error}")
    _canaries.judge(findings, logs, watched, samples, witness)
    advanced = f"{counted(len(logs), 'log')} advanced, {_records(events, phase, release)}"
    return findings.verdict(
        f"{advanced} and {found_errors.good}{_noted(events, phase)}",
        look="the logging configuration of that release, and which file the process has open (/proc/PID/fd)",
        look_unknown="whether that replica is up and gets requests, and the path in x-harness: logs",
    )


class _Traffic:
    """Did requests reach a replica? True, False, or None where that is unknown; with the events that say so."""

    def __init__(self, events: tuple[Event[WorkloadWindow], ...]) -> None:
        self.events = events
        self._answered = sum(event.body.ok for event in events)
        self._by: dict[str, int] = {}
        for event in events:
            for name, count in event.body.served_by.items():
                self._by[name] = self._by.get(name, 0) + count

    def reached(self, replica: str) -> bool:
        return self._by.get(replica, 0) > 0 if self._by else self._answered > 0

    def words(self, replica: str) -> str:
        if self._by:
            return f"while it answered {counted(self._by[replica], 'request')}"
        return f"while the workload had {counted(self._answered, 'request')} answered"


def _content(findings: Findings, log: ExpectedLog, event: Event[ProbeLog], release: str) -> None:
    """What the records say: damage, times, numbers, the release."""
    where, body = f"{log.path} on {log.replica}", event.body
    said: list[str] = [*words.damage(body)]
    if log.carries_time:
        said += words.times(body)
    if log.carries_number:
        said += words.numbers(body)
    if log.carries_release:
        by_release = body.by_release
        others = [name for name in sorted(by_release) if name != release]
        said += [words.other_release(event, name, by_release[name], release) for name in others]
    for one in said:
        findings.fail(f"{where} {one}", event)


def _in_time(findings: Findings, log: ExpectedLog, event: Event[ProbeLog], witness: WitnessedStalls) -> None:
    """What may come of a machine that stands still: records that come late."""
    where, body = f"{log.path} on {log.replica}", event.body
    if log.carries_time:
        for found, judged in ((words.late(body), body.times.lag), (words.backward(body), body.times.step)):
            for one in found:
                findings.timed(f"{where} {one}", _log_errors.stall(witness, [event], judged), event)


def _progress(
    findings: Findings, log: ExpectedLog, seen: list[Event[ProbeLog]], traffic: _Traffic, witness: WitnessedStalls
) -> None:
    """Whether it was written at all, and often enough."""
    where, body = f"{log.path} on {log.replica}", seen[-1].body
    state = body.state
    records = sum(words.own(event.body) for event in seen)
    silence = max(event.body.silence for event in seen)
    watched = sum(event.body.seconds for event in seen)
    if state not in ("ok", "missing", "deleted", "replaced", "truncated"):
        findings.missing(f"{where} could not be read: {body.error or 'no reason given'}")
    elif state == "missing" and not log.may_be_silent:
        findings.fail(f"{where} is missing", seen[-1])
    elif state == "deleted":
        why = [*words.writers(body), words.became(body) or "was deleted"]
        findings.fail(f"{where} {_joined(why[::-1])}", seen[-1])
    elif words.mounted(body):
        findings.fail(f"{where} {words.mounted(body)}", seen[-1])
    elif stray := _stray(body, seen[-1].time, log.max_silence, records):
        findings.fail(f"{stray}, and {where} got {counted(records, 'record')}", *seen)
    elif log.may_be_silent and (silence > log.max_silence or not records):
        _whole(findings, where, seen, log.max_silence, witness)
    elif not traffic.reached(log.replica):
        findings.missing(f"no request is known to have reached {log.replica}, so {where} had nothing to say")
    elif records == 0 and watched < log.max_silence:
        findings.missing(
            f"{where} was watched for {watched:.1f} s, less than its longest silence, {log.max_silence:g} s"
        )
    elif records == 0:
        findings.saw(*traffic.events)
        stall = _log_errors.stall(witness, seen, watched, log.max_silence)
        findings.timed(_silent(where, seen, watched, traffic.words(log.replica)), stall, *seen, *traffic.events)
    elif silence > log.max_silence:
        said = f"{where} was silent for {silence:.1f} s, longer than {log.max_silence:g} s"
        findings.timed(
            said + _aside(words.silent(body)), _log_errors.stall(witness, seen, silence, log.max_silence), *seen
        )
    else:
        findings.saw(*traffic.events)
        _whole(findings, where, seen, log.max_silence, witness)


def _whole(
    findings: Findings, where: str, seen: list[Event[ProbeLog]], max_silence: float, witness: WitnessedStalls
) -> None:
    """Whether all of it could be read."""
    unread = [str(event.body.error) for event in seen if event.body.error]
    unread += [said for event in seen for said in words.lost(event.body)]
    if unread:
        findings.missing(f"{where} could not be read completely: {listed(unread[:1])}")
    half = seen[-1].body.partial
    if half and (lasting := seen[-1].time - half.since) > max_silence:
        said = f"{where} stalled within a record: {words.half_line(seen[-1].body)}"
        findings.timed(said, _log_errors.stall(witness, seen, lasting, max_silence), seen[-1])


def _stray(body: ProbeLog, now: float, max_silence: float, records: int) -> str:
    """Somebody writes to a file that the path does not name, and not just because the rotation was a moment ago."""
    for one, said in zip(body.writers, words.writers(body), strict=True):
        lasting = one.since is None or now - one.since > max_silence or not records
        if one.grew and lasting:
            return said
    return ""


def _silent(where: str, seen: list[Event[ProbeLog]], watched: float, traffic: str) -> str:
    body = seen[-1].body
    state, why = body.state, words.silent(body)
    became = words.became(body)
    if became and state == "replaced":
        return f"{where} {became}, and nothing was written to that one{_aside(why, became)}"
    if became and state == "truncated":
        return f"{where} {became}, and nothing was written since{_aside(why, became)}"
    return f"{where} is silent: no record in {watched:.1f} s {traffic}{_aside(why)}"


def explained(body: ProbeLog) -> str:
    """What explains that a log was silent, in brackets, as `probe.log` tells it; empty where nothing does."""
    return _aside(words.silent(body))


def _aside(why: list[str], but: str = "") -> str:
    others = [one for one in why if one != but]
    return f" ({_joined(others)})" if others else ""


def _joined(said: list[str]) -> str:
    return "; ".join(said)


def _records(events: Iterable[Event], phase: str, release: str) -> str:
    """What was looked at: records of a release are claimed where records tell theirs."""
    told = {name for event in of(events, ProbeLog, phase) for name, count in event.body.by_release.items() if count}
    if release in told:
        some = " or of no release that they tell" if "" in told else ""
        return f"with records of {release}{some}"
    return "with records that do not tell their release"


def _noted(events: tuple[Event, ...], phase: str) -> str:
    """What a pass should not hide."""
    hole = words.holes(of(events, ProbeLog, phase))
    return f" ({hole})" if hole else ""
