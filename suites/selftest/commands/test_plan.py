"""`harness plan` and `harness gate --dry-run`: plans are printed without an engine, and run with one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from fixtures import reference, tiny
from harness.cli import run
from harness.engine import Engine
from suites.selftest.commands.support import World, clean, left_on

GOLDEN = Path(__file__).parents[1] / "plan" / "golden"
STEPS = """\
name: by-hand
from: "1.0.0"
to: "1.1.0"
steps:
  - step: load
  - step: hold
    phase: baseline
    seconds: 2s
    checks: [errors, {check: release, release: "{from}"}]
    precondition: true
  - {step: deploy, phase: deploy, release: "{to}"}
  - step: inject
    phase: slow
    name: slow-queue
    fault: {fault: latency, from: entrypoint, to: web, ms: 20}
  - {step: hold, phase: while-slow, seconds: 2s}
  - {step: heal, name: slow-queue}
  - {step: restart, phase: restarted, replicas: [web-2]}
  - {step: retry, phase: back, verb: rollback, times: 2}
  - {step: wait-until, phase: settled, check: {check: release, release: "{from}"}, within: 20s}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "plan.yaml"
    path.write_text(STEPS)
    return path


def test_a_dry_run_prints_the_plans_of_the_gate_and_runs_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")
    assert run(["gate", str(reference.STACK), "--dry-run", "--out", str(tmp_path / "runs")]) == 0
    golden = [(GOLDEN / f"{name}.txt").read_text() for name in ("round-trip", "half-deployment")]
    assert capsys.readouterr().out == "\n".join(golden)
    assert not (tmp_path / "runs").exists()


def test_a_dry_run_of_one_scenario_prints_that_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["gate", str(tiny.STACK), "--dry-run", "--scenario", "half-deployment", "--hold", "7"]) == 0
    said = capsys.readouterr().out
    assert said.startswith("half-deployment: 1.0.0 -> half of 1.1.0 -> 1.0.0\n")
    assert "hold 7 s of load" in said


def test_the_plans_of_the_gate_are_files_that_can_be_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["plan", "show", "gate", str(tiny.STACK), "--yaml"]) == 0
    documents = capsys.readouterr().out.split("---\n")
    assert len(documents) == 2
    for number, text in enumerate(documents):
        path = tmp_path / f"{number}.yaml"
        path.write_text(text)
        assert run(["plan", "show", str(path), str(tiny.STACK)]) == 0
    capsys.readouterr()
    assert run(["plan", "show", "gate", str(tiny.STACK), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == [yaml.safe_load(text) for text in documents]


def test_a_random_plan_is_printed_with_what_it_tests_and_runs_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")
    assert run(["plan", "random", str(reference.STACK), "--seed", "3"]) == 0
    said = capsys.readouterr().out
    golden = Path(__file__).parents[1] / "plan" / "random" / "golden"
    assert said.startswith((golden / "reference-3.txt").read_text())
    *_, about = said.partition("about ")
    assert " s, " in about
    assert ", seed 3; it tests:\n" in about
    assert about.splitlines()[1].endswith(", command)")


@pytest.mark.parametrize(("form", "read"), [("--yaml", yaml.safe_load), ("--json", json.loads)])
def test_a_random_plan_is_a_file_that_can_be_run(
    form: str, read: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["plan", "random", str(tiny.STACK), "--seed", "5", form, "--steps", "40", "--seconds", "120"]) == 0
    path = tmp_path / f"plan.{form[2:]}"
    path.write_text(capsys.readouterr().out)
    made = read(path.read_text())
    assert len(made["steps"]) + len(made["finally"]) <= 40
    assert run(["plan", "show", str(path), str(tiny.STACK)]) == 0
    assert "finally, whatever happened before" in capsys.readouterr().out


def test_so_many_random_plans_are_those_of_the_seeds_that_follow(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["plan", "random", str(tiny.STACK), "--seed", "7", "--count", "3", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [one["name"] for one in found] == ["random-7", "random-8", "random-9"]
    assert run(["plan", "random", str(tiny.STACK), "--seed", "7", "--count", "3"]) == 0
    said = capsys.readouterr().out
    assert [word for word in said.split() if word in ("random-7:", "random-8:", "random-9:")] == [
        "random-7:", "random-8:", "random-9:",
    ]  # fmt: skip


def test_the_plan_of_the_incident_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["plan", "show", "incident", str(reference.ROOT / "incident.yaml")]) == 0
    assert capsys.readouterr().out == (GOLDEN / "incident.txt").read_text()


def test_the_releases_of_a_plan_may_be_others(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["plan", "show", str(file), "--to", "1.2.0"]) == 0
    assert "3. deploy 1.2.0  [deploy]" in capsys.readouterr().out
    assert run(["plan", "show", str(file), str(tiny.STACK), "--to", "1.2.0"]) == 4
    assert "the stack has no release 1.2.0" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["plan", "show", "gate"], "The plans of the gate are made for a stack"),
        (["plan", "show", "nothing.yaml"], "nothing.yaml"),
        (["plan", "run", "nothing.yaml", str(tiny.STACK)], "nothing.yaml"),
        (["plan"], "Usage: harness plan"),
        (["plan", "random", str(tiny.STACK)], "Missing option '--seed'"),
        (["plan", "random", str(tiny.STACK), "--seed", "-1"], "A seed is out of range"),
        (["plan", "random", str(tiny.STACK), "--seed", "one"], "'one' is not a valid integer"),
        (["plan", "random", str(tiny.STACK), "--seed", "1", "--steps", "3"], "No random plan is within these bounds"),
        (["plan", "random", str(tiny.STACK), "--seed", "1", "--to", "2.0.0"], "The stack has no such release"),
        (["plan", "random", "nothing.yaml", "--seed", "1"], "nothing.yaml"),
    ],
)
def test_a_mistake_is_told_without_a_traceback(words: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(words) == 4
    out = capsys.readouterr()
    assert said in out.err + out.out
    assert "Traceback" not in out.err


def test_a_plan_that_does_not_say_where_it_begins_is_not_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "plan.yaml"
    path.write_text("steps: [{step: load}]")
    assert run(["plan", "run", str(path), str(tiny.STACK)]) == 4
    assert "add `from:` to the plan, or give --from" in capsys.readouterr().err


def test_the_schema_of_a_plan_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["schema", "plan"]) == 0
    assert json.loads(capsys.readouterr().out)["title"] == "plan"


@pytest.mark.sampled
@pytest.mark.containers
def test_a_plan_of_ones_own_is_run_and_leaves_nothing(world: World, engine: Engine, file: Path) -> None:
    ended = world.harness("plan", "run", file, tiny.STACK, timeout=240.0)
    clean(ended)
    events = world.events()
    titles = [event.data["title"] for event in events if event.kind == "plan.step.start"]
    assert len(titles) == STEPS.count("step: ")
    outcomes = {
        (event.data["phase"], event.data["check"]): event.data["outcome"] for event in events if event.kind == "verdict"
    }
    assert outcomes["settled", "release"] == "pass", ended.text
    assert outcomes["slow", "faults"] == "pass", ended.text
    assert ended.code == 0, ended.text
    assert "  7. restart web-2  [restarted]" in ended.err
    assert left_on(engine, world) == {}
