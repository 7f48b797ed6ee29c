"""`recreate` ends every replica of a service before it starts one."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.deploy import find
from harness.errors import NotReady
from harness.stack import Deployer as Declared
from suites.selftest.deploy.made import FakeEnvironment, FakeReplica, stack


def test_all_end_before_the_first_one_starts(tmp_path: Path) -> None:
    environment = FakeEnvironment(stack(tmp_path))
    deployer = find("recreate")(environment.environment, Declared(), environment.history)
    assert deployer.deploy("2").claims_success
    assert sorted(environment.done[:4]) == [f"end web-{number}" for number in range(1, 5)]
    assert environment.done[4:] == [f"web-{number} -> 2" for number in range(1, 5)]
    assert environment.orders == {"stop-first"}
    environment.done.clear()
    assert deployer.deploy("2").claims_success
    assert environment.done == []


def test_one_that_does_not_become_ready_fails_it_and_what_follows_stays(tmp_path: Path) -> None:
    two = 'services: {web: {image: "web:2"}, lb: {image: "lb:2"}}'
    environment = FakeEnvironment(stack(tmp_path, two=two))
    environment.fails[("web-3", "2")] = NotReady("web-3 did not become ready")
    deployer = find("recreate")(environment.environment, Declared(), environment.history)
    assert deployer.deploy("2").exit_code == 1
    assert "lb-1 -> 2" not in environment.done
    assert environment.lines()[-1] == "stopped: web failed"


@pytest.mark.parametrize(("monitor", "code"), [("5s", 1), ("0s", 0)])
def test_one_that_ends_while_it_is_watched_fails_it(tmp_path: Path, monitor: str, code: int) -> None:
    environment = FakeEnvironment(stack(tmp_path, update=f"monitor: {monitor}"))
    clock = environment.history.clock
    began = clock.monotonic()

    class Ends(FakeReplica):
        def ended(self) -> str | None:
            late = self.release == "2" and clock.monotonic() - began > 1.5
            return "exited with code 3" if late else super().ended()

    environment.replica("web-1").__class__ = Ends
    deployer = find("recreate")(environment.environment, Declared(), environment.history)
    assert deployer.deploy("2").exit_code == code
