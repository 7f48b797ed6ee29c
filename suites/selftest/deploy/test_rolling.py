"""`rolling` does what `update_config` and `rollback_config` say."""

from __future__ import annotations

import threading
from itertools import pairwise
from pathlib import Path

import pytest

from harness.clock import ManualClock
from harness.deploy import Deployer, find
from harness.deploy._balancer import Balancer
from harness.errors import EngineError, NotReady
from harness.stack import Deployer as Declared
from suites.raw import select
from suites.selftest.deploy.made import FakeEnvironment, FakeReplica, stack

NOT_READY = NotReady("web did not become ready", got="exit code 7")
ALL = [f"web-{number} -> 2" for number in range(1, 5)]


def rolling(environment: FakeEnvironment, **declared: float) -> Deployer:
    return find("rolling")(environment.environment, Declared(**declared), environment.history)


def made(directory: Path, **fields: str) -> FakeEnvironment:
    return FakeEnvironment(stack(directory, **fields))  # type: ignore[arg-type]


def test_only_what_differs_is_replaced_one_after_the_other_and_back(tmp_path: Path) -> None:
    environment = made(tmp_path)
    deployer = rolling(environment)
    there = deployer.deploy("2")
    assert (there.verb, there.release, there.claims_success) == ("deploy", "2", True)
    assert (environment.done, environment.most) == (ALL, 1)
    environment.done.clear()
    assert deployer.rollback().claims_success
    assert environment.done == [f"web-{number} -> 1" for number in range(1, 5)]


def test_a_second_rollback_does_nothing(tmp_path: Path) -> None:
    environment = made(tmp_path)
    deployer = rolling(environment)
    assert deployer.rollback().claims_success
    assert deployer.rollback().claims_success
    assert environment.done == []


def test_a_replica_that_does_not_run_is_replaced_whatever_it_was_made_for(tmp_path: Path) -> None:
    environment = made(tmp_path)
    environment.replica("web-3").how = "exited with code 1"
    assert rolling(environment).rollback().claims_success
    assert environment.done == ["web-3 -> 1"]


@pytest.mark.parametrize(("parallelism", "most"), [(1, 1), (3, 3), (0, 4)])
def test_so_many_are_replaced_at_the_same_time(tmp_path: Path, parallelism: int, most: int) -> None:
    environment, together = made(tmp_path, update=f"parallelism: {parallelism}"), threading.Barrier(most)

    def during(name: str) -> None:
        if int(name.removeprefix("web-")) <= most:  # those of the first group meet here
            together.wait(30)

    environment.during = during
    assert rolling(environment).deploy("2").claims_success
    assert environment.most == most


def test_between_groups_lies_the_delay_of_the_way_that_is_gone(tmp_path: Path) -> None:
    environment = made(tmp_path, update="delay: 7s", rollback="delay: 2s")
    deployer = rolling(environment)
    for verb, apart in (("deploy", 7.0), ("rollback", 2.0)):
        assert deployer.start(verb, "2").wait().claims_success
        assert [later - sooner for sooner, later in pairwise(environment.times.values())] == [apart] * 3
        environment.times.clear()


@pytest.mark.parametrize("order", ["stop-first", "start-first"])
def test_the_order_is_handed_on(tmp_path: Path, order: str) -> None:
    environment = made(tmp_path, update=f"order: {order}")
    rolling(environment).deploy("2")
    assert environment.orders == {order}


def test_a_failure_pauses_and_leaves_everything_as_it_is(tmp_path: Path) -> None:
    environment = made(tmp_path)
    environment.fails[("web-2", "2")] = NOT_READY
    ended = rolling(environment).deploy("2")
    assert (ended.ended, ended.exit_code) == ("exit", 1)
    assert environment.runs() == {"web-1": "2", "web-2": "2", "web-3": "1", "web-4": "1"}
    assert "web-2 failed: web did not become ready: exit code 7" in environment.lines()
    assert environment.lines()[-1] == "paused: what is not done yet stays as it is (web)"


def test_a_failure_goes_on_where_it_is_to_and_is_a_failure_all_the_same(tmp_path: Path) -> None:
    environment = made(tmp_path, update="failure_action: continue")
    environment.fails[("web-2", "2")] = EngineError("no such command")
    assert rolling(environment).deploy("2").exit_code == 1
    assert environment.done == ALL


def test_a_failure_takes_back_what_was_changed_and_what_failed_as_rollback_config_says(tmp_path: Path) -> None:
    environment = made(tmp_path, update="failure_action: rollback", rollback="order: start-first, parallelism: 2")
    environment.fails[("web-2", "2")] = NOT_READY
    ended = rolling(environment).deploy("2")
    assert (ended.verb, ended.exit_code) == ("deploy", 1)
    assert environment.done[:2] == ALL[:2]
    assert sorted(environment.done[2:]) == ["web-1 -> 1", "web-2 -> 1"]
    assert set(environment.runs().values()) == {"1"}
    assert environment.orders == {"stop-first", "start-first"}
    assert len(select(environment.history.events, "deployer.start")) == 1


def test_a_rollback_that_fails_is_not_rolled_back(tmp_path: Path) -> None:
    environment = made(tmp_path, update="failure_action: rollback")
    deployer = rolling(environment)
    deployer.deploy("2")
    environment.fails[("web-1", "1")] = NOT_READY
    assert deployer.rollback().exit_code == 1
    assert environment.runs() == {"web-1": "1", "web-2": "2", "web-3": "2", "web-4": "2"}


