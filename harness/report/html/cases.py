"""The table of faults and moments, and the timeline of each case, to which its cells lead."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from harness.history import Event
from harness.report.cases import CaseRun, cells, events_by_case, runs
from harness.report.html import svg
from harness.report.html.series import series
from harness.report.html.text import safe, table, tag
from harness.report.model import WORDS, Report
from harness.samples import Samples

PANELS = ("Latency", "Errors")  # of a case; those of everything else are of the whole run


def crossed(report: Report) -> str:
    """A line for each fault, a column for each moment; each verdict leads to the timeline of its case."""
    moments, faults = report.crossed()
    found = cells(runs(report))
    rows = [[safe(fault), *(_cell(found.get((fault, moment), ())) for moment in moments)] for fault in faults]
    return table(["fault", *moments], rows, "What came of each fault at each moment")


def _cell(found: Sequence[CaseRun]) -> str:
    """The worst one by its outcome, the others by what is different about them."""
    if not found:
        return ""
    first, *others = found
    words = tag("span", WORDS[first.outcome].lower(), class_=f"said {first.outcome}")
    more = [tag("a", safe(f"{WORDS[one.outcome].lower()}: {one.more or 'plain'}"), href=f"#{one.anchor}")
            for one in others]  # fmt: skip
    return tag("a", words, href=f"#{first.anchor}") + "".join(tag("div", one, class_="dim") for one in more)


def timelines(report: Report, samples: Samples) -> Iterable[str]:
    """The timeline of each case: what happened when, who ran which release, and the load."""
    own = events_by_case(report.events)
    first = {one.case: number for number, one in reversed(list(enumerate(report.judged))) if one.case}
    for one in runs(report):
        yield from _timeline(one, own.get(one.name, []), samples, first)


def _timeline(one: CaseRun, events: list[Event], samples: Samples, first: Mapping[str, int]) -> Iterable[str]:
    places = {event.environment for event in events}
    streams = tuple(stream for stream in samples.streams if stream.environment in places)
    data, mark = series(events, replace(samples, streams=streams)), f"-{one.anchor}"
    yield tag("h3", safe(f"{one.number}. {one.name}"), id=one.anchor)
    said = tag("span", WORDS[one.outcome].lower(), class_=f"said {one.outcome}")
    verdicts = tag("a", "its verdicts", href=f"#verdict-{first[one.name]}")
    yield tag("p", said, f", {one.span}; ", verdicts)
    yield svg.axis(data, mark)
    yield svg.releases(data, mark)
    yield from (svg.panel(data, panel, mark) for panel in data.panels if panel.title in PANELS)
