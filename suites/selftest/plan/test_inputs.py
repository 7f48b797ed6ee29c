"""What a stack is made of: its files and its parts, in one list."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from harness.errors import HarnessError
from harness.plan.inputs import (
    Changes,
    by_path,
    count,
    differing,
    digest_of,
    file_digest,
    inputs,
    migration_files,
    parts,
    recorded,
    shown,
)
from harness.plan.run import of_stack
from harness.stack import Stack, load
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
    stack = copied(tmp_path)
    monkeypatch.setenv("TINY_DEPLOYER", "lies")
    changes = differing(inputs(stack, (OLD, NEW)), inputs(load(stack.file), (OLD, NEW)))
    assert str(changes) == "(x-harness deployer) changed"


COMPOSE = """\
name: shop
services:
  web:
    build: web
    volumes: ["./conf:/etc/conf:ro", "./one.txt:/one.txt:ro", "OUTSIDE:/outside:ro", ".:/all:ro", "data:/data"]
  second: {build: web}
  own: {build: {context: web, dockerfile: ../Other}}
  bare: {image: "redis:7"}
volumes: {data: {}}
x-harness:
  releases: {"1.0": {}, "[1]": compose.1.yaml}
  checklist: {migrations: ["{release}/**/*.sql"]}
"""
FILES = {
    "compose.1.yaml": "services: {web: {environment: {A: b}}}\n",
    "web/Dockerfile": "FROM scratch\n", "web/deep/page": "page\n", "Other": "FROM scratch AS other\n",
    "conf/a": "a\n", "conf/deep/b": "b\n", "one.txt": "one\n",
    "1.0/001.sql": "SELECT 1;\n", "1.0/more/002.sql": "SELECT 2;\n", "[1]/003.sql": "SELECT 3;\n", "1/004.sql": ";\n",
}  # fmt: skip


def shop(directory: Path) -> Stack:
    """A stack that mounts, builds and migrates."""
    root = directory / "shop"
    for name, text in FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    (directory / "outside").mkdir()
    (directory / "outside" / "never").write_text("")
    (root / "web" / "link").symlink_to("deep/page")
    (root / "conf" / "link").symlink_to("a")
    (root / "1.0" / "folder.sql").mkdir()
    (root / "compose.yaml").write_text(COMPOSE.replace("OUTSIDE", str(directory / "outside")))
    return load(root / "compose.yaml", environ={})


def sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def files_of(lines: tuple[str, ...]) -> dict[str, str]:
    return {path: digest for path, digest in by_path(lines).items() if not path.startswith("(")}


def test_what_is_built_mounted_and_migrated_is_listed_with_the_digest_of_its_bytes(tmp_path: Path) -> None:
    stack = shop(tmp_path)
    expected = {name: sha(text) for name, text in FILES.items() if name != "1/004.sql"}
    expected["compose.yaml"] = sha(stack.file.read_text())
    expected["web/link"] = sha("-> deep/page")
    assert files_of(inputs(stack, ("1.0", "[1]"))) == expected


def test_only_what_the_releases_need_is_listed(tmp_path: Path) -> None:
    found = files_of(inputs(shop(tmp_path), ("1.0",)))
    assert {"compose.1.yaml", "[1]/003.sql"} & found.keys() == set()
    assert found.keys() >= {"1.0/001.sql", "conf/a"}


def test_a_star_stands_for_every_release_whatever_migrates(tmp_path: Path) -> None:
    every = ("1.0/001.sql", "1.0/more/002.sql", "1/004.sql", "[1]/003.sql")
    assert migration_files(shop(tmp_path), "*") == every


def test_a_context_of_very_many_files_is_one_line_that_changes_with_any_of_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stack = shop(tmp_path)
    in_context = 3  # the Dockerfile, the page and the link
    monkeypatch.setattr("harness.plan.inputs.MAX_FILES", in_context)
    assert "web/deep/page" in files_of(inputs(stack, ("1.0",)))
    (stack.file.parent / "web" / "fourth").touch()
    before = files_of(inputs(stack, ("1.0",)))
    assert {path for path in before if path.startswith("web")} == {"web/ (4 files)", "web/Dockerfile"}
    (stack.file.parent / "web" / "deep" / "page").write_text("changed\n")
    after = files_of(inputs(stack, ("1.0",)))
    assert {path for path in before if after[path] != before[path]} == {"web/ (4 files)"}


def test_a_mounted_directory_that_holds_too_much_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stack = shop(tmp_path)
    monkeypatch.setattr("harness.plan.inputs.MAX_FILES", 4)
    for name in ("c", "d"):
        (stack.file.parent / "conf" / name).touch()
    assert "conf/d" in files_of(inputs(stack, ("1.0",)))
    (stack.file.parent / "conf" / "e").touch()
    with pytest.raises(HarnessError, match="holds too much") as caught:
        inputs(stack, ("1.0",))
    assert (caught.value.where, caught.value.got) == (str(stack.file.parent / "conf"), "more than 4 files")
    assert caught.value.hint


def test_a_dockerfile_that_is_gone_is_said_with_its_service(tmp_path: Path) -> None:
    stack = shop(tmp_path)
    (stack.file.parent / "Other").unlink()
    with pytest.raises(HarnessError, match="The Dockerfile of service `own`"):
        inputs(stack, ("1.0",))


def test_a_file_that_is_too_large_or_none_is_refused_by_its_name(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("1234")
    assert file_digest(path, most=4) == sha("1234")
    with pytest.raises(HarnessError, match="too large") as caught:
        file_digest(path, most=3)
    assert (caught.value.where, caught.value.expected) == (str(path), "3 bytes or less")
    path.unlink()
    with pytest.raises(HarnessError, match="A file of the checklist") as caught:
        file_digest(path)
    assert type(caught.value) is HarnessError
    assert (caught.value.where, caught.value.got) == (str(path), "No such file or directory")


def test_a_name_that_is_no_text_is_shown_inert(tmp_path: Path) -> None:
    assert shown(tmp_path / os.fsdecode(b"caf\xe9"), tmp_path) == "caf\\udce9"
    assert shown(tmp_path / "a", tmp_path / "b") == "../a"


def test_a_link_to_a_name_that_is_no_text_has_the_digest_of_its_bytes(tmp_path: Path) -> None:
    stack = shop(tmp_path)
    (stack.file.parent / "web" / "odd").symlink_to(os.fsdecode(b"caf\xe9"))
    assert files_of(inputs(stack, ("1.0",)))["web/odd"] == hashlib.sha256(b"-> caf\xe9").hexdigest()


def test_a_mounted_path_at_which_there_is_nothing_has_no_line(tmp_path: Path) -> None:
    stack = shop(tmp_path)
    (stack.file.parent / "one.txt").unlink()
    assert "one.txt" not in files_of(inputs(stack, ("1.0",)))


def test_two_lists_differ_by_what_changed_what_is_new_and_what_is_gone() -> None:
    changes = differing(["1  same", "1  other  gap", "1  left"], ["1  same", "2  other  gap", "2  came"])
    assert changes == Changes(("other  gap",), ("came",), ("left",))
    assert str(changes) == "other  gap changed; came new; left gone"
    assert [bool(one) for one in (Changes((), (), ()), Changes(("a",), (), ()))] == [False, True]
    assert [bool(one) for one in (Changes((), ("a",), ()), Changes((), (), ("a",)))] == [True, True]


def test_of_many_changes_three_are_named_and_the_others_counted() -> None:
    assert str(Changes(("a", "b", "c"), (), ())) == "a, b, c changed"
    assert str(Changes((), tuple("abcde"), ())) == "a, b, c and 2 more new"


def test_a_line_that_is_none_is_left_out() -> None:
    assert by_path(["1  a", "", "nothing", "1 a", "1  "]) == {"a": "1"}


def test_a_list_has_one_digest_that_is_that_of_a_file_of_its_lines() -> None:
    assert digest_of(["1  a", "2  b\udce9"]) == hashlib.sha256(b"1  a\n2  b\xe9\n").hexdigest()


def test_the_parts_of_the_releases_that_are_asked_for_are_recorded_where_a_file_is_gone(tmp_path: Path) -> None:
    stack = shop(tmp_path)
    (stack.file.parent / "one.txt").unlink()
    (stack.file.parent / "web" / "Dockerfile").unlink()
    assert parts(recorded(stack, ("1.0",))) == digests(stack, ("1.0",)) != digests(stack)
