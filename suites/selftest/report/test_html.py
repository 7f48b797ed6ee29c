"""The page: verdict first, everything in one file, inert whatever a deployer prints, bounded, never a crash."""

from __future__ import annotations

import itertools
import math
import re
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.history import Event
from harness.report import Report, html
from harness.report.html.around import around
from harness.report.html.series import series
from harness.samples import Samples
from suites.selftest.report.loaded import loaded
from suites.selftest.report.made import events
from suites.soak import many


class Page(HTMLParser):
    """What a browser would make of it: the elements, and what is left open."""

    VOID = frozenset({"meta", "br", "hr", "img"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.found if name == tag]


@pytest.fixture(scope="module")
def text() -> str:
    return html.render(*loaded())


@pytest.fixture(scope="module")
def page(text: str) -> Page:
    return Page(text)


def test_every_element_is_closed_in_order(page: Page) -> None:
    assert page.open == []


def test_the_verdict_and_its_reasons_come_before_anything_else(text: str) -> None:
    order = [
        text.index(words) for words in ("FAIL</b>", "backend-2 runs 4.1.1, not 4.1.0", "Timeline</h2>", "Every verdict")
    ]
    assert order == sorted(order)


def test_nothing_is_fetched_and_nothing_runs(page: Page) -> None:
    tags = {name for name, _ in page.found}
    assert not tags & {"script", "img", "link", "iframe", "object", "embed", "form", "base", "image", "use"}
    policy = next(one for one in page.all("meta") if one.get("http-equiv"))["content"]
    assert "default-src 'none'" in str(policy)
    assert all(str(one.get("href")).startswith("#") for one in page.all("a"))
    assert not [name for _, attributes in page.found for name in attributes if name.startswith("on")]


def test_every_link_leads_somewhere(page: Page) -> None:
    ids = [attributes["id"] for _, attributes in page.found if "id" in attributes]
    assert len(ids) == len(set(ids)), "no id stands twice"
    assert {str(one["href"])[1:] for one in page.all("a")} <= set(ids)


def test_every_panel_is_there_with_the_control_beside_and_a_table_that_says_the_same(text: str) -> None:
    for words in ("Latency", "Requests", "Errors", "In flight", "Queue", "Oldest job", "Log records", "CPU", "Memory"):
        assert f"<b>{words}</b>" in text
    assert "p95 (control)" in text
    assert text.count("As a table") == 10
    assert "status 503" in text


def test_deploy_steps_and_faults_are_drawn(text: str) -> None:
    assert "deployctl deploy 4.1.1" in text
    assert 'class="band fault"' in text
    assert "latency 300 ms" in text


def test_drawings_have_names_and_descriptions_for_those_who_do_not_see_them(page: Page) -> None:
    ids = {attributes.get("id") for _, attributes in page.found}
    for one in page.all("svg"):
        assert one.get("aria-hidden") == "true" or set(str(one["aria-labelledby"]).split()) <= ids


def test_headings_do_not_skip_a_level(page: Page) -> None:
    levels = [int(name[1]) for name, _ in page.found if re.fullmatch("h[1-6]", name)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(b - a <= 1 for a, b in itertools.pairwise(levels))


def test_what_was_said_around_a_failure_is_below_it() -> None:
    report, _ = loaded()
    said = [line.text for line in around(report.events, report.bad()[0])]
    assert any("draining at the load balancer" in line for line in said)


HOSTILE = "</pre><script>alert(1)</script>\"'><img src=x onerror=alert(1)>\x1b[31m\x00\u202e&lt;"


def test_hostile_text_is_inert() -> None:
    found = []
    for event in events(broken=True):
        data = {
            key: HOSTILE if isinstance(value, str) and key != "outcome" else value for key, value in event.data.items()
        }
        found.append(Event(event.id, event.time, event.since_start, event.kind, data))
    page = Page(html.render(Report.of(found), Samples()))
    assert page.open == []
    assert not {"script", "img"} & {name for name, _ in page.found}


def test_an_hour_of_load_stays_below_a_megabyte() -> None:
    report, samples = loaded(seconds=3600.0, rate=100.0)
    last = report.events[-1]
    long = (*report.events, Event(last.id + 1, last.time + 3600, 3600.0, "note", {"text": "the end"}))
    assert len(html.render(Report.of(long), samples)) < 1_000_000


def test_a_run_without_a_load_says_why_there_is_nothing_to_draw() -> None:
    text = html.render(Report.of(events()), Samples())
    assert "the run has no samples of its workload" in text
    assert "no replica was asked" in text


def test_an_empty_history_is_unknown_and_drawn() -> None:
    assert "UNKNOWN</b>" in html.render(Report.of(()), Samples())


KINDS = [
    "run.start",
    "run.end",
    "run.error",
    "step.start",
    "step.end",
    "note",
    "container",
    "replica.replace",
    "deployer.start",
    "deployer.line",
    "deployer.end",
    "probe.release",
    "probe.replica",
    "probe.queue",
    "probe.log",
    "fault.inject",
    "fault.heal",
    "workload",
    "verdict",
    "incident",
    "something.new",
]
KEYS = [
    "phase",
    "name",
    "title",
    "start",
    "text",
    "replica",
    "action",
    "exit_code",
    "command",
    "release",
    "depth",
    "age",
    "records",
    "seconds",
    "error_lines",
    "state",
    "error",
    "outcome",
    "check",
    "reason",
    "evidence",
    "look",
    "ok",
    "machine",
    "memory",
    "cpu",
    "intended",
    "failed",
    "errors",
    "shed",
    "longest_outage",
    "message",
    "what",
    "original",
    "stream",
    "verb",
    "ended",
]
SCALARS = st.none() | st.booleans() | st.integers(-1, 5) | st.integers() | st.floats() | st.text(max_size=20)
VALUES = SCALARS | st.lists(SCALARS, max_size=3) | st.dictionaries(st.text(max_size=5), SCALARS, max_size=3)
EVENTS = st.lists(
    st.tuples(
        st.sampled_from(KINDS), st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=8), st.floats(-1e9, 1e10)
    ),
    max_size=12,
)


@pytest.mark.soak
@settings(deadline=None, max_examples=many(100))
@given(EVENTS)
def test_no_history_however_damaged_its_fields_keeps_a_report_from_being_written(drawn: list[Any]) -> None:
    from harness.report import github, junit, markdown, postmortem

    found = [Event(n, time, abs(time) % 1000, kind, data) for n, (kind, data, time) in enumerate(drawn)]
    report = Report.of(found)
    page = Page(html.render(report, Samples()))
    assert page.open == []
    for text in (junit.render(report), markdown.render(report), postmortem.render(report)):
        assert text
    github.lines(report, {"GITHUB_ACTIONS": "true"})


@given(st.floats(0.0, 1e6), st.floats(0.1, 1e6))
def test_the_axis_has_a_bounded_number_of_bins(begin: float, length: float) -> None:
    found = series([Event(n, 0.0, at, "note", {}) for n, at in enumerate((begin, begin + length))], Samples())
    assert math.ceil((found.end - found.begin) / found.bin) <= 241


def test_a_replica_that_is_replaced_is_marked_once_and_as_what_it_is() -> None:
    told: list[tuple[str, dict[str, Any]]] = [
        ("probe.release", {"replica": "web-1", "release": "1"}),
        ("probe.replica", {"replica": "web-1", "release": None, "missing": {}}),
        ("container", {"replica": "web-1", "action": "die", "exit_code": 0, "replaced": True}),
        ("replica.replace", {"replica": "web-1", "release": "2"}),
        ("container", {"replica": "web-1", "action": "die", "exit_code": 1}),
    ]
    found = series([Event(n, 0.0, float(n), kind, data) for n, (kind, data) in enumerate(told)], Samples())
    assert [mark.text for mark in found.marks] == ["web-1: replaced by 2", "web-1: die"]
    ((_, spans),) = found.releases
    assert [(span.text, span.start, span.end) for span in spans] == [("1", 0.0, 3.0), ("2", 3.0, 4.0)]
