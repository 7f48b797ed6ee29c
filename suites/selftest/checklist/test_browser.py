"""The page as people see it: in Chromium, on paper, by keyboard, wide and narrow, light and dark."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from harness.checklist import html
from harness.checklist.document import Checklist, Evidence, Item, Signature, State, Tick
from harness.checklist.words import SOURCES
from harness.files import write
from suites.selftest.checklist.made import NOW, world


def usual(root: Path) -> Checklist:
    """A usual release: the gate's questions, six items of the team, three migrations, three signatures."""
    made = world(root)
    base = made.make(made.run())
    ran = (Evidence("run", "passed", "20260102-030405-57b1", NOW),)
    items = [msgspec.structs.replace(one, evidence=ran) if one.key.startswith("gate.") else one for one in base.items]
    for number in range(1, 5):
        tick = Tick("ada", "told them at 14:00, in the channel where they look", NOW)
        items.append(
            Item(
                f"team-{number}", "stack", "The people on call know when it goes out, and how to take it back",
                State.TICKED, tick.why, "the release manager", "in April 2012 customers told us first",
                tick=tick, expires=NOW + 86400,
            )
        )  # fmt: skip
        why = "squawk 2.70.0 finds no one-way door, 2 remarks"
        items.append(
            Item(f"release.migration.00{number}", "releases", f"Migration 00{number}_more.sql is no one-way door",
                 State.TICKED, why, evidence=(Evidence("linter", why, "squawk"),), expires=NOW + 86400)
        )  # fmt: skip
    signatures = tuple(
        Signature(name, NOW, "A" * 44, "0" * 64, {one.key: "0" * 64 for one in items}, "A" * 88)
        for name in ("ada", "bob", "eve")
    )
    services = ("backend", "cache", "control", "database", "lb")
    images = tuple(msgspec.structs.replace(base.images[0], service=name) for name in services)
    return msgspec.structs.replace(base, items=tuple(items), signatures=signatures, images=images)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("checklist")
    return write(root / "checklist.html", html.render(usual(root / "stack")))


def test_a_usual_release_prints_on_one_page_of_a4_and_all_of_it_is_there(
    browser: Any, file: Path, tmp_path: Path
) -> None:
    page = browser.new_page()
    page.goto(file.as_uri())
    page.pdf(path=tmp_path / "page.pdf", prefer_css_page_size=True)
    pypdf = pytest.importorskip("pypdf", reason="pypdf is not installed (the dev extra has it)")
    pages = pypdf.PdfReader(tmp_path / "page.pdf").pages
    assert len(pages) == 1
    assert (round(float(pages[0].mediabox.width)), round(float(pages[0].mediabox.height))) == (595, 842)
    text = " ".join(pages[0].extract_text().split())
    for words in (
        "gate.deployed",
        "gate.all",
        "team-4",
        "release.images",
        "signed" if "signed" in text else "ada",
        "eve",
    ):
        assert words in text


def test_nothing_is_cut_off_on_paper(browser: Any, file: Path) -> None:
    page = browser.new_page(viewport={"width": 703, "height": 1000})
    page.emulate_media(media="print")
    page.goto(file.as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") <= 703
    clipped = "[...document.querySelectorAll('.scroll')].filter(one => one.scrollWidth > one.clientWidth + 1).length"
    assert page.evaluate(clipped) == 0


def test_it_opens_without_a_network_and_without_a_complaint(browser: Any, file: Path) -> None:
    page = browser.new_page()
    asked: list[str] = []
    complaints: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: complaints.append(message.text))
    page.goto(file.as_uri())
    assert (asked, complaints) == ([file.as_uri()], [])


@pytest.mark.parametrize("width", [1280, 768, 390, 320])
def test_nothing_scrolls_sideways_but_tables_by_themselves(browser: Any, file: Path, width: int) -> None:
    page = browser.new_page(viewport={"width": width, "height": 800})
    page.goto(file.as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    box = page.get_by_text("ticked").first.bounding_box()
    assert box is not None
    assert box["y"] < 800


def test_the_keyboard_reaches_what_is_not_ticked_first_and_then_every_table(browser: Any, file: Path) -> None:
    page = browser.new_page()
    page.goto(file.as_uri())
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the first item that is not ticked"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id || location.hash.slice(1)") == "support-knows"
    assert page.locator("tr.open").first.is_visible()
    page.goto(file.as_uri())
    reached = []
    for _ in range(8):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.getAttribute('aria-label')"))
    assert {title for _, title in SOURCES} <= set(reached)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_axe_finds_nothing_that_keeps_anybody_out(browser: Any, file: Path, scheme: str, width: int) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed (the dev extra)")
    context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme, bypass_csp=True)
    page = context.new_page()
    page.goto(file.as_uri())
    found = axe.Axe().run(page).response["violations"]
    assert [(one["id"], [node["html"][:120] for node in one["nodes"][:3]]) for one in found] == []


def test_the_state_of_an_item_is_read_aloud_and_not_only_drawn(browser: Any, file: Path) -> None:
    page = browser.new_page()
    page.goto(file.as_uri())
    row = page.locator("#runbook")
    assert "unknown" in row.inner_text()
    assert row.locator("[aria-hidden=true]").inner_text() == "?"
