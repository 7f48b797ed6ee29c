"""A replica is replaced by one of another release, and everything that led to it leads to the new one."""

from __future__ import annotations

import json
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from fixtures import tiny
from harness.engine import Engine
from harness.environment import Environment
from harness.environment.replacing import BESIDE, Order
from harness.errors import EngineError, NotReady, Stopped, UsageError
from harness.history import History
from harness.stack import Stack, load
from suites.raw import select

pytestmark = [pytest.mark.containers, pytest.mark.sampled]

# What `new` has of the old release is seen by what it is told: the same program, another image and another variable.
NEW = """
services:
  web:
    build: !override {context: new}
    environment: {RELEASE_AT_START: "2", NEW: "yes"}
    volumes: !override [own:/srv, /var/kept]
volumes: {own: {}}
"""
BAD = 'services: {web: {build: !override {context: new}, command: [sh, -c, "exit 9"]}}'
NEVER = 'services: {web: {build: !override {context: new}, command: [sh, -c, "sleep 1000"], healthcheck: {retries: 1}}}'
ASIDE = """
volumes: {own: {}}
services: {web: {volumes: !override [own:/srv, /var/kept], command: !override [sh, -c, "%s"]}}
x-harness: {releases: {new: new.yaml, bad: bad.yaml, never: never.yaml}}
"""
SERVE = "echo from $${NEW:-old}; exec python3 /opt/tiny/web.py"


def changed(directory: Path) -> Stack:
    """The tiny stack, with releases that differ by the image of `web`."""
    new = directory / "new"
    new.mkdir()
    for file in (tiny.STACK.parent / "images/app").iterdir():
        text = file.read_text(encoding="utf-8")
        new.joinpath(file.name).write_text(f"{text}# new\n", encoding="utf-8")
    with new.joinpath("Dockerfile").open("a") as dockerfile:
        dockerfile.write("LABEL made=anew\n")
    text = tiny.STACK.read_text(encoding="utf-8").replace("images/app", str(tiny.STACK.parent / "images/app"))
    directory.joinpath("compose.yaml").write_text(text.replace("compose.1.1.0.yaml", "new.yaml"))
    for name, content in (("new", NEW), ("bad", BAD), ("never", NEVER), ("aside", ASIDE % SERVE)):
        directory.joinpath(f"{name}.yaml").write_text(content)
    return load(directory / "compose.yaml", [directory / "aside.yaml"], environ={})


@contextmanager
def up(engine: Engine, directory: Path) -> Iterator[Environment]:
    releases = ["new", "bad", "never"]
    with Environment(
        engine, changed(directory), "1.0.0", History(), run="selftest-replacing", evidence=directory, releases=releases
    ) as made:
        yield made


def answer(environment: Environment) -> dict[str, Any]:
    host, port = environment.address()
    with urllib.request.urlopen(f"http://{host}:{port}/version", timeout=5) as response:
        return dict(json.loads(response.read()))


def events(environment: Environment, replica: str = "web-1") -> list[tuple[str, bool]]:
    """What the engine said of a replica's containers, and whether that was meant."""
    found = select(environment.history.events, "container", replica=replica)
    return [(event.data["action"], event.data.get("replaced") is True) for event in found]


@pytest.mark.parametrize("order", ["stop-first", "start-first"])
def test_the_new_one_has_name_address_links_and_volumes_and_the_shells_go_on(
    harness_engine: Engine, tmp_path: Path, order: Order
) -> None:
    with up(harness_engine, tmp_path) as environment:
        replica, other = environment["web"]
        for one in (replica, other):  # so that nobody else answers
            one.run("echo kept > /var/kept/file; echo shared >> /srv/shared")
        address, old, image = environment.addresses["web-1"], replica.current_container, replica.image()
        host = replica.host
        environment.replace("web-1", "new", order=order)
        other.stop(0)
        assert (replica.release, replica.generation) == ("new", 2)
        assert replica.image() != image
        assert replica.current_container.name == old.name
        assert replica.current_container.addresses() == {environment.id: address}
        assert host.run("printenv NEW").stdout == "yes\n"  # of testinfra, over the same shell
        assert host.file("/var/kept/file").content_string == "kept\n"
        assert replica.run("grep -c shared /srv/shared").stdout == "2\n"
        assert replica.run("hostname").stdout == "web-1\n"
        assert answer(environment)["replica"] == "web-1"
        assert environment.past_the_proxy("web-1") == ()
        neighbour = environment["control"][0]
        asked = neighbour.run(
            "python3 -c \"import urllib.request as u; print(u.urlopen('http://web-1:8080/version').read())\""
        )
        assert "web-1" in asked.stdout, asked
        with pytest.raises(EngineError):
            old.state()
        (replaced,) = select(environment.history.events, "replica.replace")
        assert replaced.data["started"] == replica.state().started_at
        assert (replaced.data["release_from"], replaced.data["release"], replaced.data["order"]) == (
            "1.0.0",
            "new",
            order,
        )
        assert replaced.data["tail"] == ["from old"]
        saved = Path(str(replaced.data["saved"]))
        assert saved.joinpath("web-1.log").read_text() == "from old\n"
        assert saved.joinpath("web-1_var_log_web.log").exists()
        assert {meant for action, meant in events(environment) if action in ("die", "kill", "stop")} == {True}
    assert select(environment.history.events, "container", replica="web-1", action="oom") == ()


