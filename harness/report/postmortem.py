"""A draft of a post-mortem in Markdown, in the form in which the outage of 2012 was reported: a summary, the cause as
far as it is known, the timeline with clock times, what failed and what to do next.

It says what the history establishes, with the numbers of the events that show it, and leaves the rest to people.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from harness.events import (
    ContainerChange,
    DeployerEnd,
    DeployerLine,
    DeployerStart,
    FaultHeal,
    FaultInject,
    IncidentLink,
    ProbeLog,
    ProbeQueue,
    ReplicaReplace,
    RunError,
    VerdictGiven,
    WorkloadWindow,
)
from harness.history import Event, of
from harness.report import attribution
from harness.report._files import write
from harness.report.markdown import code, plain
from harness.report.model import Judged, Report, events_named
from harness.report.reproduce import commands
from harness.samples import Samples
from harness.verdict import Outcome

FILE, ORDER = "postmortem.md", 20
MAX_ENTRIES = 80  # lines of the timeline


def make(report: Report, directory: Path, samples: Samples) -> list[str]:  # noqa: ARG001
    """Write the draft where it is wanted."""
    if not wanted(report):
        return []
    save(report, directory / FILE)
    return [FILE]


def wanted(report: Report) -> bool:
    """For a run that did not pass, and for an outage that was replayed."""
    return report.run.outcome is not Outcome.PASS or bool(of(report.events, IncidentLink))


def save(report: Report, path: Path) -> Path:
    """Write the draft."""
    return write(path, render(report))


def render(report: Report) -> str:
    """The document."""
    parts = [f"# Post-mortem: {plain(report.title)}", "", "*A draft, made from the history of the run.*"]
    for title, lines in (
        ("Summary", _summary(report)),
        ("Impact", _impact(report)),
        ("Cause, as far as it is known", _cause(report)),
        ("Timeline", _timeline(report)),
        ("What failed", _list(report.bad())),
        ("What worked", _worked(report)),
        ("What to do next", _next(report)),
    ):
        parts += ["", f"## {title}", "", *lines]
    return "\n".join(parts) + "\n"


def _clock(at: float) -> str:
    try:
        return datetime.fromtimestamp(at, UTC).strftime("%H:%M:%S")
    except (OverflowError, ValueError, OSError):
        return "--:--:--"


def _ids(numbers: Iterable[int]) -> str:
    every = list(numbers)
    return f" ({events_named(every)})" if every else ""


# -- the sections ------------------------------------------------------------------------------------------------------


def _summary(report: Report) -> list[str]:
    run, bad = report.run, report.bad()
    day = datetime.fromtimestamp(report.start, UTC).strftime("%Y-%m-%d") if report.start > 0 else "an unknown day"
    head = f"On {day} from {_clock(report.start)} to {_clock(report.start + report.seconds)} UTC, {plain(report.title)}"
    said = [f"{head} was run ({plain(report.what)}). The verdict is **{run.outcome}**: {plain(run.reason)}."]
    said += [f"**Diagnosis:** {plain(line)}." for line in report.diagnosis[:1]]
    said += [f"{what.capitalize()}: {code(line)}" for what, line in commands(report)]
    if bad:
        phases = list(dict.fromkeys(one.phase for one in bad))
        said.append(f"{len(bad)} checks did not pass, in the phases {', '.join(plain(phase) for phase in phases)}.")
    said += [f"Not checked, because the stack has it switched off: {plain(line)}." for line in report.not_checked]
    said += [f"Tried again: {plain(line)}." for line in report.retried]
    said += [f"There was no time for {plain(name)}." for name in report.left_out]
    if not report.ended:
        said.append("The run did not come to its end; what is said here is what it saw until then.")
    said += [f"The run itself broke: {plain(error.splitlines()[0])}." for error in report.errors if error]
    return said


def _impact(report: Report) -> list[str]:
    lines = []
    for event in of(report.events, WorkloadWindow):
        body = event.body
        if event.arm == attribution.CONTROL:
            continue
        if failed := body.failed + body.shed:
            what = ", ".join(f"{plain(name)} ({count})" for name, count in body.errors.items())
            said = f"- {plain(event.phase)}: {failed} of {body.intended} requests failed"
            lines.append(f"{said}, for up to {_longest(body)}: {what}{_ids([event.id])}")
            lines += [f"  - {plain(line)}" for line in attribution.lines(report.events, [event.id])]
    depths = [(depth, event) for event in of(report.events, ProbeQueue) if (depth := event.body.depth) is not None]
    deepest = max(depths, key=lambda one: one[0], default=None)
    if deepest is not None and deepest[0] > 0:
        depth, look = deepest
        lines.append(f"- The queue held up to {depth:g} jobs, at {_clock(look.time)}{_ids([look.id])}")
    return lines or ["No request failed, and no queue grew, as far as it was measured."]


def _longest(body: WorkloadWindow) -> str:
    """The longest outage, of everything or of one kind of request."""
    kind, seconds = max(body.outages.items(), key=lambda one: one[1], default=("", 0.0))
    return f"{seconds:.1f} s ({plain(kind)})" if seconds > body.longest_outage else f"{body.longest_outage:.1f} s"


def _cause(report: Report) -> list[str]:
    """The diagnosis, then the first failure, which is where to begin: what comes later is often its consequence."""
    failed = [one for one in report.judged if one.verdict.outcome is Outcome.FAIL]
    replayed = [one for one in report.judged if one.phase == "outage" and one.verdict.outcome is Outcome.PASS]
    if replayed:
        return [f"{n}. {plain(one.verdict.reason)}{_ids(one.verdict.evidence)}" for n, one in enumerate(replayed, 1)]
    if not failed:
        unknown = [one for one in report.judged if one.verdict.outcome is Outcome.UNKNOWN]
        return ["Nothing is known to be wrong. What could not be measured:", "", *_list(unknown)]
    first = min(failed, key=lambda one: one.at)
    lines = [
        *_diagnosis(report),
        "**The first thing that is known to be wrong:** "
        f"{plain(first.verdict.check)}, in the phase {plain(first.phase)}: "
        f"{plain(first.verdict.reason)}{_ids(first.verdict.evidence)}.",
    ]
    lines += [line for said in first.where for line in ("", f"{plain(said)}.")]
    said = _last_words(report, first)
    if said:
        lines += ["", "What was said around it:", "", *(f"- {line}" for line in said)]
    others = [one for one in failed if one is not first]
    if others:
        lines += ["", "What was wrong as well, and may be its consequence:", "", *_list(others)]
    return [*lines, "", "What caused it is not established yet."]


def _diagnosis(report: Report) -> list[str]:
    """What the failures are called, each with its events and what to look at."""
    lines: list[str] = []
    for number, one in enumerate(report.diagnosed.found):
        head = "**Diagnosis:**" if number == 0 else "And:"
        said = f"{head} {plain(one.sentence)} ({plain(one.kind)}){_ids(one.evidence)}."
        lines += [f"{said} Look at {plain(one.look)}.", ""]
    return lines or [f"**Diagnosis:** {plain(line)}.\n" for line in report.diagnosis]


def _last_words(report: Report, one: Judged) -> list[str]:
    """Error lines of logs, ends of containers and the deployer's last lines up to the verdict, five of each at most."""
    seen = [event for event in report.events if one.at - 60.0 <= event.since_start <= one.at]
    lines = [
        f"{plain(event.body.replica)}: {plain(text)}{_ids([event.id])}"
        for event in of(seen, ProbeLog) for text in event.body.error_lines
    ][:5]  # fmt: skip
    lines += [
        f"{plain(event.body.replica)}: {plain(event.body.action)}{_ids([event.id])}"
        for event in of(seen, ContainerChange)
        if event.body.action in ("die", "oom", "restart") and not event.body.replaced
    ][:5]
    return lines + [f"deployer: {plain(event.body.text)}{_ids([event.id])}" for event in of(seen, DeployerLine)[-5:]]


