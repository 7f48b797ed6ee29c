"""Runs of the gate, as a checklist takes them: their history, what they ran on, and why one does not count."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.checklist.document import SKEW, ImageRef, RunRef, State
from harness.errors import HarnessError, UsageError
from harness.events import FingerprintTaken, ReplicaReplace, RunEnd
from harness.fingerprint import Fingerprint
from harness.history import EVENTS, Event, of, read
from harness.plan.inputs import count, differing, file_digest
from harness.report import Report
from harness.samples import read as read_samples

MAX_HISTORY = 2 << 30  # bytes


@dataclass(frozen=True)
class GateRun:
    """A saved run.

    Attributes:
        path: of its history.
        report: what it found.
        sha256: of the history's file.
        missing: what of its samples is missing or was changed, in words.
    """

    path: Path
    report: Report
    sha256: str
    missing: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The run's own."""
        return self.report.info.run or self.path.parent.name

    @property
    def ended(self) -> float:
        """Unix time of its last event."""
        return self.report.events[-1].time if self.report.events else 0.0

    def ref(self, beside: Path) -> RunRef:
        """What the document says of it, with the path from the document's directory."""
        return RunRef(
            name=self.name,
            path=os.path.relpath(self.path, beside),
            sha256=self.sha256,
            events=len(self.report.events),
            outcome=str(self.report.run.outcome),
            started=self.report.start,
            ended=self.ended,
        )


def load_run(path: Path) -> GateRun:
    """Read a run's directory, or its history.

    Raises:
        UsageError: it is not there, or too large.
        HistoryError: it is no history, damaged, newer, or was changed after the run had ended.
    """
    file = path / EVENTS if path.is_dir() else path
    if not file.is_file():
        raise UsageError(
            "There is no run here", where=str(file), got="no history", expected=f"a run's directory with {EVENTS}",
            hint="name the directory that `harness gate` printed as evidence, such as runs/latest",
        )  # fmt: skip
    file = file.resolve()  # runs/latest is another run tomorrow
    if file.stat().st_size > MAX_HISTORY:
        got, expected = f"{file.stat().st_size} bytes", f"{MAX_HISTORY} bytes or less"
        raise UsageError("The history is too large", where=str(file), got=got, expected=expected)
    before = file_digest(file)
    events = read(file)
    missing = tuple(read_samples(file.parent, events).problems())
    if file_digest(file) != before:
        raise HarnessError("The history changes while it is read", where=str(file), hint="wait for the run's end")
    return GateRun(file, Report.of(events), before, missing)


def of_release(run: GateRun, stack: str, old: str, new: str) -> None:
    """Raise UsageError where a run is not a gate of these releases of this stack."""
    info = run.report.info
    if (info.stack, info.from_, info.to) != (stack, old, new) or run.report.kind != "gate" or info.test:
        raise UsageError(
            "The run is not a gate of this release", where=str(run.path),
            got=f"{run.report.what} of {run.report.title}",
            expected=f"a gate of {stack}, {old} -> {new} -> {old}", hint="name another with --run, or gate it",
        )  # fmt: skip


def doubt(run: GateRun, files: Iterable[str], now: float, valid_for: float) -> str:
    """Why nothing that a run found counts, in a sentence; empty where it does.

    Args:
        files: what the stack is made of now (`harness.plan.inputs`).
        now: Unix time.
        valid_for: seconds for which a run counts.
    """
    ends = of(run.report.events, RunEnd)
    if not ends or ends[-1].id != len(run.report.events) - 1 or not ends[-1].body.sha256:
        return f"run {run.name} did not come to its end, or its history goes on after it"
    if run.missing:
        return f"run {run.name} lost evidence: {run.missing[0]}"
    recorded = tuple(str(line) for line in run.report.info.files)
    if not count(recorded):
        return f"run {run.name} did not record which files it ran on: gate it again"
    if changes := differing(recorded, files):
        return f"since run {run.name}, {changes}: gate it again"
    if run.ended > now + SKEW:
        return f"run {run.name} ended {duration(run.ended - now)} from now: a clock is wrong"
    if run.ended + valid_for <= now:
        return (
            f"run {run.name} ended {duration(now - run.ended)} ago, and counts for {duration(valid_for)}: gate it again"
        )
    return ""


def worst(states: Iterable[tuple[State, str]]) -> tuple[State, str]:
    """Of several, a failure before what is unknown, and that before what is open."""
    order = (State.FAILED, State.UNKNOWN, State.OPEN, State.LEFT_OUT, State.TICKED)
    return min(states, key=lambda one: order.index(one[0]))


def images(runs: Sequence[GateRun]) -> tuple[ImageRef, ...]:
    """Every image that a replica of these runs was made from, as the engine said: of fingerprints and replacements."""
    found: dict[tuple[str, str], dict[str, None]] = {}
    for run in runs:
        for service, image in _images(run.report.events):
            found.setdefault((service, image), {})[run.name] = None
    return tuple(ImageRef(service, image, tuple(names)) for (service, image), names in sorted(found.items()))


def _images(events: tuple[Event, ...]) -> Iterable[tuple[str, str]]:
    for taken in of(events, FingerprintTaken):
        for replica, parts in Fingerprint.of(taken.body).replicas.items():
            part = parts.get("image")
            for image in (part.items or {}).values() if part else ():
                yield replica.rpartition("-")[0], str(image)
    for replaced in of(events, ReplicaReplace):
        if replaced.body.image:
            yield replaced.body.replica.rpartition("-")[0], replaced.body.image


def duration(seconds: float) -> str:
    """A duration in the unit that says it shortly."""
    for unit, size in (("days", 86400.0), ("hours", 3600.0), ("minutes", 60.0)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"
