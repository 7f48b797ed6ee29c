"""Allure 3 builds a report from what a run leaves: its tests, their categories, the environment, the history."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from harness.clock import ManualClock
from harness.history import Event, History
from harness.report import Report, write_reports
from suites.raw import raw
from suites.selftest.report.made import events, gate

NPM = shutil.which("npm")
pytestmark = pytest.mark.skipif(NPM is None, reason="there is no npm on this machine (apt install npm)")


@pytest.fixture(scope="module")
def allure(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The command `allure` of Allure 3, from the npm registry."""
    place = tmp_path_factory.mktemp("allure")
    words = ["npm", "install", "--no-audit", "--no-fund", "--prefix", str(place), "allure@3"]
    found = subprocess.run(words, capture_output=True, text=True, timeout=300, check=False)
    assert found.returncode == 0, found.stderr[-2000:]
    return place / "node_modules" / ".bin" / "allure"


def broke() -> tuple[Event, ...]:
    clock = ManualClock()
    history = History(clock=clock)
    gate(history, clock)
    whole = history.events[:-1]
    history.record(raw("run.error", what="The container engine went away", message="gone", exit_code=3))
    return (*whole, *history.events[len(whole) + 1 :])


def generated(allure: Path, directory: Path, found: tuple[Event, ...]) -> Path:
    """The report of a run, as a pipeline makes it."""
    write_reports(Report.of(found), directory)
    out = directory / "allure-report"
    words = [
        str(allure),
        "generate",
        str(directory / "allure-results"),
        "-c",
        str(directory / "allurerc.json"),
        "-o",
        str(out),
    ]
    done = subprocess.run(words, capture_output=True, text=True, timeout=120, check=False, cwd=directory)
    assert done.returncode == 0, done.stdout + done.stderr
    return out


def categories(out: Path) -> set[str]:
    nodes: dict[str, Any] = json.loads((out / "widgets" / "categories.json").read_text())["nodes"]
    return {node["name"] for node in nodes.values() if node["type"] == "category"}


def test_a_report_has_the_phases_as_tests_and_says_where_it_ran(allure: Path, tmp_path: Path) -> None:
    out = generated(allure, tmp_path / "run", events(broken=True))
    summary = json.loads((out / "summary.json").read_text())
    assert (summary["status"], summary["stats"]["failed"], summary["stats"]["total"]) == ("failed", 2, 4)
    environment = json.loads((out / "widgets" / "allure_environment.json").read_text())
    assert {"name": "stack", "values": ["reference"]} in environment
    assert list((out / "data" / "attachments").iterdir()), "the deployer's output is attached"


@pytest.mark.parametrize(
    ("found", "category"),
    [
        (events(broken=True), "The release failed"),
        (events(unknown=True), "It could not be measured (unknown)"),
        (broke(), "The harness or its machine failed"),
    ],
)
def test_what_is_no_pass_is_in_its_category(
    allure: Path, tmp_path: Path, found: tuple[Event, ...], category: str
) -> None:
    assert categories(generated(allure, tmp_path / "run", found)) == {category}


def test_runs_beside_each_other_have_a_history(allure: Path, tmp_path: Path) -> None:
    generated(allure, tmp_path / "first", events())
    generated(allure, tmp_path / "second", events(broken=True))
    lines = (tmp_path / "allure-history.jsonl").read_text().splitlines()
    ids = [set(json.loads(line)["testResults"]) for line in lines]
    assert len(ids) == 2
    assert ids[0] == ids[1], "a phase is the same test in every run"
