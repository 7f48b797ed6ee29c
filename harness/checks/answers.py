"""The answers of the load are those of the release: they name it, and have none of the other release's marks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from harness.checks._evidence import Findings, listed
from harness.events import WorkloadWindow
from harness.history import Event, of
from harness.samples import FINAL, NO_SAMPLES, OK, Samples, Stream
from harness.verdict import Verdict

NAME = "answers"
ENOUGH = 20  # answers of a kind in a phase whose form is known; fewer tell nothing of what always holds
ALWAYS = 0.95  # of the new release's answers; what a deployment leaves under way may still be the old one's


def check(
    events: Iterable[Event],
    *,
    phase: str,
    samples: Samples = NO_SAMPLES,
    release: str = "",
    baseline: str = "baseline",
    deployed: str = "",
    named: bool = False,
) -> Verdict:
    """Every good answer of the phase names the release, and none has a mark of the other one.

    A mark of the new release is a name in the JSON of its answers that no answer of the baseline had and that nearly
    all of its own have; a mark of the old one is a name that all of the baseline's have and hardly any of the new
    release's. After a rollback no answer may have the former or lack the latter.

    Args:
        events: the history (`workload`).
        samples: of the workload, with what marked each answer.
        phase: after a deployment or rollback.
        release: that the answers should name.
        baseline, deployed: the phases of the old and of the new release; without `deployed` no marks are looked for.
        named: answers name their release, the stack declares (`workload.release`).
    """
    findings = Findings(NAME)
    found = _Answers.of(findings, events, samples, phase)
    said: list[str] = []
    if found and named:
        said.append(_named(findings, found, release))
    if found and deployed:
        old, new = (_Answers.of(findings, events, samples, name) for name in (baseline, deployed))
        if old and new:
            said.append(_marked(findings, old, new, found))
    return findings.verdict(
        "; ".join(filter(None, said)) or "nothing was to be told from the answers",
        look="who gave these answers: which replica, and which of its processes",
        look_unknown="whether answers name their release (x-harness: workload: release), and the load itself",
    )


@dataclass(frozen=True)
class _Answer:
    """How many good answers of one kind have the same marks."""

    kind: str
    server: str
    release: str
    form: frozenset[str] | None


@dataclass(frozen=True)
class _Answers:
    """The good answers of a phase."""

    counts: Mapping[_Answer, int]
    windows: tuple[Event[WorkloadWindow], ...]

    @classmethod
    def of(cls, findings: Findings, events: Iterable[Event], samples: Samples, phase: str) -> _Answers | None:
        """Those of a phase; None, and why, where they are not known."""
        windows = of(tuple(events), WorkloadWindow, phase)
        findings.saw(*windows)
        streams = {stream.start: stream for stream in samples.streams}
        counts: Counter[_Answer] = Counter()
        for window in windows:
            stream = streams.get(window.body.start or 0)
            if stream is None or stream.problem:
                why = stream.problem if stream is not None else "its samples are not there"
                findings.missing(f"the answers of the phase {phase} are not known: {why}")
                return None
            for answer, count in _counted(stream, window.body.first or 0, window.body.last or 0):
                counts[answer] += count
        if not counts:
            findings.missing(f"no good answer is known of the phase {phase}")
            return None
        return cls(counts, windows)

    def kinds(self) -> dict[str, dict[_Answer, int]]:
        """Those whose form is known, by kind."""
        found: dict[str, dict[_Answer, int]] = {}
        for answer, count in self.counts.items():
            if answer.form is not None:
                found.setdefault(answer.kind, {})[answer] = count
        return found


def _counted(stream: Stream, first: int, last: int) -> Iterator[tuple[_Answer, int]]:
    import numpy as np

    records = stream.records
    mine = records[
        (records["flags"] & FINAL != 0) & (records["flags"] & OK != 0) & (records["n"] >= first) & (records["n"] < last)
    ]
    # One number for each pair: telling pairs apart takes NumPy much longer.
    pairs, counts = np.unique(mine["request"].astype(np.int64) << 32 | mine["server"], return_counts=True)
    for pair, count in zip(pairs.tolist(), counts.tolist(), strict=True):
        kind, number = divmod(pair, 1 << 32)
        name = stream.requests[kind] if kind < len(stream.requests) else ""
        answer = _Answer(
            name, stream.servers.get(number, ""), stream.releases.get(number, ""), stream.forms.get(number)
        )
        yield answer, count


def _named(findings: Findings, found: _Answers, release: str) -> str:
    """Whether all answers name the release."""
    every = sum(found.counts.values())
    other = {answer: count for answer, count in found.counts.items() if answer.release not in ("", release)}
    silent = sum(count for answer, count in found.counts.items() if not answer.release)
    if other:
        names = Counter[str]()
        for answer, count in other.items():
            names[answer.release] += count
        mixed = "mixed answers: " if sum(other.values()) + silent < every else ""
        counts = listed(f"{count} of {every} name {name}" for name, count in names.most_common())
        findings.fail(f"{mixed}{counts}, not {release}{_by(other)}", *found.windows)
    elif silent:
        findings.missing(f"{silent} of {every} good answers name no release")
    return f"{every} answers name {release}"


def _marked(findings: Findings, old: _Answers, new: _Answers, now: _Answers) -> str:
    """Whether an answer has a mark of the new release."""
    before, after, seen = old.kinds(), new.kinds(), now.kinds()
    looked, marks = 0, 0
    for kind, answers in seen.items():
        was, became = before.get(kind, {}), after.get(kind, {})
        if min(sum(was.values()), sum(became.values())) < ENOUGH:
            continue
        looked += sum(answers.values())
        added, dropped = _marks(was, became)
        marks += len(added) + len(dropped)
        bad = {one: count for one, count in answers.items() if one.form and (one.form & added or dropped - one.form)}
        if not bad:
            continue
        which = sorted({name for one in bad for name in (one.form or frozenset()) & added}) or sorted(dropped)
        words = "have" if any((one.form or frozenset()) & added for one in bad) else "lack"
        kind_words = f" to {kind}" if len(seen) > 1 else ""
        count, every = sum(bad.values()), sum(answers.values())
        mixed = "mixed answers: " if count < every else ""
        findings.fail(
            f"{mixed}{count} of {every} answers{kind_words} {words} {listed(which[:3])}, as only those of the "
            f"release that was taken back do{_by(bad)}",
            *old.windows, *new.windows, *now.windows,
        )  # fmt: skip
    if not marks:
        return "nothing in the form of the answers tells the releases apart"
    return f"{looked} answers have no mark of the release that was taken back ({marks} would tell it)"


def _marks(was: Mapping[_Answer, int], became: Mapping[_Answer, int]) -> tuple[frozenset[str], frozenset[str]]:
    """The names that always, and only, the new release's answers have; and those of the old one's alone."""
    old, new = _shares(was), _shares(became)
    added = frozenset(name for name, share in new.items() if share >= ALWAYS and name not in old)
    dropped = frozenset(name for name, share in old.items() if share >= 1.0 and new.get(name, 0.0) <= 1.0 - ALWAYS)
    return added, dropped


def _shares(answers: Mapping[_Answer, int]) -> dict[str, float]:
    every = sum(answers.values())
    found = Counter[str]()
    for answer, count in answers.items():
        for name in answer.form or ():
            found[name] += count
    return {name: count / every for name, count in found.items()}


def _by(answers: Mapping[_Answer, int]) -> str:
    """Who gave them, where that is known."""
    servers = Counter[str]()
    for answer, count in answers.items():
        servers[answer.server] += count
    named = [(name, count) for name, count in servers.most_common() if name]
    return f" ({listed(f'{name} gave {count}' for name, count in named)})" if named else ""
