"""Files as `find`, `stat` and `sha256sum` tell them, with names of any kind."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from harness.environment.fingerprint import files
from harness.environment.fingerprint.sections import Section, Sections
from harness.fingerprint import StatePart
from suites.selftest.fingerprint.answers import asked, section

NAMES = [b"plain", b"with space", b"with\nnewline", b"quote'\"s", b"\xff\xfe", b"-rf", "é".encode(), b"back\\slash"]
HASH = hashlib.sha256(b"12345").hexdigest()


def look(*paths: Path, ignore: tuple[str, ...] = ()) -> StatePart:
    sections = Sections()
    files.ask(sections, [str(path) for path in paths], ignore)
    return files.read(asked(sections))


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "srv"
    root.mkdir()
    for name in NAMES:
        Path(os.fsdecode(bytes(root) + b"/" + name)).write_bytes(b"12345")
    (root / "current").symlink_to("releases/4.1.0")
    (root / "empty").mkdir(mode=0o700)
    (root / "plain").chmod(0o640)
    return root


def test_every_file_is_told_with_type_mode_owner_size_hash_and_target(tree: Path) -> None:
    items = look(tree).items
    assert items is not None
    assert len(items) == len(NAMES) + 3
    assert items[f"{tree}/plain"] == {
        "type": "file", "mode": "0640", "owner": f"{os.geteuid()}:{os.getegid()}", "size": 5, "sha256": HASH,
    }  # fmt: skip
    assert items[f"{tree}/current"]["target"] == "releases/4.1.0"
    assert items[f"{tree}/empty"]["mode"] == "0700"
    assert all(one["sha256"] == HASH for one in items.values() if one["type"] == "file")


def test_a_name_of_any_bytes_is_one_item(tree: Path) -> None:
    items = look(tree).items or {}
    assert f"{tree}/with\nnewline" in items
    assert f"{tree}/\\xff\\xfe" in items
    assert f"{tree}/-rf" in items


def test_what_is_ignored_is_not_there_with_what_is_below_it(tree: Path) -> None:
    items = look(tree, ignore=("with*", f"{tree}/empty")).items or {}
    assert not any("with" in path for path in items)
    assert f"{tree}/empty" not in items
    assert f"{tree}/plain" in items


def test_a_declared_path_that_is_not_there_is_noted(tree: Path) -> None:
    part = look(tree, tree / "nothing")
    assert part.error is None
    assert part.note == f"{tree}/nothing is not there"


def test_a_declared_path_may_be_a_dangling_link(tree: Path) -> None:
    part = look(tree / "current")
    assert (part.note, list(part.items or {})) == (None, [f"{tree}/current"])


def test_more_files_than_can_be_compared_are_an_error_and_no_sample(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "MAX_FILES", 5)
    part = look(tree)
    assert part.items is None
    assert "more than 5 files" in (part.error or "")


@pytest.mark.parametrize("missing", ["files.missing", "files.gnu", "files.hashes", "files.names"])
def test_a_torn_answer_is_an_error(missing: str) -> None:
    every = ("files.missing", "files.gnu", "files.hashes", "files.names", "files.stats", "files.links")
    found: dict[str, Section] = {name: section(b"") for name in every if name != missing}
    assert files.read(found) == StatePart(None, f"{missing} was not answered")


def answer(**texts: bytes) -> dict[str, Section]:
    found = {f"files.{name}": section(b"") for name in ("missing", "gnu", "hashes", "names", "stats", "links")}
    return found | {f"files.{name}": section(text) for name, text in texts.items()}


def test_a_file_that_could_not_be_read_is_an_error_and_not_an_empty_hash() -> None:
    found = answer(gnu=b"f\x00644\x000:0\x005\0\0/srv/x\0")
    found["files.hashes"] = section(b"", b"sha256sum: /srv/x: Permission denied\n", 123)
    assert files.read(found).error == "/srv/x could not be read: sha256sum: /srv/x: Permission denied"


def test_of_a_large_file_only_the_size_is_compared_and_that_is_said() -> None:
    part = files.read(answer(gnu=b"f\x00644\x000:0\x00%d\0\0/srv/big\0" % (70 << 20)))
    assert part.items == {"/srv/big": {"type": "file", "owner": "0:0", "mode": "0644", "size": 70 << 20, "sha256": ""}}
    assert "only the size is compared (/srv/big)" in (part.note or "")


def test_what_busybox_says_is_read_as_what_gnu_says() -> None:
    found = answer(
        names=b"/srv/x\0/srv/l\0",
        stats=b"81a4 0:0 5\na1ff 0:0 3\n",
        links=b"/srv/l\0x\n\0",
        hashes=f"{HASH}  /srv/x\n".encode(),
    )
    assert files.read(found).items == {
        "/srv/l": {"type": "link", "owner": "0:0", "target": "x"},
        "/srv/x": {"type": "file", "owner": "0:0", "mode": "0644", "size": 5, "sha256": HASH},
    }


def test_files_that_came_or_went_while_busybox_listed_them_are_an_error() -> None:
    assert "came and went" in (files.read(answer(names=b"/a\0/b\0", stats=b"81a4 0:0 5\n")).error or "")
