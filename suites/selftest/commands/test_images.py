"""`harness images build`, `save` and `load`."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from harness.engine import Engine
from suites.selftest.commands.support import World, clean, variant

pytestmark = pytest.mark.containers


def test_build_prints_the_tags_and_builds_nothing_twice(world: World, engine: Engine) -> None:
    ended = world.harness("images", "build", variant(world.directory))
    clean(ended)
    assert ended.code == 0, ended.text
    tags = ended.out.split()
    assert len(tags) >= 2
    assert all(engine.images.find(tag) for tag in tags)
    assert "Step " not in ended.err, "everything was there already"


@pytest.mark.sampled
def test_what_save_writes_load_brings_in(world: World, engine: Engine) -> None:
    stack, file = variant(world.directory), world.directory / "images.tar.gz"
    saved = world.harness("images", "save", stack, "-o", file)
    clean(saved)
    assert saved.code == 0, saved.text
    assert file.stat().st_size > 1_000_000
    loaded = world.harness("images", "load", file)
    assert loaded.code == 0, loaded.text
    assert "rollback-harness/tiny-web" in loaded.out


def test_a_file_that_is_no_archive_is_refused(world: World) -> None:
    (world.directory / "images.tar").write_text("no archive")
    ended = world.harness("images", "load", world.directory / "images.tar")
    clean(ended)
    assert ended.code in (3, 4), ended.text
    assert "images.tar" in ended.err


def test_a_file_that_is_not_there_is_refused(world: World) -> None:
    ended = world.harness("images", "load", world.directory / "nothing.tar")
    clean(ended)
    assert ended.code == 4, ended.text
    assert "nothing.tar" in ended.err


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full to write to")
def test_a_full_disk_is_told_and_leaves_no_half_file(world: World, tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can mount a small file system to fill")
    import subprocess

    place = tmp_path / "small"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=1m", "none", str(place)]
    mounted = subprocess.run(command, capture_output=True, text=True, check=False)
    if mounted.returncode:
        pytest.skip(f"this machine mounts nothing: {mounted.stderr.strip()}")
    try:
        ended = world.harness("images", "save", variant(world.directory), "-o", place / "images.tar")
        clean(ended)
        assert ended.code == 3, ended.text
        assert "full" in ended.err
        assert not list(place.iterdir())
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)
