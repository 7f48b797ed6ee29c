"""The built-in strategies against a real engine: there, back, and killed where they stand."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from fixtures import rolling
from harness import deploy
from harness.engine import Engine
from harness.history import Event, History
from harness.plan.subject import Subject
from harness.stack import load
from suites.raw import select

pytestmark = [pytest.mark.containers, pytest.mark.sampled]
OLD, NEW = "1.0.0", "1.1.0"


@pytest.fixture(params=[name for name in deploy.names() if name != "command"])
def environment(request: pytest.FixtureRequest, harness_engine: Engine, tmp_path: Path) -> Iterator[Subject]:
    chosen = tmp_path / "chosen.yaml"
    chosen.write_text(f"x-harness: {{deployer: {{strategy: {request.param}}}}}\n")
    stack = load(rolling.STACK, [chosen], environ={})
    with Subject(harness_engine, stack, OLD, History(), run="selftest-strategies", releases=[NEW]) as made:
        yield made


def test_it_deploys_rolls_back_and_rolls_back_what_was_killed_half_way(environment: Subject) -> None:
    deployer, history = deploy.build(environment, environment.history), environment.history
    assert environment.fleet_services == ("web",)
    assert environment.runs(OLD)
    assert deployer.deploy(NEW).claims_success
    assert environment.runs(NEW)
    assert environment["web"][0].run("printenv RELEASE").stdout == f"{NEW}\n"
    assert deployer.rollback().claims_success
    assert environment.runs(OLD)
    before = [replica.current_container.id for replica in environment["web"]]
    assert deployer.rollback().claims_success
    assert [replica.current_container.id for replica in environment["web"]] == before

    first = threading.Event()
    history.listen(lambda event: first.set() if _is_replaced(event) else None)
    running = deployer.start("deploy", NEW)
    assert first.wait(60)
    assert running.stop().ended == "stopped"
    left = set(environment.releases().values())
    assert NEW in left
    assert left != {NEW}
    assert deployer.rollback().claims_success
    assert environment.runs(OLD)
    meant = {event.data.get("replaced") is True for event in select(history.events, "container", action="die")}
    assert meant == {True}


def _is_replaced(event: Event) -> bool:
    return event.kind == "replica.replace"
