"""What a log says of errors, judged: each kind against the baseline, where there is one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence

from harness.checks._canaries import ALONE
from harness.checks._evidence import Findings, counted, listed
from harness.checks._log_kinds import MORE, KnownErrors, kinds_of, more_often
from harness.checks._witness import WitnessedStalls
from harness.events import ProbeLog
from harness.history import Event, of

LONGEST = 480  # characters of an example: its first line, and the last one of its exception
MAX_STYLES = 3


class LogErrors:
    """The errors in the logs of a phase.

    Args:
        events: the history.
        phase, baseline: see `logs.check`.
    """

    def __init__(self, events: Iterable[Event], phase: str, baseline: str | None) -> None:
        self._phase, self._baseline = phase, baseline
        events = tuple(events)
        self._reports = of(events, ProbeLog, phase)
        self._before: dict[tuple[str, str], list[Event[ProbeLog]]] = {}
        for event in of(events, ProbeLog, baseline) if baseline is not None and baseline != phase else ():
            self._before.setdefault(same_log(event.body.replica, event.body.path), []).append(event)
        self._known: list[str] = []

    def judge(
        self, findings: Findings, replica: str, path: str, seen: Sequence[Event[ProbeLog]], witness: WitnessedStalls
    ) -> None:
        """Every kind of error of one log."""
        where, told = f"{path} on {replica}", [event for event in seen if event.body.errors]
        if not told:
            return
        if self._baseline == self._phase:
            self._note(where, told)
            return
        reports = self._before.get(same_log(replica, path), [])
        findings.saw(*reports)
        known = KnownErrors(reports, len({event.body.replica for event in reports}))
        exposed = sum(float(event.body.seconds) for event in seen)
        excused = stall(witness, told, 0.0)
        families: dict[frozenset[str], int] = {}
        for name, kind in kinds_of(told).items():
            example = said(kind.example)
            family = known.family(name)
            if not reports:
                findings.timed(f"{where} has {counted(kind.count, 'error line')}: {example}", excused, *told)
            elif family is None:
                what = f"{counted(kind.count, 'error line')} of a kind that {self._baseline} did not have"
                findings.timed(f"{where} has {what}: {example}", excused, *told)
            else:
                key = frozenset(family)
                families[key] = families.get(key, 0) + kind.count
                before = known.count(family)
                often = more_often(families[key], exposed, before, known.seconds)
                if often and self._more_in_all(replica, path, known, family):
                    what = f"{counted(families[key], 'error line')} in {exposed:.1f} s, and {self._baseline} had "
                    what += f"{before} of this kind in {known.seconds:.1f} s on {counted(known.replicas, 'replica')}"
                    findings.timed(f"{where} has {what}: {example}", excused, *told)
                else:
                    self._known.append(f"{counted(kind.count, 'error line')} on {replica} as in {self._baseline}")

    def _more_in_all(self, replica: str, path: str, known: KnownErrors, family: set[str]) -> bool:
        """Whether the replicas together have these more often than they had."""
        reports = [one for one in self._reports if same_log(one.body.replica, one.body.path) == same_log(replica, path)]
        now = sum(kind.count for name, kind in kinds_of(reports).items() if known.family(name) == family)
        seconds = sum(float(one.body.seconds) for one in reports)
        return more_often(now, seconds, known.count(family), known.seconds, MORE)

    @property
    def good(self) -> str:
        """What a pass says of errors."""
        if not self._known:
            return f"no errors{self._styles()}"
        more = len(self._known) - 2
        shown = [*self._known[:2], *([f"{more} more"] if more > 0 else [])]
        return f"no other errors than {listed(shown)}{self._styles()}"

    def _note(self, where: str, told: Sequence[Event[ProbeLog]]) -> None:
        for kind in kinds_of(told).values():
            self._known.append(f"{counted(kind.count, 'error line')} that {where} has before anything was deployed "
                               f"({said(kind.example)})")  # fmt: skip

    def _styles(self) -> str:
        """By what the levels were told; a log in which no line tells one is named."""
        styles = Counter[str]()
        for event in self._reports:
            styles.update(event.body.styles)
        silent = sorted({event.body.path for event in self._reports if event.body.levels and not event.body.styles})
        most = [name for name, _ in styles.most_common(MAX_STYLES)]
        words = [f"levels told by {listed(most)}"] if most else []
        if silent:
            words.append(f"no line of {listed(silent)} tells a level in a form that is known")
        return f" ({'; '.join(words)})" if words else ""


def stall(witness: WitnessedStalls, seen: Collection[Event[ProbeLog]], judged: float, allowed: float = 0.0) -> str:
    """What explains that a log was silent or late for so many seconds, in words; empty where nothing does."""
    begin = min(event.since_start - event.body.seconds for event in seen)
    end = max(event.since_start for event in seen)
    return witness.explains(begin, end, judged, allowed, chain=ALONE)


def said(example: str) -> str:
    """An error in one line: what it begins with, and the last line of its exception."""
    lines = [line.strip() for line in example.splitlines() if line.strip()]
    if len(lines) > 1:
        example = f"{lines[0][:160]} ... {lines[-1]}"
    if len(example) <= LONGEST:
        return example.strip()
    head = LONGEST // 3
    return f"{example[:head]} ... {example[head - LONGEST :]}"


def same_log(replica: str, path: str) -> tuple[str, str]:
    """The same log on all replicas of a service."""
    service, _, number = replica.rpartition("-")
    return (service if number.isdigit() else replica, path)
