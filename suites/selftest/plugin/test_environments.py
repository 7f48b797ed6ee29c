"""The plugin with a container engine: each test has its own environment, and what becomes of it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from fixtures import tiny
from harness.engine import Engine
from harness.engine.labels import ENVIRONMENT
from harness.engine.sweep import sweep
from harness.environment.found import environments
from harness.history import read
from suites.leftovers import networks_left
from suites.raw import select

pytestmark = [pytest.mark.containers, pytest.mark.sampled]

# As in the design, as far as this version goes; the last one fails.
TESTS = """
    import pytest
    from harness.events import DeployerStart

    def test_a_release_can_be_taken_back(environment, deployer, workload, release_to):
        assert environment.runs("1.0.0")
        workload.start()
        baseline = workload.baseline(1.5)
        assert baseline.ok >= 20
        deployer.deploy(release_to)
        for replica in environment["web"]:
            assert replica.host.file(f"/srv/{replica.name}").content_string == "1.1.0"
        assert environment.runs("1.1.0")
        assert not environment.runs("1.0.0")
        deployer.rollback()
        assert environment.runs("1.0.0")

    def test_another_environment_has_seen_nothing_of_it(environment, history):
        environment.replica("web-1").run("touch /srv/mark")
        assert environment.replica("web-2").host.file("/srv/mark").exists
        assert not history.of(DeployerStart)

    def test_this_one_fails(environment):
        assert not environment.replica("web-1").host.file("/srv/mark").exists
        assert environment.runs("9.9.9")
"""


def child(*arguments: str) -> list[str]:
    stack = [f"--stack={tiny.STACK}", "--runs=runs"]
    return [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *stack, *arguments]


def steps(result: dict[str, Any]) -> list[str]:
    """The names of an Allure result's steps, at any depth; its fixtures' steps are in containers."""
    return [name for step in result.get("steps", []) for name in (step["name"], *steps(step))]


@pytest.fixture
def ended(pytester: pytest.Pytester) -> tuple[Path, str]:
    """The directory and the output of a run of those tests in two workers, with results for Allure."""
    pytester.makepyfile(TESTS)
    result = pytester.run(*child("-n", "2", "--keep", "failed", "--alluredir", "allure"), timeout=180)
    result.assert_outcomes(passed=2, failed=1)
    return pytester.path, result.stdout.str() + result.stderr.str()


def test_each_test_has_its_own_environment_directory_and_evidence_and_a_failed_one_is_kept(
    ended: tuple[Path, str], harness_engine: Engine
) -> None:
    directory, output = ended
    (run,) = (directory / "runs").iterdir()
    kept = ""
    try:
        found = {path.parent.name: read(path) for path in run.glob("*/events.jsonl")}
        assert found.keys() == {
            "test_a_release_can_be_taken_back", "test_another_environment_has_seen_nothing_of_it",
            "test_this_one_fails",
        }  # fmt: skip
        ups = {name: select(events, "environment.up")[0].data["environment"] for name, events in found.items()}
        assert len(set(ups.values())) == 3
        kept = ups["test_this_one_fails"]
        # the failed one is left up, with its evidence, and how to enter it is said
        assert [name for name, events in found.items() if not select(events, "environment.down")] == [
            "test_this_one_fails"
        ]
        there = {one.id: one.lease for one in environments(harness_engine)}
        assert {name: there.get(name) for name in ups.values()} == {
            name: "kept" if name == kept else None for name in ups.values()
        }
        assert f"harness exec -e {kept} web-1 -- sh" in output
        saved = {path.name for path in (run / "test_this_one_fails" / "evidence" / kept).iterdir()}
        assert {"web-1.log", "web-1.state.json", "web-2_var_log_web.log", "control-1.log"} <= saved
        assert not list(run.glob("test_a*/evidence"))
    finally:
        if kept:
            assert not sweep(harness_engine, environment=kept, everything=True).problems
    told = [json.loads(path.read_text()) for path in (directory / "allure").glob("*-result.json")]
    around = [json.loads(path.read_text()) for path in (directory / "allure").glob("*-container.json")]
    assert {result["name"]: result["status"] for result in told} == {
        "test_a_release_can_be_taken_back": "passed",
        "test_another_environment_has_seen_nothing_of_it": "passed",
        "test_this_one_fails": "failed",
    }
    every = json.dumps([told, around])
    assert "bring tiny up on 1.0.0" in every
    assert "events.jsonl" in every
    assert any("1.0.0" in path.read_text() for path in (directory / "allure").glob("*-attachment.*"))


def test_ctrl_c_in_a_test_takes_its_environment_down(pytester: pytest.Pytester, harness_engine: Engine) -> None:
    pytester.makepyfile(
        """
        import pathlib, time

        def test_waits(environment):
            pathlib.Path("up").write_text(environment.id)
            time.sleep(300)
        """
    )
    with subprocess.Popen(
        child("--keep", "failed"), cwd=pytester.path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        env={**os.environ},
    ) as running:  # fmt: skip
        up, deadline = pytester.path / "up", time.monotonic() + 90
        while not (up.exists() and up.read_text()):
            assert running.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.05)
        running.send_signal(signal.SIGINT)
        output, _ = running.communicate(timeout=60)
    assert running.returncode == pytest.ExitCode.INTERRUPTED
    assert "KeyboardInterrupt" in output
    name = up.read_text()
    assert name not in {one.id for one in environments(harness_engine)}
    assert not networks_left(harness_engine, f"{ENVIRONMENT}={name}")
    (events,) = (pytester.path / "runs").glob("*/*/events.jsonl")
    assert select(read(events), "environment.down", environment=name)
