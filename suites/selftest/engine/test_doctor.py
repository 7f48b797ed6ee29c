from __future__ import annotations

from pathlib import Path

import pytest

from harness.engine import connect, doctor
from harness.engine.doctor import Finding, examine
from harness.engine.engine import Engine


def named(findings: list[Finding]) -> dict[str, Finding]:
    return {finding.name: finding for finding in findings}


def test_without_an_engine_it_says_so_and_looks_at_the_rest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connect, "DEFAULT_SOCKET", str(tmp_path / "none.sock"))
    found = named(examine({"HOME": str(tmp_path), "HARNESS_HOME": str(tmp_path)}, tmp_path))
    assert found["Python"].ok
    assert not found["engine"].ok
    assert "harness engine ensure" in found["engine"].do
    assert found["dockerd"].do


def test_a_usage_error_is_a_finding_too(tmp_path: Path) -> None:
    found = named(examine({"DOCKER_HOST": "ftp://x"}, tmp_path))
    assert not found["engine"].ok
    assert "scheme" in found["engine"].found


def test_a_full_disk_says_how_much_is_needed(tmp_path: Path) -> None:
    finding = doctor._disk("disk", tmp_path / "not" / "yet", 1 << 60)
    assert not finding.ok
    assert str(tmp_path) in finding.found
    assert "needs" in finding.do


def test_a_check_that_falls_over_is_a_finding() -> None:
    def fall() -> Finding:
        raise KeyError("surprise")

    finding = doctor._guard("thing", fall)
    assert (finding.name, finding.ok) == ("thing", False)
    assert "surprise" in finding.found


@pytest.mark.containers
def test_on_an_engine_everything_is_looked_at_and_nothing_stays(engine: Engine, tmp_path: Path) -> None:
    found = named(examine(engine.environ, tmp_path))
    expected = {
        "engine",
        "API",
        "storage",
        "memory",
        "control groups",
        "subnets",
        "networks",
        "base image",
        "leftovers",
    }
    assert expected <= set(found)
    assert found["engine"].ok
    assert found["networks"].ok
    assert not [labels for labels in engine.networks.list().values() if "doctor" in labels.values()]


@pytest.mark.containers
def test_an_exhausted_pool_is_found(engine: Engine, tmp_path: Path) -> None:
    found = named(examine({**engine.environ, "HARNESS_SUBNETS": "10.214.40.0/28:29"}, tmp_path))
    assert not found["subnets"].ok
    assert "harness sweep" in found["subnets"].do
