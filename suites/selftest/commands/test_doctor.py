"""`harness doctor` and `harness engine`."""

from __future__ import annotations

import pytest

from fixtures import reference, tiny
from harness.engine import Engine
from suites.selftest.commands.support import World, clean

NOWHERE = "unix:///nonexistent/docker.sock"


def test_without_an_engine_the_doctor_says_what_to_do(bare: World) -> None:
    ended = bare.inside("doctor", DOCKER_HOST=NOWHERE)
    clean(ended)
    assert ended.code == 3, ended.text
    assert NOWHERE in ended.out
    assert "do: " in ended.out
    assert "checks failed" in ended.out


def test_of_a_stack_the_doctor_says_what_its_load_does_not_look_at(bare: World) -> None:
    ended = bare.inside("doctor", tiny.STACK, DOCKER_HOST=NOWHERE)
    clean(ended)
    assert ended.code == 3, ended.text  # the engine's fault: what the load overlooks is no failure of the machine
    assert "the load does not look at what was written" in ended.out
    whole = bare.inside("doctor", reference.STACK, DOCKER_HOST=NOWHERE)
    assert "the load does not look at what was written" not in whole.out


@pytest.mark.containers
def test_with_an_engine_the_doctor_names_it(world: World, engine: Engine) -> None:
    ended = world.harness("doctor")
    clean(ended)
    assert ended.code in (0, 3), ended.text
    assert engine.endpoint.url in ended.out


def test_status_without_an_engine_is_the_machines_fault(bare: World) -> None:
    ended = bare.inside("engine", "status", DOCKER_HOST=NOWHERE)
    clean(ended)
    assert ended.code == 3
    assert NOWHERE in ended.err


def test_ensure_never_replaces_an_engine_that_was_named(bare: World) -> None:
    ended = bare.inside("engine", "ensure", DOCKER_HOST=NOWHERE, HARNESS_HOME=str(bare.directory / "home"))
    clean(ended)
    assert ended.code == 3
    assert NOWHERE in ended.err
    assert not (bare.directory / "home" / "engine").exists()


@pytest.mark.containers
def test_ensure_leaves_an_engine_that_answers_as_it_is(world: World, engine: Engine) -> None:
    ended = world.harness("engine", "ensure")
    clean(ended)
    assert ended.code == 0
    assert engine.endpoint.url in ended.out


def test_stop_ends_nothing_that_is_not_ours(bare: World) -> None:
    ended = bare.inside("engine", "stop", HARNESS_HOME=str(bare.directory / "home"))
    clean(ended)
    assert ended.code == 0, ended.text
    assert "no engine of the harness" in ended.out
