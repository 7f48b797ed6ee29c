"""How deployctl acts, with a registry and a fleet in memory, as it stands and with its defects."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from suites.selftest.reference.load import deployctl


class Registry:
    """The registry's table and its cached view, in memory."""

    def __init__(self, decide: Any, events: list[str]) -> None:
        self._decide, self._events = decide, events
        self.table = [("4.0.9", "deploy", "superseded"), ("4.1.0", "deploy", "current")]
        self.view: dict[str, str | None] = {"current": "4.1.0", "previous": "4.0.9"}

    def rows(self) -> list[Any]:
        return [self._decide.Row(number, *row) for number, row in enumerate(self.table, 1)]

    def begin(self, release: str, action: str) -> int:
        self.table.append((release, action, "pending"))
        return len(self.table)

    def close(self, change: int, status: str) -> None:
        self.table[change - 1] = (*self.table[change - 1][:2], status)

    def deployed(self, change: int) -> None:
        self.rolled_back(change, "")

    def rolled_back(self, change: int, release: str) -> None:
        after = "rolled_back" if release else "superseded"
        self.table = [(*row[:2], after if row[2] == "current" else row[2]) for row in self.table]
        self.close(change, "current")
        self._events.append(f"registry {self.table[change - 1][0]}")

    def refresh(self) -> None:
        self.view = self._decide.view(self.rows())

    def cached(self) -> dict[str, str | None]:
        return self.view

    def migrate(self, release: str, _migrations: dict[str, str]) -> None:
        self._events.append(f"migrate {release}")


class Backend:
    """A backend; `broken` is a release that does not come up on it."""

    def __init__(self, name: str, world: World) -> None:
        self.name, self.broken = name, ""
        self.running: str | None = "4.1.0"
        self._world = world

    def update(self, release: str) -> None:
        if release == self.broken:
            self.running = None
            raise self._world.part("say").Failed(f"{self.name}: {release} does not come up")
        self._world.events.append(f"{self.name} {release}")
        self.running = release

    def prune(self, _keep: list[str]) -> None: ...


class Balancer:
    """Takes every backend back."""

    def restore(self, _name: str) -> None: ...


class World:
    """deployctl, with or without a defect, and all that it acts on."""

    def __init__(self, directory: Path, monkeypatch: pytest.MonkeyPatch, defect: str | None = None) -> None:
        self.events: list[str] = []
        self.part = deployctl(defect, directory)
        self.registry = Registry(self.part("decide"), self.events)
        self.fleet = object.__new__(self.part("fleet").Fleet)
        self.fleet.balancer = Balancer()
        self.fleet.backends = [Backend(f"backend-{number}", self) for number in (1, 2, 3)]
        monkeypatch.setattr(self.part("fleet").Fleet, "survey", lambda _: dict(self.running()))
        monkeypatch.setattr(self.part("store"), "find", self._find)
        monkeypatch.setattr(self.part("store"), "migrations", lambda _: {})
        for name in ("deploy", "rollback"):
            if hasattr(self.part(name), "verify"):
                monkeypatch.setattr(self.part(name), "verify", self._verify)

    def running(self) -> list[tuple[str, str | None]]:
        return [(backend.name, backend.running) for backend in self.fleet.backends]

    def fleet_runs(self, release: str) -> bool:
        return {running for _, running in self.running()} == {release}

    def deploy(self, release: str, *, auto_rollback: bool = True) -> int:
        return int(self.part("deploy").deploy(self.registry, self.fleet, release, auto_rollback=auto_rollback))

    def rollback(self, to: str | None = None, *, no_cache: bool = False) -> int:
        return int(self.part("rollback").rollback(self.registry, self.fleet, to, no_cache=no_cache))

    def current(self) -> str | None:
        now = self.part("decide").current(self.registry.rows())
        return now.release if now else None

    def _find(self, release: str, _directory: Path | None = None) -> None:
        if release not in ("4.1.0", "4.1.1"):
            raise self.part("say").Failed(f"no {release}")

    def _verify(self, _fleet: Any, release: str) -> None:
        if not self.fleet_runs(release):
            raise self.part("say").Failed("tests failed")


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    return World(tmp_path, monkeypatch)


def test_a_deployment_goes_schema_fleet_registry(world: World) -> None:
    assert world.deploy("4.1.1") == 0
    assert world.events == [
        "migrate 4.1.1", "backend-1 4.1.1", "backend-2 4.1.1", "backend-3 4.1.1", "registry 4.1.1",
    ]  # fmt: skip


