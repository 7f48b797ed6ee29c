"""The real `chaos`: it accepts what is exported, and comes to what our runs of the same experiments come to."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from fixtures import tiny
from harness.chaostoolkit.experiment import load
from harness.plan.plan import of_text
from harness.plan.toolkit import experiment_of, imported
from harness.report import Report
from harness.report.journal import render
from harness.verdict import Outcome
from suites.selftest.chaostoolkit.running import EXPERIMENTS, ended, plan_of, ran
from suites.selftest.plan.made import tiny_stack

pytestmark = pytest.mark.programs

ROOT = Path(__file__).parents[3]
CHAOS = Path(sys.executable).with_name("chaos")
# Those that need no environment: the others ask `entrypoint`, which the real tool does not know.
ALONE = (
    "background.json", "controls.json", "references.json", "rollbacks-always.yaml", "rollbacks-deviated.yaml",
    "rollbacks-never.yaml",
)  # fmt: skip
SHORT = """
title: the tiny stack bears a slow web
description: its own test
configuration: {base: "http://localhost:8080"}
steady-state-hypothesis:
  title: it answers
  probes: [{type: probe, name: answers, tolerance: 200, provider: {type: http, url: "${base}/things/1", timeout: 3}}]
method:
  - type: action
    name: slow
    provider:
      type: python
      module: chaostoxi.toxic.actions
      func: create_latency_toxic
      arguments: {for_proxy: web, toxic_name: slow, latency: 20}
    pauses: {after: 1}
  - {type: probe, name: looks, provider: {type: http, url: "http://entrypoint/version"}}
rollbacks:
  - type: action
    name: not slow
    provider:
      type: python
      module: chaostoxi.toxic.actions
      func: delete_toxic
      arguments: {for_proxy: web, toxic_name: slow}
