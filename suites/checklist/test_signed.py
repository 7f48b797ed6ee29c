"""From a gate to a signed document and back: what a team does before a release, by the commands that it types."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from suites.checklist.conftest import Gated

pytestmark = [pytest.mark.containers, pytest.mark.paired, pytest.mark.xdist_group("the checklist's gate")]
ROOT = Path(__file__).parents[2]


def harness(*words: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "harness", "checklist", *map(str, words)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.fixture
def moved(gated: Gated, tmp_path: Path) -> Gated:
    """The same stack in a directory of this test's own, so that a file of it can be changed."""
    stack = tmp_path / "stack"
    shutil.copytree(gated.stack.parent, stack, symlinks=True, ignore=shutil.ignore_patterns("__pycache__", "runs"))
    return Gated(stack / gated.stack.name, gated.old, gated.new, gated.run)


def test_from_a_gate_to_a_signed_document_and_back_through_verify(moved: Gated, tmp_path: Path) -> None:
    vouched, out, keys = tmp_path / "vouched.json", tmp_path / "checklist", tmp_path / "keys"
    tests = [sys.executable, "-m", "pytest", "suites/checklist/test_release.py", "-p", "no:cacheprovider", "-q"]
    options = ["--checklist-run", str(moved.run), "--vouched-for", str(vouched), "--runs", str(tmp_path / "runs")]
    where = ["--stack", str(moved.stack), "--release-from", moved.old, "--release-to", moved.new]
    ended = subprocess.run([*tests, *options, *where], cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout[-4000:]

    releases = ("--from", moved.old, "--to", moved.new)
    made = harness("make", moved.stack, *releases, "--run", moved.run, "--suite", vouched, "--out", out)
    found = json.loads((out / "checklist.json").read_text())["items"]
    states = {item["key"]: item["state"] for item in found}
    assert {states[item["key"]] for item in found if item["source"] == "suites"} == {"ticked"}, (
        made.stdout + made.stderr
    )
    assert states["judged-again"] == "ticked"
    assert set(states.values()) == {"ticked", "open"}
    assert made.returncode == 1  # it waits for people

    assert harness("keygen", "--as", "ada", "--out", keys).returncode == 0
    for key in [key for key, state in states.items() if state == "open"]:
        assert harness("tick", out, key, "--as", "ada", "--why", "looked at").returncode == 0
    assert harness("sign", out, "--as", "ada", "--key", keys / "ada.key").returncode == 0

    verified = harness("verify", out, "--keys", keys)
    assert (verified.returncode, "it holds" in verified.stdout) == (0, True), verified.stdout + verified.stderr
    assert f"signed {len(states)} of {len(states)} items" in verified.stdout
    assert harness("verify", out).returncode == 2  # nobody said whose word counts

    file = next(path for path in sorted(moved.stack.parent.rglob("Dockerfile")))
    file.write_text(file.read_text() + "\n# one line more\n")
    changed = harness("verify", out, "--keys", keys)
    assert changed.returncode == 1
    assert f"{file.relative_to(moved.stack.parent)} changed" in changed.stdout
