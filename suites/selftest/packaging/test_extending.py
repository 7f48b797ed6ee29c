"""The package of docs/extending.md: built outside the tree, installed in a fresh environment, and used as it stands."""

from __future__ import annotations

import re
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from fixtures import tiny
from harness.history import read
from suites.raw import select
from suites.selftest.packaging.conftest import ROOT, clean_environment

BLOCK = re.compile(r"^```\w+\n# (\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def run(directory: Path, *command: str | Path, seconds: float = 240) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        list(map(str, command)), cwd=directory, capture_output=True, text=True, check=False, timeout=seconds,
        env={**clean_environment(), "COLUMNS": "100"},
    )  # fmt: skip


@pytest.fixture(scope="module")
def acme(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with the package's files, installed into the virtual environment in it; the harness and what it needs
    come from the environment that tests.
    """
    directory = tmp_path_factory.mktemp("acme")
    for name, text in BLOCK.findall((ROOT / "docs" / "extending.md").read_text(encoding="utf-8")):
        (directory / name).parent.mkdir(exist_ok=True)
        (directory / name).write_text(text)
    (directory / "acme_rollback" / "__init__.py").touch()
    home = directory / "venv"
    venv.create(home, with_pip=True)
    (site,) = home.glob("lib/python*/site-packages")
    ours = [path for path in sys.path if path.endswith("site-packages")]
    (site / "harness.pth").write_text("\n".join([str(ROOT), *ours]) + "\n")
    python = home / "bin" / "python"
    installed = run(directory, python, "-m", "pip", "install", "--quiet", "--no-deps", ".")
    assert installed.returncode == 0, installed.stderr
    return directory


def harness(acme: Path, *words: str | Path) -> subprocess.CompletedProcess[str]:
    return run(acme, acme / "venv" / "bin" / "python", "-m", "harness", *words)


def test_what_the_package_adds_is_found_and_printed(acme: Path) -> None:
    shown = harness(acme, "plan", "show", "plan.yaml", tiny.STACK, "-f", "compose.acme.yaml")
    assert shown.returncode == 0, shown.stderr
    assert "3. inject rough: a rough link (20 ms, 128 bytes) on entrypoint -> web  [rough]" in shown.stdout
    assert "4. leave everything alone for 2 s  [quiet]" in shown.stdout
    assert "- check memory-level (factor 3)" in shown.stdout
    assert '"const": "quiet"' in harness(acme, "schema", "plan").stdout


def test_its_mutator_changes_random_plans(acme: Path) -> None:
    drawn = harness(acme, "plan", "random", tiny.STACK, "--seed", "1", "--count", "10")
    assert drawn.returncode == 0, drawn.stderr
    assert "leave everything alone for" in drawn.stdout
    assert "\nquiet (rolled-back, command)\n" in drawn.stdout


def test_its_parameters_are_typed_too(acme: Path) -> None:
    plan = (acme / "plan.yaml").read_text()
    (acme / "wrong.yaml").write_text(plan.replace("factor: 3.0", "factor: much"))
    refused = harness(acme, "plan", "show", "wrong.yaml", tiny.STACK)
    assert refused.returncode == 4
    assert "factor: input should be a valid number" in refused.stderr


def test_where_it_is_not_installed_nobody_knows_it(acme: Path) -> None:
    refused = run(ROOT, sys.executable, "-m", "harness", "plan", "show", acme / "plan.yaml", tiny.STACK)
    assert refused.returncode == 4
    assert "There is no such fault" in refused.stderr


@pytest.mark.containers
def test_all_of_it_runs(acme: Path) -> None:
    ran = harness(acme, "plan", "run", "plan.yaml", tiny.STACK, "-f", "compose.acme.yaml", "--out", "runs")
    events = read(acme / "runs" / "latest" / "events.jsonl")
    outcomes = {event.data["check"]: event.data["outcome"] for event in select(events, "verdict")}
    assert outcomes["faults"] == "pass", ran.stdout
    assert outcomes["memory-level"] == "pass", ran.stdout
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert [event.data["command"] for event in select(events, "deployer.start")] == [["by-file", "deploy", "1.1.0"]]
    disks = select(events, "acme.disk-usage", phase="deployed")
    assert [(event.data["replica"], event.data["error"]) for event in disks] == [("web-1", None), ("web-2", None)]
    assert all(0.0 <= event.data["used"] <= 1.0 for event in disks)
    assert {event.data["release"] for event in select(events, "probe.acme-app", replica="web-1")} >= {"1.0.0", "1.1.0"}
    assert "one-line.txt" in ran.stdout
    assert (acme / "runs/latest/one-line.txt").read_text() == "tiny, 1.0.0 -> 1.1.0 -> 1.0.0: PASS\n"


def test_a_stack_that_names_a_probe_of_a_package_that_is_not_there_is_refused(acme: Path) -> None:
    words = ("plan", "show", "plan.yaml", tiny.STACK, "-f", "compose.probe.yaml")
    (acme / "compose.probe.yaml").write_text("x-harness: {probes: {other: {disk-usgae: {in: web}}}}\n")
    refused = harness(acme, *words)
    assert refused.returncode == 4
    assert "There is no such probe" in refused.stderr
    assert "did you mean disk-usage?" in refused.stderr


def test_its_diagnosis_is_one_of_the_rules(acme: Path) -> None:
    code = "from harness.diagnoses import find, rules; print('lost-lease' in rules(), find('lost-lease').__module__)"
    done = run(acme, acme / "venv" / "bin" / "python", "-c", code)
    assert done.stdout.split() == ["True", "acme_rollback.lost_lease"], done.stderr
