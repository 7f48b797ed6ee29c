from __future__ import annotations

import io
import os
import socket
import tarfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.engine import context
from harness.engine.context import DOCKERFILE, BuildSpec, _content_digest, digest, entries, pack
from harness.errors import ContextError, ImageError

AMD = "linux/amd64"


@pytest.fixture
def spec(tmp_path: Path) -> BuildSpec:
    root = tmp_path / "context"
    (root / "sub").mkdir(parents=True)
    (root / "Dockerfile").write_text("FROM scratch\n")
    (root / "sub" / "file").write_text("content")
    (root / "sub" / "file").chmod(0o644)
    (root / "link").symlink_to("sub/file")
    return BuildSpec("x", root)


def test_the_same_inputs_have_the_same_hash_wherever_they_are(spec: BuildSpec, tmp_path: Path) -> None:
    copy = tmp_path / "elsewhere"
    (copy / "sub").mkdir(parents=True)
    (copy / "link").symlink_to("sub/file")
    (copy / "sub" / "file").write_text("content")
    (copy / "Dockerfile").write_text("FROM scratch\n")
    assert digest(spec, AMD) == digest(replace(spec, context=copy, name="y", service="z"), AMD)


CHANGES = {
    "a byte": lambda root: (root / "sub/file").write_text("contenT"),
    "a mode": lambda root: (root / "sub/file").chmod(0o755),
    "a name": lambda root: (root / "sub/file").rename(root / "sub/File"),
    "a link's target": lambda root: ((root / "link").unlink(), (root / "link").symlink_to("sub")),
    "a new file": lambda root: (root / "new").touch(),
    "a new directory": lambda root: (root / "new").mkdir(),
    "a file gone": lambda root: (root / "sub/file").unlink(),
    "the Dockerfile": lambda root: (root / "Dockerfile").write_text("FROM scratch\n\n"),
    "a file for a link": lambda root: ((root / "link").unlink(), (root / "link").write_text("content")),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_every_change_of_the_context_changes_the_hash(spec: BuildSpec, change) -> None:  # type: ignore[no-untyped-def]
    before = digest(spec, AMD)
    change(spec.context)
    assert digest(spec, AMD) != before


def test_arguments_target_and_platform_are_in_the_hash(spec: BuildSpec) -> None:
    variants = [
        digest(spec, AMD),
        digest(replace(spec, args={"A": "1"}), AMD),
        digest(replace(spec, args={"A": "2"}), AMD),
        digest(replace(spec, target="one"), AMD),
        digest(spec, "linux/arm64"),
    ]
    assert len(set(variants)) == len(variants)


def test_the_order_of_arguments_is_not_in_the_hash(spec: BuildSpec) -> None:
    one, two = {"A": "1", "B": "2"}, {"B": "2", "A": "1"}
    assert digest(replace(spec, args=one), AMD) == digest(replace(spec, args=two), AMD)


def test_what_a_umask_decides_is_not_in_the_hash(spec: BuildSpec) -> None:
    before = digest(spec, AMD)
    (spec.context / "sub/file").chmod(0o664)
    assert digest(spec, AMD) == before


def test_what_is_ignored_is_neither_sent_nor_in_the_hash(spec: BuildSpec) -> None:
    (spec.context / ".dockerignore").write_text("sub\n!sub/kept\n")
    (spec.context / "sub" / "kept").write_text("kept")
    before = digest(spec, AMD)
    (spec.context / "sub" / "file").write_text("changed")
    assert digest(spec, AMD) == before
    assert [entry.path for entry in entries(spec)] == [".dockerignore", "Dockerfile", "link", "sub/kept"]


def test_a_dockerfiles_own_ignore_file_goes_first(spec: BuildSpec) -> None:
    (spec.context / ".dockerignore").write_text("link\n")
    (spec.context / "Dockerfile.dockerignore").write_text("sub\n")
    assert [entry.path for entry in entries(spec)] == [
        ".dockerignore", "Dockerfile", "Dockerfile.dockerignore", "link"
    ]  # fmt: skip


def test_an_ignored_dockerfile_is_still_read_and_still_sent(spec: BuildSpec) -> None:
    (spec.context / ".dockerignore").write_text("Dockerfile\n")
    before = digest(spec, AMD)
    (spec.context / "Dockerfile").write_text("FROM other\n")
    assert digest(spec, AMD) != before


def test_a_tar_is_the_same_bytes_every_time_and_owned_by_nobody(spec: BuildSpec) -> None:
    first, second = io.BytesIO(), io.BytesIO()
    pack(spec, "FROM x\n", first)
    (spec.context / "sub" / "file").touch()
    pack(spec, "FROM x\n", second)
    assert first.getvalue() == second.getvalue()
    first.seek(0)
    with tarfile.open(fileobj=first) as tar:
        members = tar.getmembers()
        assert [member.name for member in members] == ["Dockerfile", "link", "sub", "sub/file", DOCKERFILE]
        assert {(member.uid, member.gid, member.mtime) for member in members} == {(0, 0, 0)}
        sent = tar.extractfile(DOCKERFILE)
        assert sent is not None
        assert sent.read() == b"FROM x\n"


def test_a_missing_context_names_the_directory_and_the_service(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="service `web` is not a directory") as caught:
        digest(BuildSpec("x", tmp_path / "gone", service="web"), AMD)
    assert caught.value.where == str(tmp_path / "gone")


def test_a_missing_dockerfile_names_the_file(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="Dockerfile of service `web` does not exist") as caught:
        digest(BuildSpec("x", tmp_path, dockerfile="Dockerfile.web", service="web"), AMD)
    assert caught.value.where == str(tmp_path / "Dockerfile.web")


TREES = st.dictionaries(st.from_regex(r"[a-z]{1,3}", fullmatch=True), st.binary(max_size=8), min_size=1, max_size=5)


@given(one=TREES, other=TREES)
def test_two_contexts_have_one_hash_only_if_they_are_the_same(
    tmp_path_factory: pytest.TempPathFactory, one: dict[str, bytes], other: dict[str, bytes]
) -> None:
    hashes = []
    for tree in (one, other):
        root = tmp_path_factory.mktemp("tree")
        (root / "Dockerfile").write_text("FROM scratch\n")
        for name, content in tree.items():
            (root / name).write_bytes(content)
        hashes.append(digest(BuildSpec("x", root), AMD))
    assert (hashes[0] == hashes[1]) is (one == other)


# -- hostile and broken contexts ---------------------------------------------------------------------------------------


@pytest.mark.timeout(20)
def test_pipes_devices_and_sockets_of_a_context_are_left_out_as_docker_does(spec: BuildSpec) -> None:
    before = digest(spec, AMD)
    os.mkfifo(spec.context / "pipe")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(spec.context / "s"))
        assert digest(spec, AMD) == before
        pack(spec, "FROM x\n", io.BytesIO())


