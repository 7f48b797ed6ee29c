"""Deployers are found by name, and the stack says which one it wants."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from fixtures import tiny
from harness import deploy
from harness.deploy.command import CommandDeployer
from harness.deploy.strategy import Strategy
from harness.environment import Environment
from harness.errors import UsageError
from harness.history import History
from harness.stack import Stack, load

IMAGES = """
services: {{web: {{image: "web:1"}}, other: {{image: "other:1"}}}}
x-harness:
  releases: {{"1": {{}}, "2": two.yaml}}
  {deployer}
"""
ANOTHER_IMAGE = 'services: {web: {image: "web:2"}}'
ANOTHER_VARIABLE = "services: {web: {environment: {A: b}}}"


def stack(directory: Path, deployer: str = "", two: str = ANOTHER_IMAGE) -> Stack:
    directory.joinpath("compose.yaml").write_text(IMAGES.format(deployer=deployer))
    directory.joinpath("two.yaml").write_text(two)
    return load(directory / "compose.yaml", environ={})


def environment(made: Stack) -> Environment:
    found: Any = SimpleNamespace(stack=made, release=next(iter(made.harness.releases)), id="h1", replicas=())
    return cast(Environment, found)


@pytest.mark.parametrize("name", deploy.names())
def test_every_deployer_is_found_by_its_name(name: str) -> None:
    assert callable(deploy.find(name))


def test_the_command_is_one_of_them_and_what_helps_them_is_none() -> None:
    assert "command" in deploy.names()
    assert not {"deployer", "inventory", "inside", "local", "belongings"} & set(deploy.names())


def test_one_that_does_not_exist_is_refused_with_those_that_do() -> None:
    with pytest.raises(UsageError) as caught:
        deploy.find("blue-gren")
    assert (caught.value.got, "command" in str(caught.value.expected)) == ("blue-gren", True)


@pytest.mark.parametrize("name", deploy.strategy_names())
def test_a_strategy_takes_the_place_of_the_one_that_the_stack_is_deployed_by(tmp_path: Path, name: str) -> None:
    made = environment(stack(tmp_path))
    found = deploy.build(made, History(), name)
    assert isinstance(found, Strategy)
    assert found.name == name
    declared = deploy.build(made, History())
    assert isinstance(declared, Strategy)
    assert declared.name == "rolling"


@pytest.mark.parametrize(
    ("deployer", "found"),
    [("", ("rolling", "recreate")), ("deployer: {{strategy: recreate}}", ("recreate",)),
     ("deployer: {{deploy: [a], rollback: [b]}}", ())],
)  # fmt: skip
def test_a_stack_that_names_no_strategy_can_be_deployed_by_each(
    tmp_path: Path, deployer: str, found: tuple[str, ...]
) -> None:
    assert deploy.strategies(stack(tmp_path, deployer.format())) == found


def test_a_stack_with_commands_is_deployed_by_them() -> None:
    made = load(tiny.STACK, environ={})
    assert deploy.chosen(made) == "command"
    assert not deploy.built_in(made)
    found = deploy.build(environment(made), History())
    assert isinstance(found, CommandDeployer)
    assert isinstance(found, deploy.RunsCommands)
    assert found.timeout == 20.0


def test_a_strategy_that_is_named_is_taken(tmp_path: Path) -> None:
    assert deploy.chosen(stack(tmp_path, "deployer: {strategy: recreate}")) == "recreate"


def test_releases_that_differ_by_image_are_rolled_where_nothing_is_said(tmp_path: Path) -> None:
    made = stack(tmp_path)
    assert made.differing_images() == made.differing_images("1", "2") == ("web",)
    assert made.differing_images("1") == ()
    assert deploy.chosen(made) == "rolling"
    assert deploy.built_in(made)


def test_releases_of_one_image_have_no_deployer_by_themselves(tmp_path: Path) -> None:
    made = stack(tmp_path, two=ANOTHER_VARIABLE)
    assert deploy.chosen(made) is None
    with pytest.raises(UsageError, match="declares no deployer"):
        deploy.build(environment(made), History())


@pytest.mark.parametrize(
    ("deployer", "expected"),
    [
        ("deployer: {deploy: [x]}", "`rollback`"),
        ("deployer: {in: other}", "`deploy`"),
        ("deployer: {deploy: [x], rollback: [x], strategy: rolling}", "commands or a strategy, not both"),
        ("deployer: {environment: {A: b}, strategy: rolling}", "commands or a strategy, not both"),
    ],
)
def test_half_of_a_deployer_is_refused(tmp_path: Path, deployer: str, expected: str) -> None:
    with pytest.raises(UsageError) as caught:
        stack(tmp_path, deployer)
    assert caught.value.expected == expected


def test_the_command_without_commands_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no command that deploys"):
        deploy.build(environment(stack(tmp_path, "deployer: {strategy: command}")), History())
