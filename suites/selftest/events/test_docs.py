"""docs/history.md has every kind and every field, as the structs say."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from harness.events import kinds
from harness.events.docs import comments, main, written
from harness.events.probe import ProbeRelease

HISTORY = Path(__file__).parents[3] / "docs" / "history.md"


def test_the_document_is_up_to_date() -> None:
    text = HISTORY.read_text(encoding="utf-8")
    assert text == written(text), "run: python -m harness.events.docs docs/history.md"


@pytest.mark.parametrize("kind", kinds())
def test_every_field_says_what_it_holds(kind: str) -> None:
    body = kinds()[kind]
    assert body.__doc__
    said = {name: words for one in body.__mro__ for name, words in comments(one)}
    assert [field.name for field in msgspec.structs.fields(body) if not said.get(field.name)] == []


def test_what_is_written_is_written_in_place(tmp_path: Path) -> None:
    old = HISTORY.read_text(encoding="utf-8")
    path = tmp_path / "history.md"
    path.write_text(old.replace("| `deployer.line` | | |", "| `gone` | | |"), encoding="utf-8")
    main([str(path)])
    assert path.read_text(encoding="utf-8") == old


def test_a_comment_beside_or_above_a_field_is_its_words() -> None:
    assert dict(comments(ProbeRelease))["release"] == "its answer"
