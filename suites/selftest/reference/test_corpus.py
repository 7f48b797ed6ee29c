"""The corpus of the reference stack: every folder says what it has to, and lies over today's stock."""

from __future__ import annotations

import ast
import re
import tomllib
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from fixtures.reference import STACK
from harness.selftest import record
from harness.selftest.corpus import Overlay, read
from harness.selftest.overlay import copy_stock
from harness.stack import load

CORPUS = read(STACK)
DOCUMENT = STACK.parent.parent.parent / "docs/detection.md"
NO_PUBLIC_NUMBER = 4  # most defects that may be modelled on something without a number or a year


@cache
def stock(directory: Path) -> dict[str, bytes]:
    copied = copy_stock(STACK, directory / "stock").parent
    return {str(path.relative_to(copied)): path.read_bytes() for path in copied.rglob("*") if path.is_file()}


@cache
def laid(name: str, directory: Path) -> tuple[Path, tuple[Path, ...]]:
    return CORPUS.stack_of(CORPUS[name], directory / f"stack-{CORPUS.all.index(CORPUS[name])}")


def named(overlays: tuple[Overlay, ...]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("one", overlays, ids=[one.name for one in overlays])


def test_the_corpus_is_as_large_as_it_is_meant_to_be() -> None:
    assert len(CORPUS.defects) >= 50
    assert len(CORPUS.variants) >= 20


def test_every_class_has_a_defect_and_a_third_of_them_is_about_data() -> None:
    classes = Counter(one.defect.class_ for one in CORPUS.defects if one.defect)
    assert sorted(classes) == list(range(1, 24))
    data = [one for one in CORPUS.defects if one.defect and one.defect.data]
    assert 0.3 <= len(data) / len(CORPUS.defects) <= 0.45
    assert {one.defect.data for one in data if one.defect} == {"cache", "queue", "schema", "records"}


@named(CORPUS.all)
def test_an_overlay_fits_the_stock_of_today_and_makes_another_one_that_can_be_read(
    one: Overlay, tmp_path_factory: pytest.TempPathFactory
) -> None:
    file, overrides = laid(one.name, tmp_path_factory.getbasetemp())
    same = stock(tmp_path_factory.getbasetemp())
    changed = [
        path
        for path in file.parent.rglob("*")
        if path.is_file() and path.read_bytes() != same.get(str(path.relative_to(file.parent)))
    ]
    assert changed or overrides
    for path in changed:
        if path.suffix == ".py":
            ast.parse(path.read_text())
        if path.suffix == ".toml":
            tomllib.loads(path.read_text())
    assert load(file, overrides).harness.releases.keys() == {"4.1.0", "4.1.1"}


@named(CORPUS.all)
def test_a_gate_is_not_told_what_was_done_to_its_stack(one: Overlay, tmp_path_factory: pytest.TempPathFactory) -> None:
    file, overrides = laid(one.name, tmp_path_factory.getbasetemp())
    assert one.name not in str([file, *overrides])
    assert overrides or not list(file.parent.rglob(one.name)), "nor by a folder"
    assert not list(file.parent.rglob("defect.yaml"))
    assert not list(file.parent.rglob("variant.yaml"))


@named(CORPUS.defects)
def test_a_defects_expressions_can_be_read_and_its_proof_tells_it_from_the_stock(one: Overlay) -> None:
    assert one.defect is not None
    for pattern in one.defect.named_by:
        re.compile(pattern)
    looks = one.defect.proof.looks
    for look in looks:
        re.compile(look.shows), re.compile(look.stock)
    assert any(look.shows != look.stock for look in looks)


def test_what_a_defect_is_modelled_on_can_be_looked_up() -> None:
    models = [model for one in CORPUS.defects if one.defect for model in one.defect.modelled_on]
    without = [model for model in models if not re.search(r"#\d+|\d{4}|INC-\d+", model)]
    assert len(without) <= NO_PUBLIC_NUMBER, without


def test_the_table_in_the_document_is_that_of_what_was_measured() -> None:
    text = DOCUMENT.read_text()
    inside = text.partition(record.BEGIN)[2].partition(record.END)[0]
    expected = record.page(CORPUS, record.load(CORPUS), "harness selftest detection fixtures/reference/compose.yaml")
    assert inside.strip() == expected.strip(), (
        "python -m harness.selftest.record fixtures/reference/compose.yaml docs/detection.md"
    )
