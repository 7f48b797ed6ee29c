"""The files of the reference stack keep what they promise: releases, defects, Compose files."""

from __future__ import annotations

import difflib
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

import harness.stack
from fixtures.reference import DEFECTS, HOT_FIX, ROOT, STACK, Defect
from suites.selftest.reference.load import module

RELEASES = ROOT / "releases"
STOCK = {  # where the images take from what a defect lays over
    "control/srv/": ROOT,
    "control/usr/local/lib/deployctl/": ROOT / "images/control",
    "control/etc/": ROOT / "images/control",
    "backend/etc/backend/": ROOT / "images/backend",
}

OWN_LINES = {  # of a defect's copy of a stock file: lines that are not the stock's, and those that it has not
    ("incident", "backend.toml"): 2,
    ("incident", "deployctl.toml"): 2,
    ("incident", "logs.py"): 2,
    ("incident", "registry.py"): 4,
    ("incident", "rollback.py"): 36,
    ("logs-stop", "deployctl.toml"): 2,
    ("logs-stop", "logs.py"): 2,
    ("deployer-lies", "settings.py"): 9,
    ("deployer-hangs", "balancer.py"): 13,
    ("rollback-skips-one", "rollback.py"): 21,
    ("rollback-leaves-files", "rollback.py"): 3,
    ("jobs-dropped", "jobs.py"): 16,
}


def files(directory: Path) -> dict[str, bytes]:
    found = (path for path in directory.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return {str(path.relative_to(directory)): path.read_bytes() for path in found}


def stock(overlaid: str) -> Path | None:
    for prefix, directory in STOCK.items():
        if overlaid.startswith(prefix):
            path = directory / overlaid.removeprefix(prefix)
            return path if path.is_file() else None
    raise AssertionError(f"{overlaid} lies over nothing that an image has")


def load(path: Path) -> Any:
    return yaml.safe_load(path.read_text())


def test_the_hot_fix_changes_what_it_claims_and_nothing_else() -> None:
    old, new = files(RELEASES / "4.1.0"), files(RELEASES / "4.1.1")
    assert {name for name in old.keys() | new.keys() if old.get(name) != new.get(name)} == HOT_FIX


@pytest.mark.parametrize("release", ["4.1.0", "4.1.1"])
def test_a_release_says_its_own_name(release: str) -> None:
    package = module(RELEASES / release / "backend/__init__.py", f"release_{release[-1]}")
    assert vars(package)["RELEASE"] == release


def test_every_defect_that_is_there_is_known() -> None:
    there = {path.parent.name for path in (ROOT / "defects").glob("*/compose.yaml")}
    assert there == set(DEFECTS)


@pytest.mark.parametrize("known", DEFECTS.values(), ids=list(DEFECTS))
def test_a_defect_lays_over_the_files_it_claims(known: Defect) -> None:
    assert files(known.override.parent).keys() - {"compose.yaml", "defect.yaml"} == known.files


@pytest.mark.parametrize("known", DEFECTS.values(), ids=list(DEFECTS))
def test_each_file_of_a_defect_differs_from_the_stocks(known: Defect) -> None:
    for name in known.files - {"control/srv/patches/logging/backend/logs.py"}:
        path = stock(name)
        assert path is not None, name
        assert path.read_bytes() != (known.override.parent / name).read_bytes(), name


@pytest.mark.parametrize("known", DEFECTS.values(), ids=list(DEFECTS))
def test_a_file_of_a_defect_is_the_stocks_of_today_but_for_its_own_lines(known: Defect) -> None:
    for name in known.files - {"control/srv/patches/logging/backend/logs.py"}:
        path = stock(name)
        assert path is not None
        ours = (known.override.parent / name).read_text().splitlines()
        changed = [line for line in difflib.ndiff(path.read_text().splitlines(), ours) if line[0] in "+-"]
        assert len(changed) == OWN_LINES[known.name, path.name], "the stock has changed: change the defect's copy, too"


@pytest.mark.parametrize("known", DEFECTS.values(), ids=list(DEFECTS))
def test_a_defects_settings_differ_from_the_stocks_in_one_line(known: Defect) -> None:
    for name in known.files:
        path = stock(name)
        if path is not None and path.suffix == ".toml":
            ours, theirs = path.read_text().splitlines(), (known.override.parent / name).read_text().splitlines()
            assert len([1 for one, other in zip(ours, theirs, strict=True) if one != other]) == 1


def test_the_patch_is_the_hot_fix_as_it_should_have_been() -> None:
    patch = DEFECTS["incident"].override.parent / "control/srv/patches/logging/backend/logs.py"
    assert patch.read_bytes() == (RELEASES / "4.1.1/backend/logs.py").read_bytes()


@pytest.mark.parametrize("known", DEFECTS.values(), ids=list(DEFECTS))
def test_a_defects_stack_is_the_stock_stack_but_for_its_overlays(known: Defect) -> None:
    own = load(known.override)
    overlaid = {file.partition("/")[0] for file in known.files}
    assert own["services"] == {name: {"build": {"args": {"DEFECT": known.name}}} for name in overlaid}
    assert own.keys() <= {"name", "services", "x-harness"}
    assert own.get("x-harness", {}).keys() <= {"deployer", "workload"}


@pytest.mark.parametrize("known", DEFECTS.values(), ids=list(DEFECTS))
def test_a_defect_can_be_merged_into_the_stock_stack(known: Defect) -> None:
    stack = harness.stack.load(STACK, [known.override])
    assert stack.services.keys() == harness.stack.load(STACK).services.keys()
    assert stack.name == f"reference-{known.name}"


def test_every_path_that_the_compose_files_name_is_there() -> None:
    for name, service in load(STACK)["services"].items():
        context = ROOT / service["build"]["context"]
        assert (context / service["build"].get("dockerfile", "Dockerfile")).is_file(), name
    assert (ROOT / load(STACK)["x-harness"]["releases"]["4.1.1"]).is_file()


@pytest.mark.parametrize("path", sorted((ROOT / "images").glob("*/Dockerfile")), ids=lambda path: path.parent.name)
def test_a_dockerfile_needs_nothing_but_debian_and_the_classic_builder(path: Path) -> None:
    text = path.read_text()
    assert text.startswith("FROM debian:bookworm-slim\n")
    assert text.count("\nFROM ") == 0
    assert not any(word in text for word in ("--mount", "<<", "--link", "# syntax", "pip "))


KEYS: Any = module(ROOT / "images/keys.py", "reference_keys")


def test_public_keys_are_those_of_rfc_8032() -> None:
    private = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
    public = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
    assert KEYS.public_key(private).hex() == public


def test_both_images_derive_the_same_keys_and_another_seed_others() -> None:
    assert KEYS.key_pair("a", "deployer") == KEYS.key_pair("a", "deployer")
    assert len({KEYS.key_pair("a", "deployer"), KEYS.key_pair("b", "deployer"), KEYS.key_pair("a", "host")}) == 3


@pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="needs ssh-keygen")
def test_ssh_reads_the_keys(tmp_path: Path) -> None:
    private, public = KEYS.key_pair("seed", "deployer")
    path = tmp_path / "key"
    path.write_text(private)
    path.chmod(0o600)
    printed = subprocess.run(["ssh-keygen", "-y", "-f", path], capture_output=True, text=True, check=True).stdout
    assert printed.split()[:2] == public.split()[:2]
