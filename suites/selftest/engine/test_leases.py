from __future__ import annotations

import os
import threading
from collections.abc import Iterable
from types import SimpleNamespace
from typing import Any

import pytest

from harness import proc
from harness.clock import ManualClock
from harness.engine.engine import Engine
from harness.engine.labels import EXPIRES, HOLDER, KEPT, LEASE, Owner
from harness.engine.leases import TTL, LeaseRecord, Leases
from harness.errors import EngineError

OWNER = Owner("run", "environment")
ELSEWHERE = "another-boot/4026531836/1/1"


def record(holder: str, expires: str, kept: str = "") -> LeaseRecord:
    return LeaseRecord.parse("v", {LEASE: "e", HOLDER: holder, EXPIRES: expires, KEPT: kept})


def test_a_holder_that_runs_here_keeps_its_lease_even_when_it_is_late() -> None:
    assert record(proc.identity(), "100").live(now=1000)


def test_a_holder_that_ended_here_has_lost_its_lease_at_once() -> None:
    ended = f"{proc.place()}/{os.getpid()}/1"  # our number, another start: the number was used again
    assert not record(ended, "9999").live(now=1000)


@pytest.mark.parametrize(("expires", "live"), [("1001", True), ("1000", False), ("", False), ("soon", False)])
def test_a_holder_elsewhere_is_judged_by_the_clock(expires: str, live: bool) -> None:
    assert record(ELSEWHERE, expires).live(now=1000) is live


def test_a_kept_lease_never_ends() -> None:
    assert record(ELSEWHERE, "never", kept="true").live(now=1e12)


class _Clock(ManualClock):
    """Lets the renewing thread take a turn only when the test says so."""

    def __init__(self) -> None:
        super().__init__()
        self.turn, self.done = threading.Semaphore(0), threading.Semaphore(0)
        self.first = True

    def wait(self, woken: threading.Event, seconds: float) -> bool:
        if not self.first:
            self.done.release()
        self.first = False
        while not self.turn.acquire(timeout=0.01):
            if woken.is_set():
                return True
        self.advance(seconds)
        return woken.is_set()

    def take_turn(self) -> None:
        self.turn.release()
        assert self.done.acquire(timeout=30)


class _Api:
    """Volumes, and a clock."""

    def __init__(self, clock: ManualClock) -> None:
        self.clock, self.volumes_, self.broken = clock, dict[str, dict[str, str]](), False

    def create_volume(self, name: str, labels: dict[str, str]) -> None:
        if self.broken:
            raise ConnectionRefusedError("gone")
        self.volumes_[name] = labels

    def remove_volume(self, name: str) -> None:
        del self.volumes_[name]

    def volumes(self, filters: dict[str, Iterable[str]]) -> dict[str, Any]:
        wanted = [part.split("=", 1) for part in filters["label"]]
        found = {n: of for n, of in self.volumes_.items() if all(of.get(key) == value for key, value in wanted)}
        return {"Volumes": [{"Name": name, "Labels": labels} for name, labels in found.items()]}

    def _url(self, path: str, **_: object) -> str:
        return path

    def _raise_for_status(self, _: object) -> None:
        return

    def _get(self, _: str) -> object:
        return SimpleNamespace(headers={})


def test_a_lease_is_renewed_by_a_new_one_before_the_old_one_goes() -> None:
    clock = _Clock()
    api = _Api(clock)
    leases = Leases(api, clock=clock)  # type: ignore[arg-type]
    leases.acquire(OWNER)
    (before,) = leases.list()
    for _ in range(2):
        clock.take_turn()
    (after,) = leases.list()
    leases.close()
    assert after.volume != before.volume
    assert before.expires is not None
    assert after.expires is not None
    assert after.expires - before.expires == pytest.approx(TTL * 2 / 3, abs=1)


def test_a_renewal_that_fails_is_told_and_tried_again() -> None:
    clock = _Clock()
    api = _Api(clock)
    told: list[EngineError] = []
    leases = Leases(api, clock=clock, failed=told.append)  # type: ignore[arg-type]
    leases.acquire(OWNER)
    api.broken = True
    clock.take_turn()
    failures = [leases.failure]
    api.broken = False
    clock.take_turn()
    failures.append(leases.failure)
    leases.close()
    assert failures == [*told, None]
    assert len(told) == 1


def test_a_kept_environment_has_one_lease_without_end_and_is_not_renewed() -> None:
    clock = _Clock()
    api = _Api(clock)
    leases = Leases(api, clock=clock)  # type: ignore[arg-type]
    lease = leases.acquire(OWNER)
    lease.keep()
    clock.take_turn()
    (only,) = leases.list()
    leases.close()
    assert only.kept
    assert only.expires is None


@pytest.mark.containers
def test_a_released_lease_is_gone_from_the_engine(engine: Engine, owner: Owner) -> None:
    mine = [f"{LEASE}={owner.environment}"]
    (found,) = engine.leases.list(mine)
    assert found.run == owner.run
    assert found.live(engine.leases.now())
    assert found.expires is not None
    assert 0 < found.expires - engine.leases.now() <= TTL
    engine.leases.release(owner.environment)
    assert engine.leases.list(mine) == ()
