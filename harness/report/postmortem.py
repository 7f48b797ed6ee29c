"""A draft of a post-mortem in Markdown, in the form in which the outage of 2012 was reported: a summary, the cause as
far as it is known, the timeline with clock times, what failed and what to do next.

It says what the history establishes, with the numbers of the events that show it, and leaves the rest to people.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from harness.history import Event
from harness.report._fields import items, mapping, number, words
from harness.report._files import write
from harness.report.markdown import plain
from harness.report.model import Judged, Report
from harness.verdict import Outcome

INCIDENT = "incident"  # the kind of the events of a replayed outage
KINDS = (
    "deployer.start", "deployer.end", "container", "replica.replace", "fault.inject", "fault.heal", "verdict", INCIDENT,
    "run.error",
)  # fmt: skip
MOST = 80  # lines of the timeline


def wanted(report: Report) -> bool:
    """For a run that did not pass, and for an outage that was replayed."""
    return report.run.outcome is not Outcome.PASS or any(event.kind == INCIDENT for event in report.events)


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
    more = f" and {len(every) - 6} more" if len(every) > 6 else ""
    return f" (events {', '.join(str(one) for one in every[:6])}{more})" if every else ""


# -- the sections ------------------------------------------------------------------------------------------------------


def _summary(report: Report) -> list[str]:
    run, bad = report.run, report.bad()
    day = datetime.fromtimestamp(report.start, UTC).strftime("%Y-%m-%d") if report.start > 0 else "an unknown day"
    head = f"On {day} from {_clock(report.start)} to {_clock(report.start + report.seconds)} UTC, {plain(report.title)}"
    said = [f"{head} was run. The verdict is **{run.outcome}**: {plain(run.reason)}."]
    if bad:
        phases = list(dict.fromkeys(one.phase for one in bad))
        said.append(f"{len(bad)} checks did not pass, in the phases {', '.join(plain(phase) for phase in phases)}.")
    said += [f"Not checked, because the stack has it switched off: {plain(line)}." for line in report.not_checked]
    if not report.ended:
        said.append("The run did not come to its end; what is said here is what it saw until then.")
    said += [f"The run itself broke: {plain(error.splitlines()[0])}." for error in report.errors if error]
    return said


def _impact(report: Report) -> list[str]:
    lines = []
    for event in report.events:
        data = event.data
        if event.kind != "workload" or not isinstance(data.get("intended"), int):
            continue
        failed = int((number(data.get("failed")) or 0.0) + (number(data.get("shed")) or 0.0))
        outage = number(data.get("longest_outage")) or 0.0
        if failed:
            what = ", ".join(f"{plain(name)} ({count})" for name, count in mapping(data.get("errors")).items())
            said = f"- {plain(data.get('phase'))}: {failed} of {data['intended']} requests failed"
            lines.append(f"{said}, for up to {outage:.1f} s: {what}{_ids([event.id])}")
    depths = [(depth, event) for event in report.events if (depth := _depth(event)) is not None]
    deepest = max(depths, key=lambda one: one[0], default=None)
    if deepest is not None and deepest[0] > 0:
        depth, event = deepest
        lines.append(f"- The queue held up to {depth:g} jobs, at {_clock(event.time)}{_ids([event.id])}")
    return lines or ["No request failed, and no queue grew, as far as it was measured."]


def _depth(event: Event) -> float | None:
    return number(event.data.get("depth")) if event.kind == "probe.queue" else None


def _cause(report: Report) -> list[str]:
    """The first failure is where to begin: what comes later is often its consequence. Said as what it is."""
    failed = [one for one in report.judged if one.verdict.outcome is Outcome.FAIL]
    replayed = [one for one in report.judged if one.phase == "outage" and one.verdict.outcome is Outcome.PASS]
    if replayed:
        return [f"{n}. {plain(one.verdict.reason)}{_ids(one.verdict.evidence)}" for n, one in enumerate(replayed, 1)]
    if not failed:
        unknown = [one for one in report.judged if one.verdict.outcome is Outcome.UNKNOWN]
        return ["Nothing is known to be wrong. What could not be measured:", "", *_list(unknown)]
    first = min(failed, key=lambda one: _shown_at(report, one))
    lines = [
        "**The first thing that is known to be wrong:** "
        f"{plain(first.verdict.check)}, in the phase {plain(first.phase)}: "
        f"{plain(first.verdict.reason)}{_ids(first.verdict.evidence)}."
    ]
    lines += [line for said in first.where for line in ("", f"{plain(said)}.")]
    said = _last_words(report, first)
    if said:
        lines += ["", "What was said around it:", "", *(f"- {line}" for line in said)]
    others = [one for one in failed if one is not first]
    if others:
        lines += ["", "What was wrong as well, and may be its consequence:", "", *_list(others)]
    return [*lines, "", "What caused it is not established yet."]


def _shown_at(report: Report, one: Judged) -> float:
    """When the first event was that a verdict rests on."""
    ids = set(one.verdict.evidence)
    return min((event.since_start for event in report.events if event.id in ids), default=one.at)


def _last_words(report: Report, one: Judged) -> list[str]:
    """Error lines of logs, ends of containers and the deployer's last lines up to the verdict, five of each at most."""
    seen = [event for event in report.events if one.at - 60.0 <= event.since_start <= one.at]
    lines = [
        f"{plain(event.data.get('replica'))}: {plain(text)}{_ids([event.id])}"
        for event in seen if event.kind == "probe.log" for text in items(event.data.get("error_lines"))
    ][:5]  # fmt: skip
    lines += [
        f"{plain(event.data.get('replica'))}: {plain(event.data.get('action'))}{_ids([event.id])}"
        for event in seen if event.kind == "container" and event.data.get("action") in ("die", "oom", "restart")
        and event.data.get("replaced") is not True
    ][:5]  # fmt: skip
    told = [event for event in seen if event.kind == "deployer.line"]
    return lines + [f"deployer: {plain(event.data.get('text'))}{_ids([event.id])}" for event in told[-5:]]


