"""What a stack is made of: its files and its parts, in one list."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.plan.inputs import by_path, count, differing, inputs, parts, recorded
from harness.plan.run import of_stack
from harness.stack.digest import digests
from suites.selftest.plan.made import NEW, OLD
from suites.selftest.plan.test_saved import copied


def test_a_run_records_files_and_parts_of_its_stack_once(tmp_path: Path) -> None:
    stack = copied(tmp_path)
    said = of_stack(stack)
    assert set(said) == {"stack", "file", "overrides", "files"}
    assert said["files"] == inputs(stack, (OLD, NEW))
    assert {"compose.yaml", "compose.1.1.0.yaml", "images/app/web.py", "(service web)"} <= by_path(said["files"]).keys()
    assert parts(said["files"]) == digests(stack)
    assert count(said["files"]) == len(said["files"]) - len(digests(stack))


def test_a_release_that_the_run_has_nothing_to_do_with_is_left_out(tmp_path: Path) -> None:
    found = by_path(of_stack(copied(tmp_path), (OLD,))["files"])
    assert "compose.1.1.0.yaml" not in found
    assert not [path for path in found if "of release" in path]


def test_where_a_file_cannot_be_read_the_parts_are_recorded_alone(tmp_path: Path) -> None:
    stack = copied(tmp_path)
    (tmp_path / "tiny" / "images" / "app" / "Dockerfile").unlink()
    found = recorded(stack, (OLD, NEW))
    assert (count(found), parts(found)) == (0, digests(stack))


def test_a_variable_changes_a_part_and_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from harness.stack import load

    stack = copied(tmp_path)
    monkeypatch.setenv("TINY_DEPLOYER", "lies")
    changes = differing(inputs(stack, (OLD, NEW)), inputs(load(stack.file), (OLD, NEW)))
    assert str(changes) == "(x-harness deployer) changed"
