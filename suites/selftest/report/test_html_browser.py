"""The page as people see it: in Chromium, wide and narrow, light and dark, by keyboard and by screen reader."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.report import html
from suites.selftest.report.loaded import loaded
from suites.selftest.report.under_faults import under_faults


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return html.save(*loaded(), tmp_path_factory.mktemp("report") / "report.html")


class Seen:
    """A page that is open, and what it asked for and complained about."""

    def __init__(self, browser: Any, file: Path, width: int = 1280, scheme: str = "light") -> None:
        self.context = browser.new_context(
            viewport={"width": width, "height": 800}, color_scheme=scheme, bypass_csp=False
        )
        self.page: Any = self.context.new_page()
        self.asked: list[str] = []
        self.complaints: list[str] = []
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.goto(file.as_uri())


def test_it_opens_without_a_network_and_without_a_complaint(browser: Any, file: Path) -> None:
    seen = Seen(browser, file)
    assert seen.asked == [file.as_uri()]
    assert seen.complaints == []


@pytest.mark.parametrize("width", [1280, 768, 390, 320])
def test_the_verdict_and_the_first_reason_are_seen_at_once_and_nothing_scrolls_sideways(
    browser: Any, file: Path, width: int
) -> None:
    page = Seen(browser, file, width).page
    for words in ("FAIL", "backend-2 runs 4.1.1, not 4.1.0"):
        box = page.get_by_text(words).first.bounding_box()
        assert box is not None
        assert box["y"] + min(box["height"], 30) <= 800
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_every_drawing_has_a_size_and_its_curves_lie_within(browser: Any, file: Path) -> None:
    page = Seen(browser, file).page
    for drawing in page.locator("svg.panel").all():
        frame = drawing.bounding_box()
        assert frame["width"] > 600
        assert frame["height"] > 80
        for curve in drawing.locator("path.curve").all():
            box = curve.bounding_box()
            assert frame["x"] - 2 <= box["x"]
            assert box["x"] + box["width"] <= frame["x"] + frame["width"] + 2
            assert frame["y"] - 2 <= box["y"]
            assert box["y"] + box["height"] <= frame["y"] + frame["height"] + 2


def test_the_keyboard_reaches_the_timeline_first_and_everything_else_after_it(browser: Any, file: Path) -> None:
    page = Seen(browser, file).page
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the timeline"
    page.keyboard.press("Enter")
    assert page.url.endswith("#timeline")
    reached = set()
    for _ in range(80):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.tagName.toLowerCase()"))
    assert {"a", "summary"} <= reached


def test_the_table_of_a_panel_opens_by_keyboard(browser: Any, file: Path) -> None:
    page = Seen(browser, file).page
    summary = page.locator("#panel-latency summary")
    table = page.locator("#panel-latency table")
    assert not table.is_visible()
    summary.focus()
    page.keyboard.press("Enter")
    assert table.is_visible()


def test_evidence_leads_to_its_event(browser: Any, file: Path) -> None:
    page = Seen(browser, file).page
    link = page.locator("main a[href^='#e']").last
    target = link.get_attribute("href")
    link.focus()
    page.keyboard.press("Enter")
    assert page.locator(f"{target}").is_visible()


def test_a_cell_of_faults_and_moments_leads_to_the_timeline_of_its_case(browser: Any, tmp_path: Path) -> None:
    page = Seen(browser, html.save(*under_faults(), tmp_path / "report.html")).page
    page.get_by_role("region", name="What came of each fault at each moment").get_by_role("link", name="FAILED").click()
    heading = page.get_by_role("heading", name="2. cache.stale at rollback (load 2, twice)")
    assert page.evaluate("location.hash") == "#case-2"
    assert 0 <= heading.bounding_box()["y"] < 800, "it is to be seen"
    assert page.locator("svg[aria-labelledby='t-axis-case-2 d-axis-case-2']").bounding_box()["width"] > 200


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_axe_finds_nothing_that_keeps_anybody_out(browser: Any, file: Path, scheme: str, width: int) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed (the dev extra)")
    context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme, bypass_csp=True)
    page = context.new_page()
    page.goto(file.as_uri())
    page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    found = axe.Axe().run(page).response["violations"]
    assert [(one["id"], [node["html"][:120] for node in one["nodes"][:3]]) for one in found] == []


def test_dark_is_dark_and_light_is_light(browser: Any, file: Path) -> None:
    colour = "getComputedStyle(document.body).backgroundColor"
    assert Seen(browser, file, scheme="light").page.evaluate(colour) == "rgb(255, 255, 255)"
    assert Seen(browser, file, scheme="dark").page.evaluate(colour) == "rgb(22, 24, 27)"