def _timeline(report: Report) -> list[str]:
    rows = [(event, text) for event in report.events if event.kind in KINDS and (text := _told(event))]
    lines = ["| UTC | minute | event |", "| --- | ---: | --- |"]
    for event, text in rows[:MOST]:
        lines.append(f"| {_clock(event.time)} | {event.since_start / 60:.1f} | {text} |")
    if len(rows) > MOST:
        lines.append(f"| | | and {len(rows) - MOST} more |")
    original = report.info.get("original")
    if isinstance(original, list):
        lines += ["", "The original's, for comparison (4 April 2012, Pacific time):", "", "| time | minute | event |"]
        lines.append("| --- | ---: | --- |")
        lines += [_original(one) for one in original if isinstance(one, Mapping)]
    return lines


def _original(one: Mapping[str, Any]) -> str:
    return f"| {plain(one.get('time'))} | {plain(one.get('minute'))} | {plain(one.get('text'))} |"


def _told(event: Event) -> str:
    data = event.data
    if event.kind == "deployer.start":
        return "`" + plain(words(data.get("command"))) + "` starts"
    if event.kind == "deployer.end":
        return f"it ends: {plain(data.get('ended'))}, exit code {plain(data.get('exit_code'))}"
    if event.kind == "container":
        meant = data.get("action") == "start" or data.get("replaced") is True
        return "" if meant else f"{plain(data.get('replica'))}: {plain(data.get('action'))}"
    if event.kind == "replica.replace":
        return f"{plain(data.get('replica'))} is replaced by {plain(data.get('release'))}"
    if event.kind == "verdict":
        if data.get("outcome") == "pass" or data.get("phase") == "outage":
            return ""
        where = f"**{plain(data.get('check'))}** ({plain(data.get('phase'))}) {plain(data.get('outcome'))}"
        return f"{where}: {plain(data.get('reason'))}"
    if event.kind == "run.error":
        return f"the run breaks: {plain(data.get('what'))}"
    return plain(data.get("text") or data.get("title") or data.get("reason"))


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
