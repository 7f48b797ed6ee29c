"""Overlays: what they make of a stock stack, and that they are refused where it has changed."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from harness.errors import UsageError
from harness.selftest.corpus import read
from suites.selftest.selftest.corpora import DEFECT, small


def test_an_edit_changes_a_copy_and_not_the_stock(tmp_path: Path) -> None:
    stack = small(tmp_path / "stock")
    corpus = read(stack)
    file, overrides = corpus.stack_of(corpus["wrong"], tmp_path / "copy")
    assert (file.parent / "app/answer.py").read_text() == "ANSWER = 41  # why\n"
    assert (stack.parent / "app/answer.py").read_text() == "ANSWER = 42  # why\n"
    assert overrides == ()


def test_the_stock_alone_is_a_copy_without_overlays(tmp_path: Path) -> None:
    stack = small(tmp_path / "stock")
    read(stack).stack_of(None, tmp_path / "copy")
    files = {str(path.relative_to(tmp_path / "copy")) for path in (tmp_path / "copy").rglob("*") if path.is_file()}
    assert files == {"compose.yaml", "app/answer.py"}


@pytest.mark.parametrize("stock", ["ANSWER = 43\n", "ANSWER = 42\nANSWER = 42\n", "ANSWER=42\n"])
def test_an_edit_whose_text_the_stock_has_not_or_more_often_is_refused(tmp_path: Path, stock: str) -> None:
    stack = small(tmp_path / "stock")
    (stack.parent / "app/answer.py").write_text(stock)
    corpus = read(stack)
    with pytest.raises(UsageError) as caught:
        corpus.stack_of(corpus["wrong"], tmp_path / "copy")
    assert caught.value.what == "The overlay does not fit the stock any more"
    assert "edit 1: answer.py has this" in str(caught.value)
    assert "defects/wrong" in str(caught.value)


@pytest.mark.parametrize("name", ["app/gone.py", "../stock/app/answer.py", "app"])
def test_an_edit_of_what_is_no_file_of_the_stock_is_refused(tmp_path: Path, name: str) -> None:
    corpus = read(small(tmp_path / "stock", DEFECT.replace("app/answer.py", name)))
    with pytest.raises(UsageError, match=f"no {name}"):
        corpus.stack_of(corpus["wrong"], tmp_path / "copy")


def test_one_edit_may_be_made_in_several_files_and_several_times(tmp_path: Path) -> None:
    text = DEFECT.replace("in: app/answer.py, old", "in: [app/answer.py, app/other.py], times: 2, old")
    stack = small(tmp_path / "stock", text)
    for name in ("answer.py", "other.py"):
        (stack.parent / "app" / name).write_text("ANSWER = 42\nANSWER = 42\n")
    corpus = read(stack)
    file, _ = corpus.stack_of(corpus["wrong"], tmp_path / "copy")
    assert (file.parent / "app/other.py").read_text() == "ANSWER = 41\nANSWER = 41\n"


def test_files_are_added_and_never_laid_over_those_of_the_stock(tmp_path: Path) -> None:
    stack = small(tmp_path / "stock")
    added = stack.parent / "defects/wrong/files/app/more.py"
    added.parent.mkdir(parents=True)
    added.write_text("MORE = 1\n")
    corpus = read(stack)
    file, _ = corpus.stack_of(corpus["wrong"], tmp_path / "one")
    assert (file.parent / "app/more.py").read_text() == "MORE = 1\n"
    (added.parent / "answer.py").write_text("ANSWER = 1\n")
    with pytest.raises(UsageError, match=r"files/app/answer\.py: the stock has this file"):
        corpus.stack_of(corpus["wrong"], tmp_path / "two")


def test_a_compose_override_gets_a_name_that_says_nothing(tmp_path: Path) -> None:
    stack = small(tmp_path / "stock", DEFECT + "overrides: [more.yaml]\n")
    corpus = read(stack)
    with pytest.raises(UsageError, match=r"no more\.yaml"):
        corpus.stack_of(corpus["wrong"], tmp_path / "one")
    (stack.parent / "defects/wrong/more.yaml").write_text("services: {app: {init: true}}\n")
    _, overrides = corpus.stack_of(corpus["wrong"], tmp_path / "two")
    assert [path.name for path in overrides] == ["override-1.yaml"]


@pytest.mark.parametrize("key", [key for key in yaml.safe_load(DEFECT) if key != "edits"])
def test_a_defect_says_everything_that_there_is_to_say(tmp_path: Path, key: str) -> None:
    without = {name: value for name, value in yaml.safe_load(DEFECT).items() if name != key}
    with pytest.raises(UsageError, match=f"{key}: Field required"):
        read(small(tmp_path, yaml.safe_dump(without)))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (DEFECT.replace("class: 4", "class: 24"), "class: Input should be less than or equal to 23"),
        (DEFECT.replace("suffers: Everybody.", "suffers: ''"), "suffers: String should have at least 1 character"),
        (DEFECT + "data: disk\n", "data: Input should be"),
        (DEFECT + "ways: 2\n", "ways: Extra inputs are not permitted"),
        (DEFECT.replace('shows: "41"', 'shows: ""'), "proof.looks.0.shows: String should have at least 1 character"),
        ("- a list\n", "the file: Input should be"),
    ],
)
def test_a_file_of_a_defect_that_is_none_is_told_with_its_key(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        read(small(tmp_path, text))
    assert caught.value.got is not None
    assert caught.value.got.startswith(said)


def test_a_corpus_without_anything_harmless_is_refused(tmp_path: Path) -> None:
    stack = small(tmp_path)
    (tmp_path / "variants/comment/variant.yaml").unlink()
    with pytest.raises(UsageError, match="1 defects, 0 variants"):
        read(stack)


def test_a_gate_may_be_told_to_soak(tmp_path: Path) -> None:
    declared = read(small(tmp_path, DEFECT + "gate: [--soak, 5m]\n"))["wrong"].declared
    assert (declared.gate, declared.soak) == (("--soak", "5m"), 300.0)
    assert read(small(tmp_path, DEFECT))["wrong"].declared.soak == 0.0


@pytest.mark.parametrize(
    "words", ["[--hold, '9']", "[--soak, 5m, --hold, '9']", "[--soak]", "[--soak, soon]", "--soak=5m"]
)
def test_a_gate_may_be_told_nothing_but_to_soak(tmp_path: Path, words: str) -> None:
    with pytest.raises(UsageError) as caught:
        read(small(tmp_path, DEFECT + f"gate: {words}\n"))
    assert "gate" in str(caught.value)
    assert "defects/wrong" in str(caught.value)