@pytest.mark.parametrize(("ratio", "code", "last"), [("0.25", 0, 4), ("0.24", 1, 2), ("0.5", 0, 4)])
def test_as_many_may_fail_as_the_ratio_says_and_no_more(tmp_path: Path, ratio: str, code: int, last: int) -> None:
    environment = made(tmp_path, update=f"max_failure_ratio: {ratio}")
    environment.fails[("web-2", "2")] = NOT_READY
    assert rolling(environment).deploy("2").exit_code == code
    assert environment.done == ALL[:last]


@pytest.mark.parametrize(("monitor", "code"), [("5s", 1), ("1s", 0)])
def test_one_that_ends_within_the_time_that_it_is_watched_has_failed(tmp_path: Path, monitor: str, code: int) -> None:
    environment = made(tmp_path, update=f"monitor: {monitor}, delay: 2s")
    clock = environment.history.clock
    assert isinstance(clock, ManualClock)
    began = clock.monotonic()

    class Ends(type(environment.replica("web-1"))):  # type: ignore[misc]
        def ended(self) -> str | None:
            late = self.release == "2" and clock.monotonic() - began > 1.5
            return "exited with code 3" if late else None

    environment.replica("web-1").__class__ = Ends
    ended = rolling(environment).deploy("2")
    assert ended.exit_code == code
    said = "web-1 failed while it was watched: it exited with code 3"
    assert (said in environment.lines(), environment.done) == ((True, ALL[:1]) if code else (False, ALL))


@pytest.mark.parametrize(
    ("answers", "code"), [([0, 1, 1, 0, 1, 1, 1], 1), ([0, 1, 1, 0, 1, 1, 0], 0), ([0] * 9 + [1], 0)]
)
def test_one_whose_health_check_fails_as_often_in_a_row_as_its_retries_say_has_failed(
    tmp_path: Path, answers: list[int], code: int
) -> None:
    check = "{test: [CMD, x], interval: 1s, retries: 3}"
    two = f'services: {{web: {{image: "web:2", healthcheck: {check}}}}}'
    environment = FakeEnvironment(stack(tmp_path, update="monitor: 9s", two=two))
    for replica in environment["web"]:
        replica.health = environment.prepared.stack("2").service("web").healthcheck
    environment.replica("web-4").answers = answers
    assert rolling(environment).deploy("2").exit_code == code
    assert ("web-4 failed while it was watched: it failed its health check 3 times" in environment.lines()) is bool(
        code
    )


def test_services_come_after_those_that_they_depend_on(tmp_path: Path) -> None:
    two = 'services: {web: {image: "web:2"}, lb: {image: "lb:2"}, other: {environment: {A: b}}}'
    environment = FakeEnvironment(stack(tmp_path, two=two))
    assert rolling(environment).deploy("2").claims_success
    assert environment.done == [*ALL, "lb-1 -> 2", "other-1 -> 2"]


def test_what_only_says_how_to_update_makes_no_new_container(tmp_path: Path) -> None:
    two = "services: {web: {deploy: {update_config: {parallelism: 2}}, depends_on: [other]}}"
    environment = FakeEnvironment(stack(tmp_path, two=two))
    assert rolling(environment).deploy("2").claims_success
    assert environment.done == []


def test_one_that_ends_while_the_next_one_is_replaced_has_failed(tmp_path: Path) -> None:
    environment = made(tmp_path, update="monitor: 2s")
    clock = environment.history.clock
    assert isinstance(clock, ManualClock)

    def during(name: str) -> None:  # replacing the second one takes longer than the first one is watched
        if name == "web-2":
            environment.replica("web-1").how = "exited with code 3"
            clock.advance(9.0)

    environment.during = during
    assert rolling(environment).deploy("2").exit_code == 1
    assert environment.done == ALL[:2]


class FakeBalancer:
    """Notes in the environment's steps when replicas are drained and put back."""

    def __init__(self, environment: FakeEnvironment) -> None:
        self.done = environment.done

    def drain(self, replica: FakeReplica, _halt: object) -> None:
        self.done.append(f"drain {replica.name}")

    def admit(self, replica: FakeReplica, _halt: object) -> None:
        self.done.append(f"admit {replica.name}")


def test_replicas_are_drained_before_they_are_ended_and_put_back_when_they_are_ready(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment = FakeEnvironment(stack(tmp_path, replicas=2))
    monkeypatch.setattr(Balancer, "of", lambda made, _say: FakeBalancer(made))
    assert rolling(environment).deploy("2").claims_success
    steps = [step for step in environment.done if "web" in step]
    assert steps[:6] == ["drain web-1", "web-1 -> 2", "admit web-1", "drain web-2", "web-2 -> 2", "admit web-2"]


def test_one_that_a_killed_deployment_left_drained_is_put_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    environment = FakeEnvironment(stack(tmp_path, replicas=2))
    monkeypatch.setattr(Balancer, "of", lambda made, _say: FakeBalancer(made))
    assert rolling(environment).rollback().claims_success
    assert [step for step in environment.done if "web" in step] == ["admit web-1", "admit web-2"]
