"""Taken back to a release, logs tell what they told before: the same kinds of records, at the same levels, as many."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from harness.checks._evidence import Findings, counted
from harness.checks._log_errors import same_log, stall
from harness.checks._log_kinds import FACTOR, MORE, OTHERS, more_often
from harness.checks._witness import WitnessedStalls
from harness.checks.logs import ExpectedLog
from harness.events import ProbeLog, WorkloadWindow
from harness.history import Event, of
from harness.verdict import Verdict

NAME = "log-mix"
STEADY = 0.5  # of a kind for each request: one that came so often came with the requests, and not with a cold cache
EXPECTED = 10.0  # records of a kind; fewer may stay away by chance
REMAINING = 0.1  # of what was expected; less is a kind that has gone
APPEARED, SHARE = 5, 0.05  # records of a level, and of all records: fewer are no change
MIN_REQUESTS = 20


def check(
    events: Iterable[Event], *, phase: str, logs: Collection[ExpectedLog] = (), baseline: str = "baseline"
) -> Verdict:
    """Each log of each replica, against itself in the baseline, which ran the same release: no kind of record that came
    with the requests has gone, no level has appeared, and it has no more than twice as many records for a request.

    Errors are not asked for here: the check `logs` does that.

    Args:
        events: the history (`probe.log`, `workload`, `witness`).
        phase: a phase under load on the release that the baseline ran.
        logs: every log that should have been watched.
        baseline: the phase before anything was deployed.
    """
    events = tuple(events)
    findings, witness = Findings(NAME), WitnessedStalls(events)
    findings.saw(*of(events, WorkloadWindow, baseline), *of(events, WorkloadWindow, phase))
    if not logs:
        findings.missing("no log was to be watched")
    judged, groups = 0, dict[tuple[str, str], list[tuple[ExpectedLog, _Mix, _Mix]]]()
    for log in logs:
        before, now = _of(events, baseline, log), _of(events, phase, log)
        if before is None or now is None:
            if not log.may_be_silent:
                unwatched = baseline if before is None else phase
                findings.missing(f"{log.path} on {log.replica} was not watched in {unwatched}")
        elif any(one.records and not one.levels for one in (before, now)):
            findings.missing(f"what {log.path} on {log.replica} holds was not told by kind")  # an older history
        else:
            findings.saw(*before.reports, *now.reports)
            judged += 1
            groups.setdefault(same_log(log.replica, log.path), []).append((log, before, now))
    for found in groups.values():
        _judge(findings, found, baseline, witness)
    return findings.verdict(
        f"{counted(judged, 'log')} of {len(logs)} hold what they held in {baseline}: kinds of records, levels, records "
        "for a request",
        look="what the release writes then and does not write now (log.tail), and the level that it is configured for",
        look_unknown="whether requests reached that replica in both phases",
    )


def _judge(
    findings: Findings, found: Sequence[tuple[ExpectedLog, _Mix, _Mix]], baseline: str, witness: WitnessedStalls
) -> None:
    """The same log on the replicas of a service: each by itself, and together where too few requests reached one."""
    service, path = same_log(found[0][0].replica, found[0][0].path)
    together = _Mix.of_all([before for _, before, _ in found]), _Mix.of_all([now for _, _, now in found])
    few = [log for log, before, now in found if min(before.requests, now.requests) < MIN_REQUESTS]
    pairs = [(f"{log.path} on {log.replica}", before, now) for log, before, now in found if log not in few]
    if few and min(one.requests for one in together) < MIN_REQUESTS:
        findings.missing(f"too few requests reached {service} to compare {path} with {baseline}")
    elif few:
        pairs.append((f"{path} on the replicas of {service}", *together))
    for where, before, now in pairs:
        excused = stall(witness, now.reports, 0.0)
        more = together[1].rate > MORE * together[0].rate  # else work went from one replica to another
        for said in (*_gone(before, now), *_appeared(before, now), *(_doubled(before, now) if more else ())):
            findings.timed(f"{where} {said}", excused, *now.reports)


@dataclass(frozen=True, slots=True)
class _Mix:
    """What one log held in a phase.

    Attributes:
        reports: of it.
        records, seconds, requests: how many records, in what time, and how many requests its replica answered.
        levels, kinds: shares of the records that were looked at.
    """

    reports: Sequence[Event[ProbeLog]]
    records: int
    seconds: float
    requests: int
    levels: Mapping[str, float]
    kinds: Mapping[str, float]

    @property
    def rate(self) -> float:
        """Records for a request."""
        return self.records / self.requests if self.requests else 0.0

    @classmethod
    def of_all(cls, found: Sequence[_Mix]) -> _Mix:
        """Of several replicas together."""
        reports = [event for one in found for event in one.reports]
        return cls(
            reports,
            sum(one.records for one in found),
            sum(one.seconds for one in found),
            sum(one.requests for one in found),
            _shares([event.body.levels for event in reports]),
            _shares([event.body.kinds for event in reports]),
        )


def _of(events: tuple[Event, ...], phase: str, log: ExpectedLog) -> _Mix | None:
    reports = [
        event
        for event in of(events, ProbeLog, phase)
        if (event.body.replica, event.body.path) == (log.replica, log.path) and event.body.state is not None
    ]
    if not reports:
        return None
    of_all = [event.body for event in of(events, WorkloadWindow)]
    windows = [event.body for event in of(events, WorkloadWindow, phase)]
    by = [one.served_by for one in windows]
    told = any(log.replica in one.served_by for one in of_all)  # a load balancer answers no request itself
    requests = sum(one.get(log.replica, 0) for one in by) if told else sum(one.ok for one in windows)
    seconds = sum(float(event.body.seconds) for event in reports)
    records = sum(event.body.records for event in reports)
    levels = _shares([event.body.levels for event in reports])
    return _Mix(reports, records, seconds, requests, levels, _shares([event.body.kinds for event in reports]))


def _shares(found: Sequence[Mapping[str, int]]) -> dict[str, float]:
    total = sum(sum(one.values()) for one in found)
    return {name: sum(one.get(name, 0) for one in found) / total for one in found for name in one} if total else {}


def _gone(before: _Mix, now: _Mix) -> list[str]:
    """Kinds that came with the requests, and do not any more."""
    said = []
    for name, share in before.kinds.items():
        was, present = share * before.records, now.kinds.get(name, 0.0) * now.records
        expected = was * now.requests / before.requests
        steady = name != OTHERS and was >= STEADY * before.requests and expected >= EXPECTED
        if steady and present < REMAINING * expected and OTHERS not in now.kinds:
            said.append(f"has {present:.0f} records of a kind that it had {was:.0f} times before: {name}")
    return said


def _appeared(before: _Mix, now: _Mix) -> list[str]:
    """Levels that it did not tell before."""
    said = []
    for name, share in now.levels.items():
        present = share * now.records
        known = name in before.levels or not name or name in ("error", "fatal")
        if not known and present >= APPEARED and share >= SHARE:
            kinds = sorted((kind for kind in now.kinds if kind not in before.kinds), key=lambda kind: -now.kinds[kind])
            example = f": {kinds[0]}" if kinds else ""
            said.append(f"has {present:.0f} records of the level {name}, which it did not have before{example}")
    return said


def _doubled(before: _Mix, now: _Mix) -> list[str]:
    """More than twice the records for a request, and in the same time: some do not come with requests."""
    by_request = more_often(now.records, now.requests, before.records, before.requests)
    if not by_request or not more_often(now.records, now.seconds, before.records, before.seconds):
        return []
    return [f"has {now.rate:.1f} records for a request, more than {FACTOR:g} times the {before.rate:.1f} before"]
