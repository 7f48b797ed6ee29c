"""Every declared log, on every replica, goes on being written, by the right release and without errors."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from harness.checks._evidence import Findings, counted, listed, of
from harness.history import Event
from harness.verdict import Verdict

NAME = "logs"


@dataclass(frozen=True, slots=True)
class ExpectedLog:
    """A log that a replica should write.

    Attributes:
        replica, path: which.
        max_silence: seconds that may pass without a record while traffic runs.
        carries_release: the records name the release that wrote them.
    """

    replica: str
    path: str
    max_silence: float
    carries_release: bool = True


def check(events: Iterable[Event], *, phase: str, release: str, logs: Collection[ExpectedLog]) -> Verdict:
    """Each log advanced in the phase, within its longest silence, with records of this release alone.

    A log that was silent fails only where traffic ran: where the workload knows who served its requests (`served_by`),
    traffic on that replica; else any answered request in the phase. Without it the verdict is unknown.

    Args:
        events: the history (`probe.log`, `workload`).
        phase: a phase that began after the cut-over; records of another release fail.
        release: what the records should carry.
        logs: every log that should have been watched.
    """
    events = tuple(events)
    findings = Findings(NAME)
    traffic = _Traffic(of(events, "workload", phase))
    if not logs:
        findings.missing("no log was to be watched")
    for log in logs:
        seen = [
            event
            for event in of(events, "probe.log", phase)
            if event.data.get("replica") == log.replica and event.data.get("path") == log.path
        ]
        findings.saw(*seen)
        if not seen:
            findings.missing(f"{log.path} on {log.replica} was not watched")
            continue
        for event in seen:
            _content(findings, log, event, release)
        _progress(findings, log, seen, traffic)
    return findings.verdict(
        f"{counted(len(logs), 'log')} advanced, with records of {release} and no errors",
        look="the logging configuration of that release, and which file the process has open (/proc/PID/fd)",
        look_unknown="whether that replica is up and gets requests, and the path in x-harness: logs",
    )


class _Traffic:
    """Did requests reach a replica? True, False, or None where nobody knows; with the events that say so."""

    def __init__(self, events: tuple[Event, ...]) -> None:
        self.events = events
        self._answered = sum(int(event.data.get("ok") or 0) for event in events)
        self._by: dict[str, int] = {}
        for event in events:
            for name, count in (event.data.get("served_by") or {}).items():
                self._by[name] = self._by.get(name, 0) + count

    def reached(self, replica: str) -> bool:
        return self._by.get(replica, 0) > 0 if self._by else self._answered > 0

    def words(self, replica: str) -> str:
        if self._by:
            return f"while it answered {counted(self._by.get(replica, 0), 'request')}"
        return f"while the workload had {counted(self._answered, 'request')} answered"


def _content(findings: Findings, log: ExpectedLog, event: Event, release: str) -> None:
    """What the records say: errors, damage, the release."""
    where, data = f"{log.path} on {log.replica}", event.data
    if data.get("errors"):
        first = next(iter(data.get("error_lines") or []), "")
        findings.fail(f"{where} has {counted(data['errors'], 'error line')}: {first[:160]}", event)
    if data.get("unparsed"):
        findings.fail(f"{where} has {counted(data['unparsed'], 'record')} that cannot be parsed", event)
    if not log.carries_release:
        return
    by_release = data.get("by_release") or {}
    for other in sorted(by_release):
        if other != release:
            said = f"of {other}" if other else "that name no release"
            findings.fail(
                f"{where} has {counted(by_release[other], 'record')} {said}, where {release} should write", event
            )


def _progress(findings: Findings, log: ExpectedLog, seen: list[Event], traffic: _Traffic) -> None:
    """Whether it was written at all, and often enough."""
    where, data = f"{log.path} on {log.replica}", seen[-1].data
    state = data.get("state")
    records = sum(int(event.data.get("records") or 0) for event in seen)
    silence = max(float(event.data.get("silence") or 0.0) for event in seen)
    watched = sum(float(event.data.get("seconds") or 0.0) for event in seen)
    broken = {
        "missing": f"{where} is missing",
        "deleted": f"{where} was deleted",
        "replaced": f"{where} was replaced by another file, and nothing was written to that one",
        "truncated": f"{where} was truncated, and nothing was written since",
    }
    if state not in ("ok", *broken):
        findings.missing(f"{where} could not be read: {data.get('error') or 'no reason given'}")
    elif state in ("missing", "deleted"):
        findings.fail(broken[state], seen[-1])
    elif not traffic.reached(log.replica):
        findings.missing(f"no request is known to have reached {log.replica}, so {where} had nothing to say")
    elif records == 0 and watched < log.max_silence:
        findings.missing(
            f"{where} was watched for {watched:.1f} s, less than its longest silence, {log.max_silence:g} s"
        )
    elif records == 0:
        findings.saw(*traffic.events)
        silent = f"{where} is silent: no record in {watched:.1f} s {traffic.words(log.replica)}"
        findings.fail(broken.get(str(state), silent), *seen, *traffic.events)
    elif silence > log.max_silence:
        since = f" ({state})" if state in broken else ""
        findings.fail(f"{where} was silent for {silence:.1f} s, longer than {log.max_silence:g} s{since}", *seen)
    elif data.get("error"):
        findings.missing(f"{where} could not be read whole: {data['error']}")
    else:
        findings.saw(*traffic.events)
        unread = [event.data["error"] for event in seen if event.data.get("error")]
        if unread:
            findings.missing(f"{where} could not be read whole: {listed(unread[:1])}")
