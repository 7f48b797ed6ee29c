"""`harness replay` and `harness plan shrink` as a person calls them. What is refused needs no container engine."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from fixtures import tiny
from harness.history import EVENTS
from harness.plan.plan import load
from suites.selftest.plan.made import tiny_stack
from suites.selftest.plan.test_saved import FIRST, SECOND, copied, history

pytestmark = pytest.mark.programs


def harness(
    *words: str | Path, environ: Mapping[str, str] | None = None, timeout: float = 60
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "harness", *map(str, words)],
        capture_output=True, text=True, timeout=timeout, check=False,
        env={**os.environ, "COLUMNS": "100", **(environ or {})},
    )  # fmt: skip


NO_ENGINE = {"DOCKER_HOST": "unix:///nowhere/docker.sock"}


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """The directory of a run in which the second plan failed."""
    history(tiny_stack(), FIRST, SECOND, failed="second", path=tmp_path / "run" / EVENTS).close()
    return tmp_path / "run"


def refused(found: subprocess.CompletedProcess[str], words: str, code: int = 4) -> None:
    assert found.returncode == code, found.stderr
    assert words in found.stderr
    assert "Traceback" not in found.stderr


def test_without_an_engine_every_run_is_unknown_and_so_is_the_replay(run: Path, tmp_path: Path) -> None:
    found = harness("replay", run, "--times", "2", "--jobs", "2", "--out", tmp_path / "out", environ=NO_ENGINE)
    assert found.returncode == 2, found.stderr
    assert "second: 2 steps, from 1.0.0 to 1.1.0, seed 41" in found.stdout
    assert "no run came to a verdict" in found.stdout
    assert "unknown, neither pass nor fail: 2" in found.stdout


def test_another_plan_of_the_run_can_be_named(run: Path, tmp_path: Path) -> None:
    found = harness("replay", run, "--scenario", FIRST.name, "--out", tmp_path / "out", environ=NO_ENGINE)
    assert f"{FIRST.name}: 2 steps, from 1.0.0 to 1.1.0, seed 40" in found.stdout
    refused(harness("replay", run, "--scenario", "third"), "no such plan")


def test_every_report_of_a_run_names_the_replay_where_it_would_not_be_refused(run: Path, tmp_path: Path) -> None:
    line = f"harness replay {run}"
    found = harness("report", run)
    assert line in " ".join(found.stdout.replace("│", "").split()), found.stdout
    assert line in (run / "summary.md").read_text()
    assert line in (run / "report.html").read_text()
    # Of several plans none failed, so it would be refused; and without a stack.
    for number, made in enumerate(
        (
            history(tiny_stack(), FIRST, SECOND, path=tmp_path / "0" / EVENTS),
            history(None, FIRST, path=tmp_path / "1" / EVENTS),
        )
    ):
        made.close()
        harness("report", tmp_path / str(number))
        assert "harness replay" not in (tmp_path / str(number) / "summary.md").read_text()
        refused(harness("replay", tmp_path / str(number)), "")


@pytest.mark.parametrize("verb", [("replay",), ("plan", "shrink")])
def test_a_stack_that_has_changed_is_refused(verb: tuple[str, ...], run: Path) -> None:
    refused(harness(*verb, run, environ={"TINY_DEPLOYER": "lies"}), "changed: x-harness deployer")


@pytest.mark.parametrize("verb", [("replay",), ("plan", "shrink")])
@pytest.mark.parametrize("harm", [b"{torn", b"{" * 9000 + b"\n"])
def test_a_damaged_history_is_refused(verb: tuple[str, ...], harm: bytes, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / EVENTS).write_bytes(harm)
    found = harness(*verb, tmp_path / "run")
    assert found.returncode in (3, 4)
    assert "Traceback" not in found.stderr


def test_a_directory_without_a_history_is_refused(tmp_path: Path) -> None:
    found = harness("replay", tmp_path)
    assert found.returncode in (3, 4)
    assert "Traceback" not in found.stderr


def test_a_run_that_did_not_fail_cannot_be_shrunk(tmp_path: Path) -> None:
    history(tiny_stack(), FIRST, path=tmp_path / EVENTS).close()
    refused(harness("plan", "shrink", tmp_path), "did not fail in this run")


def test_a_file_needs_a_stack_and_a_run_has_one(run: Path, tmp_path: Path) -> None:
    (tmp_path / "plan.yaml").write_text(FIRST.to_yaml())
    refused(harness("plan", "shrink", tmp_path / "plan.yaml"), "needs a stack")
    refused(harness("plan", "shrink", run, tiny.STACK), "knows its stack")


def test_a_plan_that_makes_no_sense_is_refused_before_anything_is_kept(tmp_path: Path) -> None:
    (tmp_path / "plan.yaml").write_text("from: 1.0.0\nto: 1.1.0\nsteps: [{step: rollback, phase: p}]\n")
    refused(harness("plan", "shrink", tmp_path / "plan.yaml", tiny.STACK, "--out", tmp_path / "out"), "makes no sense")
    assert not (tmp_path / "out").exists()


def test_where_nothing_comes_to_a_verdict_there_is_nothing_to_shrink(run: Path, tmp_path: Path) -> None:
    found = harness("plan", "shrink", run, "--out", tmp_path / "out", environ=NO_ENGINE)
    assert found.returncode == 2, found.stderr
    assert "nothing to shrink" in found.stdout


def test_outcomes_of_another_stack_are_refused(tmp_path: Path) -> None:
    stack = copied(tmp_path)
    history(stack, FIRST, failed=FIRST.name, path=tmp_path / "run" / EVENTS).close()
    harness("plan", "shrink", tmp_path / "run", "--out", tmp_path / "out", environ=NO_ENGINE)
    stack.file.write_text(stack.file.read_text().replace("rate: 30/s", "rate: 31/s"))
    found = harness("plan", "shrink", tmp_path / "run", "--although-changed", "--out", tmp_path / "out")
    refused(found, "another x-harness workload")


LONG = """
from: 1.0.0
to: 1.1.0
steps:
  - {step: fingerprint, phase: before-load}
  - step: load
  - {step: hold, phase: baseline, seconds: 1.5s, checks: [errors, {check: release, release: "{from}"}]}
  - {step: inject, phase: slow, name: slow, fault: {fault: latency, from: entrypoint, to: web, ms: 20}}
  - {step: deploy, phase: deploy, release: "{to}"}
  - {step: heal, name: slow}
  - {step: check, phase: deploy, checks: [{check: availability, baseline: baseline}]}
  - {step: hold, phase: deployed, seconds: 1.5s, checks: [errors, {check: release, release: "{to}"}]}
  - {step: fingerprint, phase: deployed}
  - {step: rollback, phase: rollback}
  - {step: hold, phase: rolled-back, seconds: 1.5s, checks: [errors, {check: release, release: "{from}"}]}
"""


@pytest.mark.sampled
@pytest.mark.containers
def test_a_failing_run_is_replayed_with_the_same_failure_and_cut_down_to_few_steps(tmp_path: Path) -> None:
    """A deployer that says that it is done, and did nothing."""
    lies, out = {"TINY_DEPLOYER": "lies"}, tmp_path / "out"
    (tmp_path / "plan.yaml").write_text(LONG)
    run = harness("plan", "run", tmp_path / "plan.yaml", tiny.STACK, "--out", out, environ=lies, timeout=200)
    assert run.returncode == 1, run.stderr
    again = harness("replay", out / "latest", "--out", out, environ=lies, timeout=200)
    assert again.returncode == 1, again.stderr
    assert "fails 1 of 1" in again.stdout
    assert "each time the same failure as then" in again.stdout
    words = ("plan", "shrink", out / "latest", "--minutes", "5", "--confirm", "1", "--out", out)
    shrunk = harness(*words, environ=lies, timeout=330)
    assert shrunk.returncode == 0, shrunk.stderr + shrunk.stdout
    (minimal,) = out.glob("shrink-*/minimal.yaml")
    assert [step.about or step.step_name() for step in load(minimal).steps] == ["load", "deploy", "deployed"]