def test_one_that_dies_by_itself_after_it_was_replaced_is_told_from_one_that_is_replaced(
    harness_engine: Engine, tmp_path: Path
) -> None:
    with up(harness_engine, tmp_path) as environment:
        environment.replace("web-1", "new")
        died = threading.Event()
        environment.history.listen(lambda event: died.set() if event.data.get("action") == "die" else None)
        environment["web"][0].kill()
        assert died.wait(30)
        assert [meant for action, meant in events(environment) if action == "die"] == [True, False]


def test_one_that_does_not_become_ready_stands_there_or_is_gone_as_the_order_says(
    harness_engine: Engine, tmp_path: Path
) -> None:
    with up(harness_engine, tmp_path) as environment:
        before = environment["web"][1].current_container.id
        with pytest.raises(NotReady, match="did not become ready"):
            environment.replace("web-2", "never", order="start-first")
        assert (environment["web"][1].current_container.id, environment["web"][1].release) == (before, "1.0.0")
        with pytest.raises(EngineError):
            harness_engine.containers.get(f"{environment.id}-web-2{BESIDE}")
        assert select(environment.history.events, "replica.replace") == ()
        with pytest.raises(NotReady, match="exited with code 9"):
            environment.replace("web-1", "bad")
        assert (environment["web"][0].release, environment["web"][0].state().running) == ("bad", False)
        environment.replace("web-1", "1.0.0", order="start-first")  # there is nothing that could go on beside it
        assert environment["web"][0].run("printenv NEW").exit_code == 1
        with pytest.raises(UsageError) as caught:
            environment.replace("web-1", "1.1.0")
        assert caught.value.got == "1.1.0"


@pytest.mark.parametrize("order", ["stop-first", "start-first"])
def test_one_that_is_stopped_at_any_step_leaves_what_it_did_and_the_next_one_repairs_it(
    harness_engine: Engine, tmp_path: Path, order: Order
) -> None:
    with up(harness_engine, tmp_path) as environment:
        for steps in range(1, 9):
            asked = list[int]()

            def stopped(most: int = steps, asked: list[int] = asked) -> bool:
                asked.append(1)
                return len(asked) > most

            target = "new" if steps % 2 else "1.0.0"
            try:
                environment.replace("web-1", target, order=order, stopped=stopped)
            except (Stopped, NotReady):
                environment.replace("web-1", target)
            assert environment["web"][0].release == target
            assert environment["web"][0].run(["python3", "/opt/tiny/ask.py", "/healthz"]).exit_code == 0
        left = harness_engine.containers.list([f"rollback-harness.environment={environment.id}"])
        assert len([one for one in left if BESIDE in one.name]) == 0
        assert select(environment.history.events, "container", replica="web-1", action="die", replaced=None) == ()


def test_a_container_that_a_stopped_replacement_left_beside_a_replica_can_be_removed(
    harness_engine: Engine, tmp_path: Path
) -> None:
    with up(harness_engine, tmp_path) as environment:
        beside = f"{environment.id}-web-1{BESIDE}"

        def there() -> bool:
            try:
                return harness_engine.containers.get(beside).state().running
            except EngineError:
                return False

        with pytest.raises((Stopped, NotReady)):
            environment.replace("web-1", "new", order="start-first", stopped=there)
        assert there()
        assert environment["web"][0].release == "1.0.0"
        environment.remove_leftover("web-1")
        assert not there()
        assert [meant for action, meant in events(environment) if action == "die"] == [True]