def _timeline(report: Report) -> list[str]:
    rows = [(event, text) for event in report.events if (text := _told(event))]
    lines = ["| UTC | minute | event |", "| --- | ---: | --- |"]
    for event, text in rows[:MAX_ENTRIES]:
        lines.append(f"| {_clock(event.time)} | {event.since_start / 60:.1f} | {text} |")
    if len(rows) > MAX_ENTRIES:
        lines.append(f"| | | and {len(rows) - MAX_ENTRIES} more |")
    original = report.info.original
    if isinstance(original, list):
        lines += ["", "The original's, for comparison (4 April 2012, Pacific time):", "", "| time | minute | event |"]
        lines.append("| --- | ---: | --- |")
        lines += [_original(one) for one in original if isinstance(one, Mapping)]
    return lines


def _original(one: Mapping[str, Any]) -> str:
    return f"| {plain(one.get('time'))} | {plain(one.get('minute'))} | {plain(one.get('text'))} |"


def _told(event: Event) -> str:
    """What an event is in the timeline; empty for what does not belong there."""
    match event.body:
        case DeployerStart() as body:
            return code(" ".join(body.command)) + " starts"
        case DeployerEnd() as body:
            return f"it ends: {plain(body.ended)}, exit code {plain(body.exit_code)}"
        case ContainerChange() as body if body.action != "start" and not body.replaced:
            return f"{plain(body.replica)}: {plain(body.action)}"
        case ReplicaReplace() as body:
            return f"{plain(body.replica)} is replaced by {plain(body.release)}"
        case VerdictGiven() as body if body.outcome != "pass" and event.phase != "outage":
            return f"**{plain(body.check)}** ({plain(event.phase)}) {plain(body.outcome)}: {plain(body.reason)}"
        case RunError() as body:
            return f"the run breaks: {plain(body.what)}"
        case FaultInject() as body:
            return plain(body.title)
        case FaultHeal() as body:
            return plain(body.reason)
        case IncidentLink() as body:
            return plain(body.text)
    return ""


def _list(found: Iterable[Judged]) -> list[str]:
    lines = []
    for one in found:
        verdict = one.verdict
        head = f"- **{plain(verdict.check)}** ({plain(one.phase)}), {verdict.outcome}"
        lines.append(f"{head}: {plain(verdict.reason)}{_ids(verdict.evidence)}")
        lines += [f"  - {plain(line)}" for line in one.where]
    return lines or ["Nothing."]


def _worked(report: Report) -> list[str]:
    good = [one for one in report.judged if one.verdict.outcome is Outcome.PASS and one.phase != "outage"]
    names: dict[str, list[str]] = {}
    for one in good:
        names.setdefault(one.verdict.check, []).append(one.phase)
    return [f"- {plain(check)}: {', '.join(plain(phase) for phase in phases)}" for check, phases in names.items()] or [
        "Nothing."
    ]


def _next(report: Report) -> list[str]:
    looks = dict.fromkeys(one.verdict.look for one in report.bad() if one.verdict.look)
    lines = [f"- Look at {plain(look)}." for look in looks]
    if any(one.verdict.outcome is Outcome.UNKNOWN for one in report.bad()):
        lines.append("- Measure again what could not be measured: unknown is not a pass.")
    if any(one.verdict.outcome is Outcome.FAIL for one in report.bad()):
        lines.append("- Keep this run as a test: deploy the fixed release, and take it back, before it goes out.")
    return lines or ["- Nothing that the run itself could say."]
