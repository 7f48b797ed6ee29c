"""The daemon goes away midway, the disk is full, an image is missing: exit code 3 or 4, a message that names what it
was, evidence as far as there is any, and nothing left behind once there is a daemon again.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.engine import Engine
from harness.history import read
from suites.selftest.commands.relay import Relay
from suites.selftest.commands.support import ROUND_TRIP, World, clean, eventually, left_on, variant

pytestmark = [pytest.mark.containers, pytest.mark.sampled]
MOMENTS = {
    "bringing it up": ("step.start", {"name": "up"}),
    "the baseline": ("step.start", {"name": "baseline"}),
    "the deployment": ("deployer.line", {"text": "web-1 runs 1.1.0"}),
    "holding": ("step.start", {"name": "deployed"}),
}


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_daemon_that_dies_midway_is_named_and_what_it_held_is_swept_later(
    world: World, engine: Engine, moment: str
) -> None:
    with tempfile.TemporaryDirectory() as short, Relay(Path(short) / "d.sock", engine.endpoint.url) as relay:
        going = world.gate(variant(world.directory), *ROUND_TRIP, DOCKER_HOST=relay.url)
        kind, data = MOMENTS[moment]
        going.until(kind, **data)
        relay.cut()
        ended = going.end(60)
        url = relay.url
    clean(ended)
    assert ended.code == 3, ended.text
    assert "does not answer any more" in ended.err
    assert url in ended.err
    assert "UNKNOWN" in ended.out
    events = world.events()
    assert [e.data["exit_code"] for e in events if e.kind == "run.end"] == [3]
    assert eventually(lambda: not world.processes()), world.processes()

    swept = world.harness("sweep")
    assert swept.code == 0, swept.text
    assert left_on(engine, world) == {}


def test_an_image_that_is_neither_here_nor_to_be_had_is_usage(world: World, engine: Engine) -> None:
    def missing(document: dict[str, Any]) -> None:
        document["services"]["queue"] = {"image": "registry.invalid/nothing:9", "command": ["true"]}

    ended = world.gate(variant(world.directory, missing)).end()
    clean(ended)
    assert ended.code == 4, ended.text
    assert "registry.invalid/nothing:9" in ended.err
    assert "service queue" in ended.err
    assert "harness images load" in ended.err
    assert left_on(engine, world) == {}


def test_an_image_that_cannot_be_built_says_at_which_step(world: World, engine: Engine) -> None:
    context = world.directory / "broken"
    context.mkdir()
    (context / "Dockerfile").write_text("FROM debian:bookworm-slim\nRUN echo trying && no-such-program\n")

    def broken(document: dict[str, Any]) -> None:
        document["services"]["queue"]["build"] = str(context)

    ended = world.gate(variant(world.directory, broken)).end()
    clean(ended)
    assert ended.code == 3, ended.text
    assert "no-such-program" in ended.err
    assert left_on(engine, world) == {}


def test_a_command_that_is_not_in_its_image_is_told_by_its_replica(world: World, engine: Engine) -> None:
    def missing(document: dict[str, Any]) -> None:
        document["services"]["queue"]["command"] = ["no-such-program"]
        document["services"]["queue"]["init"] = False

    ended = world.gate(variant(world.directory, missing)).end()
    clean(ended)
    assert ended.code in (2, 3), ended.text
    assert "queue-1" in ended.err
    assert "no-such-program" in ended.err
    assert left_on(engine, world) == {}


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of one megabyte."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount a small file system to fill")
    place = tmp_path / "small"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "none", str(place)], capture_output=True, text=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"this machine mounts nothing: {mounted.stderr.strip()}")
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)


def fill(place: Path) -> None:
    """Leave not a byte."""
    with (place / "full").open("ab", buffering=0) as file:
        for size in (65536, 4096, 1):
            try:
                while file.write(b"x" * size) == size:
                    pass
            except OSError:
                continue


def test_a_disk_that_fills_up_midway_ends_the_run_and_leaves_nothing(
    world: World, engine: Engine, small_disk: Path
) -> None:
    link = world.directory / "runs"
    link.symlink_to(small_disk)
    going = world.gate(variant(world.directory), *ROUND_TRIP)
    going.until("verdict", check="release")
    fill(small_disk)
    ended = going.end(60)
    clean(ended)
    assert ended.code == 3, ended.text
    assert "the disk is full" in ended.err
    assert "UNKNOWN" in ended.out
    assert left_on(engine, world) == {}
    (run,) = world.directories()
    assert read(run / "events.jsonl")[0].kind == "run.start"


def test_a_disk_that_is_full_from_the_start_is_told_before_anything_is_done(world: World, small_disk: Path) -> None:
    fill(small_disk)
    ended = world.harness("gate", variant(world.directory), "--out", small_disk)
    clean(ended)
    assert ended.code == 3, ended.text
    assert "the disk is full" in ended.err
    assert "free space" in ended.err
