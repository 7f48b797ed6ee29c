"""The page: the verdict first, then the timeline, then what was said around each failure, then everything."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from harness.history import Event
from harness.report._files import write
from harness.report.html import svg
from harness.report.html.around import around
from harness.report.html.cases import crossed, timelines
from harness.report.html.document import document
from harness.report.html.series import Series, series
from harness.report.html.text import cut, ends, safe, table, tag
from harness.report.model import WORDS, Judged, Report, events_named
from harness.report.reproduce import commands
from harness.samples import Samples

MOST_EVENTS = 1500  # in the list at the end


def save(report: Report, samples: Samples, path: Path) -> Path:
    """Write the page."""
    return write(path, render(report, samples))


def render(report: Report, samples: Samples) -> str:
    """The whole document."""
    data = series(report.events, samples)
    outcome = report.run.outcome
    title = f"{outcome.upper()}: {report.title}"
    body = [
        tag("a", "Skip to the timeline", href="#timeline", class_="skip"),
        tag("header", _verdict(report), _about(report)),
        tag("main", *_main(report, data, samples)),
    ]
    return document(title, body)


def _main(report: Report, data: Series, samples: Samples) -> Iterable[str]:
    shown = {event.id for event in _shown(report)}
    if report.cases:
        yield tag("h2", "Faults and moments")
        yield crossed(report)
        yield "".join(tag("p", safe(line), class_="said unknown") for line in report.weaknesses)
    yield tag("h2", "Timeline", id="timeline")
    yield "".join(tag("p", safe(problem), class_="said unknown") for problem in data.problems)
    yield svg.axis(data)
    yield svg.releases(data)
    yield from (svg.panel(data, one) for one in data.panels)
    if report.cases:
        yield tag("h2", "The timeline of each case")
        yield from timelines(report, samples)
    if report.bad():
        yield tag("h2", "Around each failure")
        yield from (_around(report, one, number == 0, shown) for number, one in enumerate(report.bad()[:20]))
    yield tag("h2", "Every verdict")
    yield _verdicts(report, shown)
    yield tag("h2", "Every step")
    yield _steps(report)
    yield tag("h2", "Events")
    yield _events(report)


# -- the head ----------------------------------------------------------------------------------------------------------


def _verdict(report: Report) -> str:
    outcome = report.run.outcome
    reasons = "".join(_reason(one, number) for number, one in enumerate(report.bad()))
    errors = "".join(tag("p", safe(error.splitlines()[0]), class_="said fail") for error in report.errors if error)
    why = tag("p", safe(report.run.reason)) if not reasons or report.errors else ""
    listed = tag("ol", reasons, class_="reasons") if reasons else ""
    diagnosis = "".join(_diagnosis(report))
    repeat = "".join(tag("p", f"{what.capitalize()}: ", tag("code", safe(line))) for what, line in commands(report))
    off = "".join(tag("p", safe(f"tried again: {line}")) for line in report.retried)
    off += "".join(tag("p", safe(f"left out, no time: {name}")) for name in report.left_out)
    off += "".join(tag("p", safe(f"not checked: {line}")) for line in report.not_checked)
    off += "".join(tag("p", safe(f"not looked at: {line}")) for line in report.not_looked_at)
    head = tag("h1", tag("b", outcome.upper()), f" {safe(report.title)}")
    box = tag(
        "div", head, tag("p", safe(report.headline)), diagnosis, why, errors, repeat, off, class_=f"verdict {outcome}"
    )
    return box + (tag("h2", "Why") + listed if listed else "") + _since(report)


def _since(report: Report) -> str:
    """What changed since an earlier run."""
    found = report.since
    if found is None:
        return ""
    parts = [tag("h2", safe(f"Since {found.run}")), tag("p", safe(found.headline))]
    for title, lines in found.groups:
        parts += [tag("h3", safe(title)), tag("ul", *(tag("li", safe(line)) for line in lines))]
    return "".join(parts)


def _diagnosis(report: Report) -> Iterable[str]:
    """What the failures are called, with the evidence and what to look at."""
    found = report.diagnosed.found
    if not found:
        yield from (tag("p", tag("b", "Diagnosis: "), safe(line)) for line in report.diagnosis)
    for number, one in enumerate(found):
        more = f"{one.kind}; {events_named(one.evidence)}. Look at {one.look}."
        head = tag("b", "Diagnosis: " if number == 0 else "And: ")
        yield tag("p", head, safe(one.sentence), tag("span", f" ({safe(more)})", class_="dim"))


def _reason(one: Judged, number: int) -> str:
    verdict = one.verdict
    said = tag(
        "span",
        f"{safe(verdict.check)} ({safe(one.phase)}) {WORDS[verdict.outcome].lower()}: ",
        class_=f"said {verdict.outcome}",
    )
    look = tag("div", f"Look at {safe(verdict.look)}.", class_="dim") if verdict.look else ""
    more = tag("a", "what was said around it", href=f"#around-{number}") if number < 20 else ""
    where = "".join(tag("div", safe(line), class_="dim") for line in one.where)
    return tag("li", said, safe(verdict.reason), where, look, more)


def _about(report: Report) -> str:
    info = report.info
    rows = [
        ("when", datetime.fromtimestamp(report.start, UTC).strftime("%Y-%m-%d %H:%M:%S UTC") if report.start else ""),
        ("took", f"{report.seconds:.1f} s" + ("" if report.ended else ", and did not come to its end")),
        ("engine", info.engine),
        ("harness", info.harness),
        ("machine", ", ".join(f"{key} {value}" for key, value in info.machine.items())),
    ]
    return tag("dl", *(tag("dt", key) + tag("dd", safe(value)) for key, value in rows if value), class_="meta")


# -- below the timeline ------------------------------------------------------------------------------------------------


def _around(report: Report, one: Judged, first: bool, shown: set[int]) -> str:
    number = report.bad().index(one)
    found = around(report.events, one)
    text = "\n".join(f"{said.at:8.1f}  {cut(said.who, 14):<14}  {ends(said.text, 400)}" for said in found)
    said = tag("pre", text, tabindex="0") if found else tag("p", "Nothing was said around it.", class_="dim")
    title = f"{one.verdict.check} ({one.phase}): {one.verdict.reason}"
    evidence = tag("p", "Evidence: ", _evidence(one, shown), class_="dim")
    opened = {"open": "open"} if first else {}
    return tag("details", tag("summary", cut(title, 240)), said, evidence, id=f"around-{number}", **opened)


def _evidence(one: Judged, shown: set[int]) -> str:
    ids = one.verdict.evidence
    links = [tag("a", str(i), href=f"#e{i}") if i in shown else str(i) for i in ids[:24]]
    return ", ".join(links) + (f" and {len(ids) - 24} more" if len(ids) > 24 else "") or "none"


def _verdicts(report: Report, shown: set[int]) -> str:
    rows = [
        [
            tag(
                "span", WORDS[one.verdict.outcome].lower(), class_=f"said {one.verdict.outcome}", id=f"verdict-{number}"
            ),
            safe(one.phase), safe(one.verdict.check), ends(one.verdict.reason, 600), _evidence(one, shown),
        ]
        for number, one in enumerate(report.judged)
    ]  # fmt: skip
    return table(["verdict", "phase", "check", "reason", "events"], rows, "Every verdict, in the order of the run")


def _steps(report: Report) -> str:
    rows = [
        [
            f"{step.start:.1f}", "&nbsp;" * 2 * step.depth + safe(step.title),
            f"{step.seconds:.1f} s" if step.seconds is not None else "did not end",
            "ok" if step.ok else cut((step.error or "").split("\n")[0], 200) if step.ok is False else "",
        ]
        for step in report.steps[:400]
    ]  # fmt: skip
    return table(["s", "step", "took", "ended"], rows, "Every step")


def _shown(report: Report) -> list[Event]:
    """The events of the list: what failures and unknowns rest on, and what people ask for, as far as there is room."""
    wanted = {number for one in report.bad() for number in one.verdict.evidence[:24]}
    kept = [event for event in report.events if event.id in wanted or not event.kind.startswith(("probe.", "workload"))]
    if len(kept) > MOST_EVENTS:
        kept = [event for event in kept if event.id in wanted or event.kind in ("verdict", "container", "note")]
    return kept[:MOST_EVENTS]


def _events(report: Report) -> str:
    shown = _shown(report)
    rows = "".join(
        tag(
            "tr", tag("td", str(event.id)), tag("td", f"{event.since_start:.2f}"), tag("td", safe(event.kind)),
            tag("td", tag("code", cut(json.dumps(_brief(event), default=str, ensure_ascii=False), 500))),
            id=f"e{event.id}",
        )
        for event in shown
    )  # fmt: skip
    head = tag("tr", *(tag("th", one, scope="col") for one in ("id", "s", "kind", "data")))
    caption = f"{len(shown)} of {len(report.events)} events; all of them are in events.jsonl"
    made = tag("table", tag("caption", safe(caption)), tag("thead", head), tag("tbody", rows))
    return tag("div", made, class_="scroll", tabindex="0", role="region", aria_label="Events")


def _brief(event: Event) -> dict[str, object]:
    return {key: value for key, value in event.data.items() if key not in ("environment", "scenario", "parameters")}
