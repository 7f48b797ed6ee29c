"""Every cell of the table of faults and moments leads to the timeline of its case, wherever the table is shown."""

from __future__ import annotations

import io
import re
from pathlib import Path

from rich.console import Console

from harness.report import html, markdown
from harness.report.cases import cells, runs
from harness.report.summary import show
from harness.verdict import Outcome
from suites.selftest.report.test_html import Page
from suites.selftest.report.under_faults import CASES, under_faults

REPORT, SAMPLES = under_faults()


def shown(**cases: Outcome) -> str:
    """The summary of a terminal."""
    written = io.StringIO()
    report = under_faults({name.replace("_", " "): one for name, one in cases.items()} or None)[0]
    show(Console(file=written, width=100, force_terminal=False), report)
    return written.getvalue()


def section(text: str, number: int) -> str:
    """What the page has about a case, up to the next one."""
    found = re.search(rf'<h3 id="case-{number}">.*?(?=<h3 id="case-|<h2)', text, re.DOTALL)
    assert found is not None
    return found[0]


def test_a_case_knows_its_place_in_the_run() -> None:
    found = runs(REPORT)
    assert [(one.number, one.name, one.outcome) for one in found] == [
        (number, name, outcome) for number, (name, outcome) in enumerate(CASES.items(), 1)
    ]
    assert [one.span for one in found] == ["0.0 to 6.0 s", "10.0 to 16.0 s", "20.0 to 26.0 s"]
    assert (found[1].fault, found[1].moment, found[1].more) == ("cache.stale", "rollback", "load 2, twice")


def test_what_is_worst_stands_first_in_its_cell() -> None:
    found = cells(runs(REPORT))
    assert [one.number for one in found["cache.stale", "rollback"]] == [2, 1]
    assert [one.number for one in found["latency", "deploy-1"]] == [3]


def test_every_cell_of_the_page_leads_to_the_timeline_of_its_case() -> None:
    text = html.render(REPORT, SAMPLES)
    crossed = text[text.index("Faults and moments") : text.index('id="timeline"')]
    assert re.findall(r'href="#(case-\d)"', crossed) == ["case-2", "case-1", "case-3"]
    assert "passed: plain" in crossed
    page = Page(text)
    ids = [attributes["id"] for _, attributes in page.found if "id" in attributes]
    assert len(ids) == len(set(ids)), "an id stands twice"
    assert {one["href"] for one in page.all("a") if str(one.get("href")).startswith("#case")} <= {
        f"#{one}" for one in ids
    }


def test_the_timeline_of_a_case_has_its_own_events_and_load_alone() -> None:
    text = html.render(REPORT, SAMPLES)
    for number, name in enumerate(CASES, 1):
        own = section(text, number)
        assert name in own
        assert f"fault of case {number}" in own
        assert f"web-{number}" in own
        others = {1, 2, 3} - {number}
        assert not [other for other in others if f"fault of case {other}" in own or f"web-{other}" in own]
        assert f'id="panel-latency-case-{number}"' in own
        assert "<path" in own[own.index("panel-latency") :]
        assert 'href="#verdict-' in own


def test_the_drawing_of_a_case_is_of_its_seconds() -> None:
    own = section(html.render(REPORT, SAMPLES), 2)
    spans = re.findall(r"from (\d+\.\d) to (\d+\.\d) s", own[: own.index("releases")] if "releases" in own else own)
    assert spans
    assert all(10.0 <= float(begin) <= float(end) <= 16.0 for begin, end in spans)


def test_the_saved_summary_links_each_cell_and_the_page_of_a_pipeline_names_it(tmp_path: Path) -> None:
    text = markdown.render(REPORT)
    row = next(line for line in text.splitlines() if line.startswith("| cache.stale "))
    assert row == "| cache.stale | [❌ 2](report.html#case-2) [✅ 1](report.html#case-1) |  |"
    assert "- [❔ 3](report.html#case-3) latency at deploy-1: 20.0 to 26.0 s" in text
    page = tmp_path / "summary"
    assert markdown.append_step_summary(REPORT, {"GITHUB_STEP_SUMMARY": str(page)})
    said = page.read_text(encoding="utf-8")
    assert "report.html" not in said, "nothing lies beside it there"
    assert "| cache.stale | ❌ 2 ✅ 1 |  |" in said
    assert "- ❔ 3 latency at deploy-1: 20.0 to 26.0 s" in said


def test_the_terminal_names_the_cases_of_each_cell_and_where_they_are() -> None:
    lines = [" ".join(line.strip("│|").split()) for line in shown().splitlines()]
    assert "cache.stale FAIL 2 ok 1" in lines or "cache.stale ✗ 2 ✓ 1" in lines
    assert any(line.endswith("latency at deploy-1: 20.0 to 26.0 s, report.html#case-3") for line in lines)


def test_of_many_cases_the_terminal_tells_those_that_did_not_pass() -> None:
    many = {f"cache.stale_at_moment-{number}": Outcome.PASS for number in range(20)}
    text = " ".join(shown(**many, **{"latency_at_rollback": Outcome.FAIL}).split())
    assert "21 latency at rollback: 200.0 to 206.0 s, report.html#case-21" in text
    assert "the timelines of all 21: report.html" in text
    assert "#case-1 " not in text
