"""What changed since an earlier run: new failures first, then what is slower, and what was looked at less."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from harness import reading
from harness.checks._since import compared
from harness.errors import HistoryError, UsageError
from harness.events import DeployerEnd, ProbeLog, ProbeRelease, ProbeReplica, WorkloadWindow
from harness.history import EVENTS, of, read
from harness.report.changes import Since
from harness.report.model import WORDS, Judged, Report
from harness.samples import Samples
from harness.samples import read as read_samples
from harness.verdict import Outcome

FEWER = 0.9  # of the requests of then: fewer are less evidence
Key = tuple[str, str]  # phase, check


@dataclass(frozen=True)
class Earlier:
    """An earlier run, to compare with."""

    name: str
    report: Report
    samples: Samples


def earlier(path: Path) -> Earlier:
    """Read it.

    Args:
        path: its directory, or its `events.jsonl`.

    Raises:
        UsageError: there is none. HistoryError: it is damaged, none of ours, or from a newer version.
    """
    file = path / EVENTS if path.is_dir() else path
    hint = "name the directory of a run, e.g. runs/latest, or its events.jsonl"
    try:
        os.close(reading.opened(file))
    except FileNotFoundError:
        raise UsageError("There is no such earlier run", where=f"--since {path}", got=f"no {file}", hint=hint) from None
    except (OSError, ValueError) as error:
        raise reading.unreadable(error, "The earlier run", where=f"--since {path}") from None
    events = read(file)
    if not events:
        raise HistoryError("The earlier run has no events", where=str(file), got="an empty file", hint=hint)
    return Earlier(str(path), Report.of(events), read_samples(file.parent, events))


def since(then: Earlier, now: Report, samples: Samples) -> Report:
    """The report with what changed since an earlier run."""
    old, new = _verdicts(then.report), _verdicts(now)
    slower, untold = _performance(then, now, samples)
    found = (
        ("Other than then", tuple(_others(then.report, now))),
        ("New failures", tuple(_failures(old, new))),
        ("Failures that are gone", tuple(_gone(old, new))),
        ("Slower", slower),
        ("Less evidence", (*_unmeasured(old, new), *_unseen(then.report, now), *_fewer(then.report, now))),
        ("Not compared", untold),
    )
    groups = tuple((title, lines) for title, lines in found if lines)
    counts = ", ".join(f"{title.lower()}: {len(lines)}" for title, lines in groups)
    nothing = "no check came to something else, and nothing was slower or looked at less"
    return replace(now, since=Since(then.name, counts or nothing, groups))


def _verdicts(report: Report) -> Mapping[Key, Judged]:
    return {(one.phase, one.verdict.check): one for one in report.judged}


def _named(key: Key) -> str:
    return f"{key[1]} ({key[0]})"


def _word(found: Judged | None) -> str:
    return "not judged" if found is None else WORDS[found.verdict.outcome].lower()


def _others(then: Report, now: Report) -> Iterator[str]:
    pairs = (
        ("stack", then.info.stack, now.info.stack),
        ("file", then.info.file, now.info.file),
        ("from", then.info.from_, now.info.from_),
        ("to", then.info.to, now.info.to),
        ("command", " ".join(then.info.command), " ".join(now.info.command)),
        ("harness", then.info.harness, now.info.harness),
        ("cores", str(then.info.machine.get("cores", "")), str(now.info.machine.get("cores", ""))),
    )
    yield from (
        f"{name}: {old or 'not known'} then, {new or 'not known'} now" for name, old, new in pairs if old != new
    )
    if not then.ended:
        yield "the earlier run did not come to its end: what it had not judged by then is not known"


def _failures(old: Mapping[Key, Judged], new: Mapping[Key, Judged]) -> Iterator[str]:
    for key, one in new.items():
        before = old.get(key)
        if one.verdict.outcome is Outcome.FAIL and (before is None or before.verdict.outcome is not Outcome.FAIL):
            yield f"{_named(key)}: {_word(before)} then: {one.verdict.reason}"


def _gone(old: Mapping[Key, Judged], new: Mapping[Key, Judged]) -> Iterator[str]:
    """Only what passes now is gone: what was not judged may still be there."""
    for key, one in old.items():
        after = new.get(key)
        if one.verdict.outcome is Outcome.FAIL and after is not None and after.verdict.outcome is Outcome.PASS:
            yield f"{_named(key)}: then: {one.verdict.reason}"


def _unmeasured(old: Mapping[Key, Judged], new: Mapping[Key, Judged]) -> Iterator[str]:
    """What was told then, and is not now."""
    for key, one in old.items():
        after = new.get(key)
        if one.verdict.outcome is not Outcome.UNKNOWN and (after is None or after.verdict.outcome is Outcome.UNKNOWN):
            why = f": {after.verdict.reason}" if after is not None else ""
            yield f"{_named(key)}: {_word(one)} then, {_word(after)} now{why}"


def _seen(report: Report) -> dict[str, None]:
    """What was looked at: replicas and logs, in words."""
    replicas = [one.body.replica for kind in (ProbeRelease, ProbeReplica) for one in of(report.events, kind)]
    logs = [f"{one.body.path} on {one.body.replica}" for one in of(report.events, ProbeLog)]
    return dict.fromkeys([*(f"replica {name}" for name in replicas), *(f"log {name}" for name in logs)])


def _unseen(then: Report, now: Report) -> Iterator[str]:
    seen = _seen(now)
    yield from (f"{name} was looked at then, and is not now" for name in _seen(then) if name not in seen)


def _requests(report: Report) -> dict[str, int]:
    """How many requests were sent in each phase."""
    found: dict[str, int] = {}
    for event in of(report.events, WorkloadWindow):
        if event.arm != "control" and event.phase:
            found[event.phase] = found.get(event.phase, 0) + event.body.sent
    return found


def _fewer(then: Report, now: Report) -> Iterator[str]:
    """Where a phase lasts as long as the deployer takes, a faster one is no less evidence."""
    sent = _requests(now)
    open_ended = {event.phase for event in (*of(then.events, DeployerEnd), *of(now.events, DeployerEnd))}
    for phase, before in _requests(then).items():
        if phase in sent and phase not in open_ended and sent[phase] < FEWER * before:
            yield f"{phase}: {sent[phase]} requests, {before} then"


def _phases(then: Report, now: Report) -> Sequence[str]:
    """Those that both runs measured a load in; the baseline first."""
    sent = _requests(now)
    return sorted((phase for phase in _requests(then) if phase in sent), key=lambda phase: phase != "baseline")


def _performance(then: Earlier, now: Report, samples: Samples) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What is slower, phase by phase, and why a phase cannot be compared finely. Where the baseline was slower as well,
    with nothing deployed, it may be the machine, and is said to be.
    """
    slower, why, machine = list[str](), dict[str, list[str]](), ""
    for phase in _phases(then.report, now):
        found = compared((then.report.events, then.samples), (now.events, samples), phase)
        if found is None:
            continue
        slower += [f"{phase}: {one}{machine}" for one in found.slower]
        if found.untold:
            why.setdefault(found.untold, []).append(phase)
        if phase == "baseline" and found.slower:
            machine = "; the baseline was slower as well, so this may be the machine or its load"
    return tuple(slower), tuple(f"performance in {', '.join(phases)}: {reason}" for reason, phases in why.items())
