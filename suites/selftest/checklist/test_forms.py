"""The document for people: HTML, Markdown and the terminal show the same, and nothing in them acts."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import msgspec
import pytest

from harness.checklist import html, markdown, terminal, words
from harness.checklist.document import Checklist, Item, State, Tick
from suites.selftest.checklist.made import NOW, world

EVIL = "<script>alert(1)</script>\x1b[31m|`x`\u202e\n## h ::error::x [a](http://b)"


@pytest.fixture(scope="module")
def checklist(tmp_path_factory: pytest.TempPathFactory) -> Checklist:
    made = world(tmp_path_factory.mktemp("stack"))
    return made.make(made.run())


def forms(checklist: Checklist) -> dict[str, str]:
    return {
        "html": html.render(checklist),
        "markdown": markdown.render(checklist),
        "terminal": "\n".join(line for line, _ in terminal.lines(checklist)),
    }


def test_every_form_has_every_item_its_state_and_what_it_rests_on(checklist: Checklist) -> None:
    for name, text in forms(checklist).items():
        for item in checklist.items:
            assert item.key in text, (name, item.key)
        assert checklist.runs[0].sha256[:16] in text, name
        assert words.standing(checklist) in text, name


@pytest.mark.parametrize("state", [one for one in State if one is not State.TICKED])
def test_what_is_no_tick_has_the_sign_of_none_in_any_form(checklist: Checklist, state: State) -> None:
    item = Item("only", "suites", "Only this", state, "because")
    alone = msgspec.structs.replace(checklist, items=(item,))
    assert "0 of" in words.standing(alone)
    for name, text in forms(alone).items():
        assert "☑" not in text, name
        assert "[x]" not in text, name
        assert str(state) in text or name == "terminal", name
    assert 'class="standing pass"' not in html.render(alone)


def test_only_a_list_without_anything_open_is_shown_as_complete(checklist: Checklist) -> None:
    ticked = msgspec.structs.replace(checklist, items=checklist.of(State.TICKED))
    assert 'class="standing pass"' in html.render(ticked)
    assert 'class="standing pass"' not in html.render(checklist)
    assert 'class="standing pass"' not in html.render(msgspec.structs.replace(checklist, items=()))


def evil(checklist: Checklist) -> Checklist:
    """The same with hostile text wherever there may be text."""
    item = Item(
        "evil", "stack", EVIL, State.TICKED, EVIL, EVIL, EVIL, tick=Tick(EVIL, EVIL, NOW), valid_for=1.0, expires=NOW
    )
    stack = msgspec.structs.replace(checklist.stack, name=EVIL, to=EVIL)
    runs = tuple(msgspec.structs.replace(one, name=EVIL, outcome=EVIL) for one in checklist.runs)
    images = tuple(msgspec.structs.replace(one, service=EVIL) for one in checklist.images)
    return msgspec.structs.replace(checklist, items=(item,), stack=stack, runs=runs, images=images)


def test_hostile_text_is_inert_in_every_form(checklist: Checklist) -> None:
    found = forms(evil(checklist))
    for name, text in found.items():
        assert "\x1b" not in text, name
        assert "\u202e" not in text, name
        assert not re.search(r"^::error", text, re.MULTILINE), name
    assert "<script" not in found["html"]
    assert "<script" not in found["markdown"]
    assert "](http" not in found["markdown"]
    assert not re.search(r"^## h", found["markdown"], re.MULTILINE)


def test_no_line_of_the_terminal_is_longer_than_80_columns(checklist: Checklist) -> None:
    long = Item("long", "suites", "word " * 60 + "x" * 200, State.OPEN, "why " * 100, "who " * 40)
    many = msgspec.structs.replace(checklist, items=(*checklist.items, long))
    assert max(len(line) for line, _ in terminal.lines(many)) <= 80


def test_the_page_has_no_script_and_loads_nothing(checklist: Checklist) -> None:
    text = html.render(checklist)
    assert "default-src 'none'" in text
    assert not re.search(r"<script|src=|url\(|@import|<link|http-equiv=.refresh", text.replace("default-src=", ""))


def changes(item: Item, **given: Any) -> Item:
    return msgspec.structs.replace(item, **given)


def test_who_ticked_and_when_stands_beside_the_item(checklist: Checklist, tmp_path: Path) -> None:
    items = tuple(
        changes(one, state=State.TICKED, tick=Tick("ada", "told", NOW)) if one.key == "support-knows" else one
        for one in checklist.items
    )
    for name, text in forms(msgspec.structs.replace(checklist, items=items)).items():
        assert "ada, " in text or name == "terminal", name
