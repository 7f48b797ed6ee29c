"""A built-in strategy is a deployer like another: recorded, stopped where it stands, ended by its timeout."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from harness import deploy
from harness.clock import ManualClock
from harness.errors import EngineGone, UsageError
from harness.stack import Deployer as Declared
from suites.raw import select
from suites.selftest.deploy.made import FakeEnvironment, stack

STRATEGIES = [name for name in deploy.names() if name != "command"]


def strategy(environment: FakeEnvironment, name: str = "rolling", **declared: object) -> deploy.Deployer:
    return deploy.find(name)(environment.environment, Declared.model_validate(declared), environment.history)


@pytest.mark.parametrize("name", STRATEGIES)
def test_start_and_end_are_recorded_as_a_commands_are(tmp_path: Path, name: str) -> None:
    environment = FakeEnvironment(stack(tmp_path))
    found = strategy(environment, name).deploy("2")
    (start,), (end,) = (select(environment.history.events, f"deployer.{what}") for what in ("start", "end"))
    assert start.data == {
        "verb": "deploy", "release": "2", "command": [name, "deploy", "2"], "place": "the harness",
    }  # fmt: skip
    assert (end.id, end.data["start"], end.data["exit_code"], end.data["ended"]) == (found.event, start.id, 0, "exit")
    assert {event.data["start"] for event in select(environment.history.events, "deployer.line")} == {start.id}
    assert found.tail[-1] == "deploy of 2 complete"


@pytest.mark.parametrize("name", STRATEGIES)
def test_one_that_is_killed_leaves_what_it_did_and_does_nothing_more(tmp_path: Path, name: str) -> None:
    environment, reached, go_on = FakeEnvironment(stack(tmp_path)), threading.Event(), threading.Event()

    def during(replica: str) -> None:
        if replica == "web-3":
            reached.set()
            assert go_on.wait(30)

    environment.during = during
    running = strategy(environment, name).start("deploy", "2")
    assert reached.wait(30)
    stopping = threading.Thread(target=running.stop)
    stopping.start()
    asked: threading.Event = vars(running)["_stop"]
    assert asked.wait(30)
    go_on.set()
    stopping.join(30)
    found = running.wait()
    assert (found.ended, found.exit_code, found.claims_success) == ("stopped", None, False)
    assert environment.runs()["web-3"] == "1"
    if name == "rolling":
        assert environment.done == ["web-1 -> 2", "web-2 -> 2"]
    environment.during = str
    assert strategy(environment, name).rollback().claims_success
    assert set(environment.runs().values()) == {"1"}


def test_its_timeout_ends_it(tmp_path: Path) -> None:
    environment = FakeEnvironment(stack(tmp_path, update="delay: 60s"), ManualClock())
    found = strategy(environment, timeout=90.0).deploy("2")
    assert (found.ended, found.exit_code) == ("timeout", None)
    assert environment.done == ["web-1 -> 2", "web-2 -> 2"]


def test_an_engine_that_is_gone_is_raised_and_recorded(tmp_path: Path) -> None:
    environment = FakeEnvironment(stack(tmp_path))
    environment.fails[("web-1", "2")] = EngineGone("the engine does not answer")
    with pytest.raises(EngineGone):
        strategy(environment).deploy("2")
    (end,) = select(environment.history.events, "deployer.end")
    assert (end.data["ended"], end.data["exit_code"]) == ("lost", None)


def test_a_release_that_cannot_be_taken_back_is_refused_before_anything_is_done(tmp_path: Path) -> None:
    environment = FakeEnvironment(stack(tmp_path))
    deployer = strategy(environment, one_way={"2": "it drops a column"})
    deployer.deploy("2")
    environment.done.clear()
    for _ in range(2):
        found = deployer.rollback()
        assert (found.exit_code, environment.done) == (3, [])
        assert found.tail == ("refused: 2 cannot be taken back: it drops a column",)


def test_a_release_that_was_not_prepared_is_a_mistake_of_the_caller(tmp_path: Path) -> None:
    environment = FakeEnvironment(stack(tmp_path))
    with pytest.raises(UsageError, match="cannot be replaced"):
        strategy(environment).deploy("3")
    assert environment.history.events == ()


def test_a_service_that_comes_or_goes_or_another_number_is_refused_before_anything_is_brought_up(
    tmp_path: Path,
) -> None:
    for two, said in (
        ('services: {web: {image: "web:2", deploy: {replicas: 5}}}', "web has 4 replicas in 1, and 5 in 2"),
        ('services: {web: {image: "web:2"}, more: {image: x}}', "more has 0 replicas in 1, and 1 in 2"),
    ):
        with pytest.raises(UsageError) as caught:
            deploy.releases_needed(stack(tmp_path, two=two), "1", "2")
        assert caught.value.got == said


def test_releases_that_no_image_tells_apart_need_a_probe(tmp_path: Path) -> None:
    two = "services: {web: {environment: {A: b}}}"
    with pytest.raises(UsageError, match="cannot be told"):
        deploy.releases_needed(stack(tmp_path, two=two, more="deployer: {strategy: rolling}"), "1", "2")
    probed = "deployer: {strategy: rolling}, probes: {release: {web: {command: [x]}}}"
    assert deploy.releases_needed(stack(tmp_path, two=two, more=probed), "1", "2") == ("2",)
    assert deploy.releases_needed(stack(tmp_path), "1", "2") == ("2",)


@pytest.mark.parametrize("name", STRATEGIES)
def test_what_a_killed_deployment_left_beside_a_replica_is_looked_for_also_where_nothing_has_to_change(
    tmp_path: Path, name: str
) -> None:
    environment = FakeEnvironment(stack(tmp_path, replicas=2))
    assert strategy(environment, name).rollback().claims_success
    assert {"web-1", "web-2", "lb-1", "other-1"} == set(environment.tidied)
