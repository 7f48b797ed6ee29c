"""What a stack says, as digests: the same wherever it lies, and another one where it says something else."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from fixtures import tiny
from harness.stack import load
from harness.stack.digest import changed, digests


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the tiny stack, elsewhere."""
    return Path(shutil.copytree(tiny.STACK.parent, tmp_path / "elsewhere")) / tiny.STACK.name


def of(file: Path, **environ: str) -> dict[str, str]:
    return digests(load(file, environ=environ))


def test_it_does_not_matter_where_a_stack_lies(copy: Path) -> None:
    assert of(copy) == of(tiny.STACK)


def test_what_another_variable_makes_of_it_is_another_stack(copy: Path) -> None:
    assert changed(of(copy), of(copy, TINY_DEPLOYER="lies")) != []


def test_the_part_that_was_changed_is_named(copy: Path) -> None:
    before = of(copy)
    copy.write_text(copy.read_text().replace("name: tiny", "name: tiny\n# a remark"))
    assert changed(before, of(copy)) == []
    copy.write_text(copy.read_text().replace("  control:\n", "  control:\n    hostname: other\n", 1))
    assert changed(before, of(copy)) == ["service control"]


def test_a_part_that_came_or_went_is_named() -> None:
    assert changed({"a": "1", "b": "2"}, {"b": "2", "c": "3"}) == ["a", "c"]
