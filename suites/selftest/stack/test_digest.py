"""Digests of a stack: what changes them, and what does not."""

from __future__ import annotations

import shutil
from pathlib import Path

from fixtures import tiny
from harness.stack import load
from harness.stack.digest import changed, digests

STACK = """
name: small
services:
  web:
    image: web:1
    environment: {DB_PASSWORD: "PASSWORD"}
x-harness:
  entrypoint: web:80
  releases: {"1.0": {}, "1.1": next.yaml}
"""


def written(directory: Path, text: str = STACK, following: str = "services: {web: {image: 'web:2'}}\n") -> Path:
    directory.mkdir(exist_ok=True)
    (directory / "compose.yaml").write_text(text)
    (directory / "next.yaml").write_text(following)
    return directory / "compose.yaml"


def test_the_same_stack_has_the_same_digests_wherever_it_lies_and_however_it_is_laid_out(tmp_path: Path) -> None:
    one = digests(load(written(tmp_path / "a"), environ={}))
    assert one == digests(load(written(tmp_path / "b", STACK + "\n# a comment\n"), environ={}))
    assert changed(one, one) == []


def test_neither_does_it_matter_where_its_build_contexts_lie(tmp_path: Path) -> None:
    copy = Path(shutil.copytree(tiny.STACK.parent, tmp_path / "elsewhere")) / tiny.STACK.name
    assert digests(load(copy, environ={})) == digests(load(tiny.STACK, environ={}))


def test_what_changed_is_named(tmp_path: Path) -> None:
    before = digests(load(written(tmp_path / "a"), environ={}))
    now = digests(load(written(tmp_path / "b", STACK.replace("web:80", "web:81")), environ={}))
    assert changed(before, now) == ["x-harness entrypoint"]


def test_what_a_release_changes_counts_too(tmp_path: Path) -> None:
    before = digests(load(written(tmp_path / "a"), environ={}))
    now = digests(load(written(tmp_path / "b", following="services: {web: {image: 'web:3'}}\n"), environ={}))
    assert changed(before, now) == ["service web of release 1.1"]


def test_a_variable_that_a_file_uses_counts_too() -> None:
    before, now = (digests(load(tiny.STACK, environ={"TINY_DEPLOYER": mode})) for mode in ("good", "lies"))
    assert changed(before, now) == ["x-harness deployer"]


def test_no_digest_depends_on_a_secret(tmp_path: Path) -> None:
    one, other = (
        digests(
            load(written(tmp_path / name, STACK.replace("PASSWORD}", name).replace('"PASSWORD"', name)), environ={})
        )
        for name in ("hunter2-hunter2", "correct-horse")
    )
    assert one == other


def test_a_part_that_is_new_or_gone_is_a_change() -> None:
    assert changed({"a": "1", "b": "2"}, {"b": "2", "c": "3"}) == ["a", "c"]
