"""The run of the gate that the checklist's tests are about: the one that was named, else one that is made for them."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from harness.checklist.runs import GateRun, load_run
from harness.errors import FAIL, PASS, UNKNOWN

SHORT = ("--baseline", "3", "--hold", "2")


@dataclass(frozen=True)
class Gated:
    """A gate that has been run: of which stack and releases, and where its directory is."""

    stack: Path
    old: str
    new: str
    run: Path


def setting(config: pytest.Config, name: str) -> str:
    """An option of the harness, else its value in the ini file."""
    return str(config.getoption(f"harness_{name}") or config.getini(f"harness_{name}"))


@pytest.fixture(scope="session")
def gated(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Gated:
    """The run, once for all tests."""
    config = request.config
    stack, old, new = (setting(config, name) for name in ("stack", "release_from", "release_to"))
    file = (config.rootpath / stack).resolve()
    named = config.getoption("checklist_run")
    if named is not None:
        return Gated(file, old, new, (config.invocation_params.dir / named).resolve())
    runs = tmp_path_factory.mktemp("checklist") / "runs"
    words = [sys.executable, "-m", "harness", "gate", str(file), "--from", old, "--to", new, *SHORT, "--out", str(runs)]
    ended = subprocess.run(words, cwd=config.rootpath, capture_output=True, text=True, check=False)
    assert ended.returncode in (PASS, FAIL, UNKNOWN), ended.stderr[-4000:]
    return Gated(file, old, new, (runs / "latest").resolve())


@pytest.fixture(scope="session")
def gate_run(gated: Gated) -> GateRun:
    """What it found."""
    return load_run(gated.run)