@pytest.mark.timeout(20)
@pytest.mark.parametrize("name", ["Dockerfile", ".dockerignore", "Dockerfile.dockerignore"])
def test_a_pipe_in_the_place_of_a_file_is_refused_and_not_waited_for(spec: BuildSpec, name: str) -> None:
    (spec.context / name).unlink(missing_ok=True)
    os.mkfifo(spec.context / name)
    with pytest.raises(ContextError, match="not a regular file") as caught:
        digest(spec, AMD)
    assert (caught.value.where, caught.value.exit_code) == (str(spec.context / name), 4)


@pytest.mark.timeout(20)
def test_a_file_that_becomes_a_pipe_while_the_context_is_read_is_not_waited_for(spec: BuildSpec) -> None:
    found = next(entry for entry in entries(spec) if entry.path == "sub/file")
    found.source.unlink()
    os.mkfifo(found.source)
    with pytest.raises(ContextError, match="cannot be read"):
        _content_digest(spec, found)


@pytest.mark.parametrize("name", ["Dockerfile", ".dockerignore"])
def test_what_is_not_utf_8_is_refused_with_its_line_and_byte(spec: BuildSpec, name: str) -> None:
    (spec.context / name).write_bytes(b"# a\ncaf\xe9\n")
    with pytest.raises(ContextError, match="is not text") as caught:
        digest(spec, AMD)
    assert caught.value.where == f"{spec.context / name}, line 2, byte 4"


def test_a_context_that_is_the_whole_machine_is_refused(tmp_path: Path) -> None:
    (tmp_path / "root").symlink_to("/")
    for root in (Path("/"), tmp_path / "root"):
        with pytest.raises(ContextError, match="whole machine"):
            digest(BuildSpec("x", root, dockerfile=str(tmp_path / "Dockerfile")), AMD)


def test_a_context_with_more_files_than_anybody_means_is_refused(
    spec: BuildSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(context, "MAX_ENTRIES", 3)
    with pytest.raises(ContextError, match="holds too much"):
        entries(spec)
    (spec.context / ".dockerignore").write_text("sub\n.dockerignore\n")
    assert len(entries(spec)) == 2


def test_a_name_that_is_not_utf_8_is_sent_as_it_is(spec: BuildSpec) -> None:
    (spec.context / os.fsdecode(b"caf\xe9")).write_text("x")
    packed = io.BytesIO()
    pack(spec, "FROM x\n", packed)
    packed.seek(0)
    with tarfile.open(fileobj=packed) as tar:
        assert b"caf\xe9" in [os.fsencode(name) for name in tar.getnames()]
    assert digest(spec, AMD)
