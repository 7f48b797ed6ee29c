"""A team that has never seen this repository: their own one, the wheel, a test of their own, and the gate."""

from __future__ import annotations

import shutil
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from fixtures import tiny
from harness.history import read
from suites.raw import select
from suites.selftest.packaging.conftest import clean_environment

PYPROJECT = """
[tool.pytest.ini_options]
harness_stack = "deploy/compose.yaml"
harness_release_to = "1.1.0"
"""
TEST = """
from harness.deploy import Deployer
from harness.plan.subject import Subject
from harness.stack import Stack
from harness.workload import Workload


def test_our_release_can_be_taken_back(
    environment: Subject, deployer: Deployer, workload: Workload, stack: Stack, release_to: str
) -> None:
    assert stack.name == "tiny"
    workload.start()
    assert workload.baseline(1.5).ok > 0
    deployed = deployer.deploy(release_to)
    assert deployed.claims_success, deployed.tail
    assert environment.runs(release_to)
    for replica in environment["web"]:
        assert replica.host.file(f"/srv/{replica.name}").content_string == release_to
    deployer.rollback()
    assert environment.runs("1.0.0")
"""


def run(directory: Path, *command: str | Path, seconds: float = 240) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        list(map(str, command)), cwd=directory, capture_output=True, text=True, check=False, timeout=seconds,
        env=clean_environment(),
    )  # fmt: skip


@pytest.mark.sampled
@pytest.mark.containers
def test_a_strangers_repository_needs_nothing_but_the_wheel(wheel: Path, tmp_path: Path) -> None:
    home = tmp_path / "venv"
    venv.create(home, with_pip=True)
    python = home / "bin" / "python"
    installed = run(tmp_path, python, "-m", "pip", "install", "--quiet", wheel)
    assert installed.returncode == 0, installed.stderr

    theirs = tmp_path / "their-service"
    shutil.copytree(tiny.STACK.parent, theirs / "deploy", ignore=shutil.ignore_patterns("__*"))
    (theirs / "pyproject.toml").write_text(PYPROJECT)
    (theirs / "test_release.py").write_text(TEST)
    where = run(theirs, python, "-c", "import harness; print(harness.__file__)").stdout
    assert where.startswith(str(home)), where

    tested = run(theirs, home / "bin" / "pytest", "-q")
    assert tested.returncode == 0, tested.stdout + tested.stderr
    assert "1 passed" in tested.stdout
    (events,) = (theirs / "runs").glob("*/test_our_release_can_be_taken_back/events.jsonl")
    assert [event.data["verb"] for event in select(read(events), "deployer.end")] == ["deploy", "rollback"]

    gated = run(
        theirs, home / "bin" / "harness", "gate", "deploy/compose.yaml", "--scenario", "round-trip", "--out", "gate",
        "--baseline", "2", "--hold", "2",
    )  # fmt: skip
    judged = select(read(theirs / "gate" / "latest" / "events.jsonl"), "verdict")
    assert [event.data["reason"] for event in judged if event.data["outcome"] == "fail"] == []
    unknown = [event.data["reason"] for event in judged if event.data["outcome"] == "unknown"]
    # A machine too busy to measure says so.
    assert all("itself was late" in reason or "stood still" in reason for reason in unknown), unknown
    assert gated.returncode == (2 if unknown else 0), gated.stdout + gated.stderr
    assert "Traceback" not in gated.stderr

    typed = run(theirs, sys.executable, "-m", "mypy", "--strict", "--python-executable", python, "test_release.py")
    assert typed.returncode == 0, typed.stdout
