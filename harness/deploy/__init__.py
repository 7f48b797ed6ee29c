"""Deployers: what deploys and rolls back. One file each; to add one is to add a file, here or in a package of your own
(docs/extending.md).

A deployer is the function `deployer` of a module here, and is known by the module's name with `-` for `_`:
`deployer(environment, declared, history) -> Deployer`. `command` runs the team's own commands; every other one is a
strategy that is built in, and replaces replicas itself (`Environment.replace`).
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from harness.deploy.deployer import Deployer, Deployment, Running, RunsBeside, RunsCommands
from harness.errors import UsageError
from harness.history import History
from harness.registry import Registry
from harness.stack import Deployer as Declared
from harness.stack import Stack

if TYPE_CHECKING:
    from harness.environment import Environment

__all__ = [
    "COMMAND",
    "Deployer",
    "Deployment",
    "Running",
    "RunsBeside",
    "RunsCommands",
    "build",
    "built_in",
    "chosen",
    "find",
    "names",
    "releases_needed",
    "strategies",
    "strategy_names",
]

COMMAND, DEFAULT = "command", "rolling"
HELPERS = {
    "belongings",
    "deployer",
    "inside",
    "inventory",
    "local",
    "rollout",
    "strategy",
}  # modules here that are no deployer

Factory = Callable[["Environment", Declared, History], Deployer]


_REGISTRY: Registry[Factory] = Registry(
    "deployer", sys.modules[__name__], lambda module: module.deployer, besides=HELPERS
)
names, find = _REGISTRY.names, _REGISTRY.find


def chosen(stack: Stack) -> str | None:
    """The name of the deployer that a stack declares: `strategy`, else `command` where it has commands, else the
    default strategy where its releases differ by image or build. None where nothing can deploy it.
    """
    declared = stack.harness.deployer
    if declared is not None and declared.strategy is not None:
        return declared.strategy
    if declared is not None and declared.deploy is not None:
        return COMMAND
    return DEFAULT if stack.differing_images() else None


def built_in(stack: Stack) -> bool:
    """Whether the stack is deployed by a built-in strategy, which replaces replicas by those of another release."""
    return chosen(stack) not in (None, COMMAND)


def strategies(stack: Stack) -> tuple[str, ...]:
    """The built-in strategies by which a stack can be deployed, the one that it is deployed by first: those of this
    package where it declares none, else that alone. None where it has commands of its own.
    """
    if not built_in(stack):
        return ()
    declared = stack.harness.deployer
    return strategy_names() if declared is None or declared.strategy is None else (declared.strategy,)


def strategy_names() -> tuple[str, ...]:
    """The strategies that are built in, the default first."""
    return (DEFAULT, *(one for one in _REGISTRY.own() if one not in (COMMAND, DEFAULT)))


def releases_needed(stack: Stack, old: str, new: str) -> tuple[str, ...]:
    """The releases that the environment has to be prepared for, beside the one that it is brought up on: where a
    built-in strategy replaces replicas, the other one.

    Raises:
        UsageError: there is no such strategy, or it cannot put one of the releases in the other's place.
    """
    name = chosen(stack)
    if name is None or name == COMMAND:
        return ()
    find(name)
    was, becomes = stack.at(old).services, stack.at(new).services
    for service in {**was, **becomes}:
        first, second = was.get(service), becomes.get(service)
        counts = [0 if one is None else one.replicas for one in (first, second)]
        if counts[0] != counts[1]:
            raise UsageError(
                f"The strategy {name} cannot deploy this release: it neither adds replicas nor removes any",
                where=f"{stack.file}: x-harness.releases",
                got=f"{service} has {counts[0]} replicas in {old}, and {counts[1]} in {new}",
                expected="the same services, with as many replicas",
                hint="deploy it by commands of your own; see docs/deployers.md",
            )
    if not (stack.differing_images(old, new) or stack.harness.probes.release):
        raise UsageError(
            "Which release a replica runs cannot be told",
            where=f"{stack.file}: x-harness",
            got=f"{old} and {new} have the same images, and no release probe is declared",
            expected="releases that differ by image or build, or probes.release",
            hint="declare it: probes: {release: {backend: {command: [cat, /srv/release]}}}; see docs/stack.md",
        )
    return tuple(one for one in (new,) if one != old)


def build(environment: Environment, history: History, strategy: str = "") -> Deployer:
    """The deployer of an environment, as its stack declares it.

    Args:
        strategy: a built-in one, in the place of the one that the stack is deployed by.

    Raises:
        UsageError: it declares none, or one that does not exist.
    """
    stack = environment.stack
    name = strategy or chosen(stack)
    if name is None:
        raise UsageError(
            "The stack declares no deployer",
            where=f"{stack.file}: x-harness",
            expected="deployer: {deploy: [...], rollback: [...]}, or releases that differ by image or build",
            hint="declare the commands that deploy and roll back; see docs/deployers.md",
        )
    return find(name)(environment, stack.harness.deployer or Declared(), history)