def test_a_rollback_changes_the_registry_last(world: World) -> None:
    world.deploy("4.1.1")
    world.events.clear()
    assert world.rollback() == 0
    assert world.events == ["backend-1 4.1.0", "backend-2 4.1.0", "backend-3 4.1.0", "registry 4.1.0"]


def test_a_second_rollback_changes_nothing(world: World) -> None:
    world.deploy("4.1.1")
    world.rollback()
    table = list(world.registry.table)
    assert world.rollback() == 0
    assert world.registry.table == table
    assert world.fleet_runs("4.1.0")


def test_a_deployment_that_fails_halfway_takes_itself_back_and_exits_1(world: World) -> None:
    world.fleet.backends[1].broken = "4.1.1"
    assert world.deploy("4.1.1") == 1
    assert world.fleet_runs("4.1.0")
    assert world.current() == "4.1.0"


def test_half_a_deployment_stays_without_automatic_rollback_until_it_is_asked_for(world: World) -> None:
    world.fleet.backends[1].broken = "4.1.1"
    assert world.deploy("4.1.1", auto_rollback=False) == 1
    assert not world.fleet_runs("4.1.0")
    assert world.rollback() == 0
    assert world.fleet_runs("4.1.0")


def test_a_rollback_goes_on_past_a_backend_that_is_down_and_is_taken_up_by_the_next(world: World) -> None:
    world.deploy("4.1.1")
    world.fleet.backends[0].broken, world.fleet.backends[0].running = "4.1.0", None
    with pytest.raises(world.part("say").Failed, match="backend-1"):
        world.rollback()
    assert [running for _, running in world.running()] == [None, "4.1.0", "4.1.0"]
    assert world.current() == "4.1.1"
    world.fleet.backends[0].broken = ""
    assert world.rollback() == 0
    assert world.fleet_runs("4.1.0")


def test_a_rollback_to_a_release_that_does_not_come_up_stops_at_the_first_backend(world: World) -> None:
    world.deploy("4.1.1")
    for backend in world.fleet.backends:
        backend.broken = "4.1.0"
    with pytest.raises(world.part("say").Failed, match="backend-1"):
        world.rollback()
    assert [running for _, running in world.running()] == [None, "4.1.1", "4.1.1"]


def test_a_stale_view_misleads_no_rollback(world: World) -> None:
    world.deploy("4.1.1")
    world.registry.view = {"current": "4.1.0", "previous": "4.0.9"}
    assert world.rollback() == 0
    assert world.fleet_runs("4.1.0")


def test_a_rollback_to_a_release_that_is_gone_changes_nothing(world: World) -> None:
    world.deploy("4.1.1")
    table = list(world.registry.table)
    with pytest.raises(world.part("say").Failed, match=r"no 4\.0\.9"):
        world.rollback("4.0.9")
    assert world.registry.table == table


def test_the_incidents_rollback_leaves_the_registry_and_the_fleet_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(tmp_path, monkeypatch, "incident")
    monkeypatch.setattr(Backend, "update", lambda self, release: self._world._find(release))
    world.deploy("4.1.1")
    with pytest.raises(world.part("say").Failed, match=r"no 4\.0\.9"):
        world.rollback()
    assert world.current() == "4.0.9"


def test_the_defect_that_skips_one_leaves_the_first_backend_and_exits_0(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(tmp_path, monkeypatch, "rollback-skips-one")
    world.deploy("4.1.1")
    assert world.rollback() == 0
    assert [running for _, running in world.running()] == ["4.1.1", "4.1.0", "4.1.0"]


INVENTORY = {"services": {"backend": [{"name": "backend-1", "address": "172.20.0.3", "container": "x"}]}}
SETTINGS = {"backends": ["backend-1", "backend-2"]}


def test_the_inventory_is_preferred_to_the_settings(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = world.part("settings")
    assert [host.name for host in settings.hosts(SETTINGS)] == ["backend-1", "backend-2"]
    monkeypatch.setenv("HARNESS_INVENTORY", json.dumps(INVENTORY))
    assert settings.hosts(SETTINGS) == (settings.Host("backend-1", "172.20.0.3"),)


def test_an_inventory_without_backends_is_refused_and_the_lying_deployer_takes_it(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(world.part("say").Failed, match="no backends"):
        world.part("settings").hosts({"backends": []})
    monkeypatch.setenv("HARNESS_INVENTORY", json.dumps(INVENTORY))
    lying = deployctl("deployer-lies", tmp_path)("settings")
    assert lying.hosts(SETTINGS) == ()
    monkeypatch.delenv("HARNESS_INVENTORY")
    assert lying.hosts(SETTINGS) == ()
