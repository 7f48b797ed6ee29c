"""Proofs: what is brought up for them, and what counts as seen."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.selftest.corpus import Corpus, read
from harness.selftest.proving import Seen, tasks
from suites.selftest.selftest.corpora import DEFECT, small


@pytest.fixture
def corpus(tmp_path: Path) -> Corpus:
    """Three defects with the same calls of the deployer, one of them with looks that change something."""
    stack = small(tmp_path)
    for name, text in (("also", DEFECT), ("changing", DEFECT.replace("proof:\n", "proof:\n  changes: true\n"))):
        file = tmp_path / "defects" / name / "defect.yaml"
        file.parent.mkdir()
        file.write_text(text)
    return read(stack)


def brought_up(corpus: Corpus, *, stock: bool) -> list[tuple[str, list[str]]]:
    found = tasks(corpus.all, stock=stock)
    return [(one.overlay.name if one.overlay else "stock", [look[0] for look in one.looks]) for one in found]


def test_each_defect_gets_a_stack_and_a_variant_none(corpus: Corpus) -> None:
    own = [("also", ["also"]), ("changing", ["changing"]), ("wrong", ["wrong"])]
    assert brought_up(corpus, stock=False) == own


def test_looks_that_change_nothing_share_the_stock_and_others_have_one_of_their_own(corpus: Corpus) -> None:
    stock = [names for name, names in brought_up(corpus, stock=True) if name == "stock"]
    assert stock == [["changing"], ["also", "wrong"]]


@pytest.mark.parametrize(("output", "held"), [("release 4.1.1\n", True), ("release 4.1.0\n", False), ("", False)])
def test_a_look_holds_where_its_output_fits(output: str, held: bool) -> None:
    assert Seen("wrong", 1, False, r"4\.1\.1", output).held is held
