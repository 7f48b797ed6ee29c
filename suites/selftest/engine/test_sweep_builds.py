"""What a killed build leaves on the engine has no name; the sweep finds it all the same, and touches nobody else's."""

from __future__ import annotations

import io
import signal
import subprocess
import sys
import tarfile
import time
import uuid
from pathlib import Path
from typing import Any

import pytest

from harness.engine import base
from harness.engine.context import BuildSpec
from harness.engine.engine import Engine
from harness.engine.sweep import Swept, sweep

pytestmark = pytest.mark.containers

BUILD = """
import sys
from pathlib import Path
from harness.engine.context import BuildSpec
from harness.engine.engine import Engine
spec = BuildSpec(sys.argv[2], Path(sys.argv[1]), service="web")
Engine.connect().images.build([spec], lambda _, line: print(line, flush=True))
"""


def unnamed(engine: Engine, mark: str) -> list[str]:
    """The unnamed images that carry a mark."""
    found = engine.api.images(filters={"dangling": True, "label": f"mark={mark}"})
    return [str(raw["Id"]) for raw in found]


def killed_build(directory: Path, mark: str) -> None:
    """Another process builds an image and is ended by SIGKILL in its slow step."""
    text = f"FROM {base.TAG}\nLABEL mark={mark}\nCOPY Dockerfile /\nRUN echo {mark} && sleep 120\n"
    (directory / "Dockerfile").write_text(text)
    call = [sys.executable, "-c", BUILD, str(directory), f"killed-{mark}"]
    with subprocess.Popen(call, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert any(line.startswith("Step 4/") for line in process.stdout), "the slow step was never reached"
        process.send_signal(signal.SIGKILL)
        process.wait()


def test_what_a_killed_build_left_is_swept(engine: Engine, tmp_path: Path) -> None:
    mark = uuid.uuid4().hex
    killed_build(tmp_path, mark)
    assert unnamed(engine, mark), "this test shows nothing where the engine leaves nothing"
    deadline = time.monotonic() + 60.0
    while unnamed(engine, mark):  # left alone for as long as any other build is under way on this engine
        sweep(engine)
        assert time.monotonic() < deadline, "an unnamed image of a killed build stays for good"
    assert not engine.api.images(all=True, filters={"label": f"mark={mark}"})
    assert not engine.containers.list([f"mark={mark}"])


def test_what_somebody_else_builds_upon_our_image_is_not_taken_for_an_unfinished_one(
    engine: Engine, tmp_path: Path
) -> None:
    mark = uuid.uuid4().hex
    (tmp_path / "Dockerfile").write_text(f"FROM {base.TAG}\nLABEL mark={mark}\n")
    (built,) = engine.images.build([BuildSpec(f"done-{mark}", tmp_path, service="web")]).values()
    try:
        foreign = foreign_build(engine, f"FROM {built.tag}\nRUN true\n")
        assert unnamed(engine, mark) == [foreign]
        assert foreign not in engine.images.unfinished()
        assert built.id not in engine.images.unfinished()
        engine.images.remove(foreign)
    finally:
        engine.images.remove(built.tag)


def foreign_build(engine: Engine, dockerfile: str) -> str:
    """Build an image without a name, as `docker build .` does; returns its id."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        info = tarfile.TarInfo("Dockerfile")
        info.size = len(dockerfile)
        tar.addfile(info, io.BytesIO(dockerfile.encode()))
    archive.seek(0)
    raw: Any = engine.api
    said = list(raw.build(fileobj=archive, custom_context=True, rm=True, decode=True))
    (identity,) = [line["aux"]["ID"] for line in said if "aux" in line]
    return str(identity)


def test_a_build_that_ended_by_itself_leaves_no_lease(engine: Engine, tmp_path: Path) -> None:
    mark = uuid.uuid4().hex
    (tmp_path / "Dockerfile").write_text(f"FROM {base.TAG}\nLABEL mark={mark}\n")
    (built,) = engine.images.build([BuildSpec(f"lease-{mark}", tmp_path, service="web")]).values()
    engine.images.remove(built.tag)
    assert engine.leases._held == {}


def test_a_sweep_says_how_many_images_it_removed() -> None:
    assert str(Swept(images=2)) == "2 unnamed images of killed builds removed"
    assert str(Swept(1, 2, 3, ("h1",), images=1)).endswith("; 1 unnamed images of killed builds removed")