"""


def chaos(directory: Path, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [CHAOS, "--no-version-check", *words], cwd=directory, capture_output=True, text=True, timeout=300, check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT), **more},
    )  # fmt: skip


def journal(directory: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((directory / "journal.json").read_text())
    return found


def shape(value: Any, depth: int = 2) -> Any:
    """The keys and types of a journal; of a list those of its items."""
    if isinstance(value, dict) and depth:
        return {key: shape(one, depth - 1) for key, one in value.items()}
    if isinstance(value, list) and depth:
        return sorted({json.dumps(shape(one, depth - 1), sort_keys=True) for one in value})
    return type(value).__name__.replace("int", "number").replace("float", "number")


@pytest.mark.parametrize("name", ["toxiproxy.json", "tolerances.yaml", "configuration.yaml", "rollbacks-always.yaml"])
def test_what_is_exported_is_valid_to_the_real_tool(name: str, tmp_path: Path) -> None:
    plan = imported(load(EXPERIMENTS / name), tiny_stack()).plan
    (tmp_path / "experiment.json").write_text(json.dumps(experiment_of(plan, str(tiny.STACK))))
    done = chaos(tmp_path, "validate", "experiment.json")
    assert done.returncode == 0, done.stderr


def test_the_real_tool_does_look_at_what_it_validates(tmp_path: Path) -> None:
    plan = imported(load(EXPERIMENTS / "references.json"), tiny_stack()).plan
    made = experiment_of(plan, str(tiny.STACK))
    made["method"][1]["provider"]["arguments"] = {"nummer": 1}
    (tmp_path / "experiment.json").write_text(json.dumps(made))
    assert chaos(tmp_path, "validate", "experiment.json").returncode != 0


@pytest.mark.parametrize("name", ALONE)
def test_an_experiment_comes_to_the_same_here_and_there(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHAOS_FILE", str(tmp_path / "here"))
    made, verdict = ran(plan_of(name), monkeypatch)
    ours = render(Report.of(made.history.events))
    done = chaos(tmp_path, "run", str(EXPERIMENTS / name), CHAOS_FILE=str(tmp_path / "there"))
    theirs = journal(tmp_path)
    assert verdict.outcome is (Outcome.FAIL if theirs["deviated"] else Outcome.PASS), done.stderr
    assert (done.returncode == 0) is bool(verdict)
    assert theirs["status"] == "completed"
    for part in ("run", "rollbacks"):
        assert sorted(one["activity"]["name"] for one in ours[part]) == sorted(
            one["activity"]["name"] for one in theirs[part]
        )
        assert [one["status"] for one in ours[part]] == [one["status"] for one in theirs[part]]
    for when in ("before", "after"):
        mine, other = ours["steady_states"][when], theirs["steady_states"][when]
        assert (mine and mine["steady_state_met"]) == (other and other["steady_state_met"])
    assert ended(made)


def test_the_journal_has_the_shape_of_the_real_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made, _ = ran(plan_of("controls.json"), monkeypatch)
    ours = render(Report.of(made.history.events))
    chaos(tmp_path, "run", str(EXPERIMENTS / "controls.json"))
    theirs = journal(tmp_path)
    assert set(theirs) - set(ours) == set()
    for key in ("steady_states", "run", "rollbacks", "start", "end", "duration", "deviated"):
        assert shape(ours[key], 4) == shape(theirs[key], 4), key
    assert {"title", "description", "steady-state-hypothesis", "method", "rollbacks"} <= set(ours["experiment"])
    # What the journal holds as the experiment is one: the real tool takes it.
    (tmp_path / "again.json").write_text(json.dumps(ours["experiment"]))
    done = chaos(tmp_path, "validate", "again.json")
    assert done.returncode == 0, done.stderr


def test_a_plan_that_cannot_be_run_is_no_completed_experiment(tmp_path: Path) -> None:
    plan = imported(load(EXPERIMENTS / "references.json"), tiny_stack()).plan
    (tmp_path / "experiment.json").write_text(json.dumps(experiment_of(plan, str(tiny.STACK))))
    done = chaos(tmp_path, "run", "experiment.json", DOCKER_HOST="unix:///nowhere/docker.sock")
    found = journal(tmp_path)
    assert done.returncode == 1
    assert found["status"] == "failed"
    assert [one["status"] for one in found["run"]] == ["succeeded", *["failed"] * len(plan.steps)]
    assert "was not run" in str(found["run"][1]["exception"])
    assert "nothing is known" in str(found["steady_states"]["after"]["probes"][0]["exception"])
    assert found["rollbacks"][0]["output"] == "the run was over"


@pytest.mark.sampled
@pytest.mark.containers
def test_an_imported_experiment_runs_as_a_plan_that_the_real_tool_starts(tmp_path: Path) -> None:
    (tmp_path / "short.yaml").write_text(SHORT)
    made = imported(load(tmp_path / "short.yaml"), tiny_stack(), entrypoints=["localhost:8080"])
    plan = of_text(made.to_yaml(), "plan.yaml")
    (tmp_path / "experiment.json").write_text(json.dumps(experiment_of(plan, str(tiny.STACK))))
    done = chaos(tmp_path, "run", "experiment.json")
    found = journal(tmp_path)
    assert done.returncode == 0, done.stderr + json.dumps(found, indent=1)
    assert (found["status"], found["deviated"]) == ("completed", False)
    assert all(one["status"] == "succeeded" for one in found["run"])
    (own,) = (one for one in tmp_path.glob("runs/*/*/journal.json") if not one.parent.is_symlink())
    ours = journal(own.parent)
    assert (ours["status"], ours["deviated"], ours["verdict"]["outcome"]) == ("completed", False, "pass")
    assert ours["steady_states"]["before"]["steady_state_met"] is True
    assert ours["steady_states"]["after"]["probes"][0]["output"]["status"] == 200
    checks = {one["check"] for step in found["run"] for one in (step["output"] or {}).get("verdicts", ())}
    assert {"tolerances", "faults"} <= checks
