"""What is in the wheel."""

from __future__ import annotations

import configparser
import email
import subprocess
import zipfile
from email.message import Message
from pathlib import Path

import pytest

from harness import __version__
from suites.selftest.packaging.conftest import ROOT


@pytest.fixture
def names(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def text(wheel: Path, name: str) -> str:
    with zipfile.ZipFile(wheel) as archive:
        return archive.read(f"rollback_harness-{__version__}.dist-info/{name}").decode()


@pytest.fixture
def metadata(wheel: Path) -> Message:
    return email.message_from_string(text(wheel, "METADATA"))


def test_the_wheel_is_pure_and_named_after_the_distribution(wheel: Path) -> None:
    assert wheel.name == f"rollback_harness-{__version__}-py3-none-any.whl"


def test_only_the_package_and_its_metadata_are_in_it(names: set[str]) -> None:
    assert {name.split("/")[0] for name in names} == {"harness", f"rollback_harness-{__version__}.dist-info"}


def test_it_holds_every_file_of_the_package_and_no_rubbish(names: set[str]) -> None:
    tracked = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "harness"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout.split()  # fmt: skip
    assert {name for name in names if name.startswith("harness/")} == set(tracked)
    assert {"harness/py.typed", "harness/proxy/image/Dockerfile", "harness/proxy/.dockerignore"} <= names


def test_the_metadata_says_what_the_distribution_is(metadata: Message) -> None:
    assert (metadata["Name"], metadata["Version"]) == ("rollback-harness", __version__)
    assert (metadata["License-Expression"], metadata["Requires-Python"]) == ("Apache-2.0", ">=3.11")
    assert metadata["Summary"]


def test_the_licence_is_in_it(names: set[str]) -> None:
    assert f"rollback_harness-{__version__}.dist-info/licenses/LICENSE" in names


def test_it_brings_the_command_and_the_plugin(wheel: Path) -> None:
    found = configparser.ConfigParser(delimiters=("=",))
    found.read_string(text(wheel, "entry_points.txt"))
    assert dict(found["console_scripts"]) == {"harness": "harness.cli:main"}
    assert dict(found["pytest11"]) == {"harness": "harness.plugin"}


def test_what_the_tests_of_this_project_need_is_not_required_of_its_users(metadata: Message) -> None:
    always = {line.split(">")[0] for line in metadata.get_all("Requires-Dist", []) if "extra ==" not in line}
    assert {"docker", "pytest", "pytest-testinfra", "pyyaml", "pydantic"} <= {name.strip().lower() for name in always}
    assert not always & {"hypothesis", "mypy", "ruff", "pytest-xdist", "import-linter"}
