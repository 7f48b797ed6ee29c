"""Deployers: what deploys and rolls back. One file each; to add one is to add a file.

A deployer is the function `deployer` of a module here, and is known by the module's name with `-` for `_`:
`deployer(environment, declared, history) -> Deployer`. `command` runs the team's own commands; every other one is a
strategy that is built in, and replaces replicas itself (`Environment.replace`).
"""

from __future__ import annotations

import pkgutil
from collections.abc import Callable
from importlib import import_module

from harness.deploy.deployer import Deployer, Deployment, Running, RunsCommands
from harness.environment import Environment
from harness.errors import UsageError
from harness.history import History
from harness.stack import Deployer as Declared
from harness.stack import Stack

__all__ = ["Deployer", "Deployment", "Running", "RunsCommands", "build", "built_in", "chosen", "find", "names"]

COMMAND, DEFAULT = "command", "rolling"
HELPERS = {"belongings", "deployer", "inside", "inventory", "local"}  # modules here that are no deployer

Factory = Callable[[Environment, Declared, History], Deployer]


def names() -> tuple[str, ...]:
    """The names of all deployers, sorted."""
    modules = (module.name for module in pkgutil.iter_modules(__path__))
    return tuple(sorted(name.replace("_", "-") for name in modules if not name.startswith("_") and name not in HELPERS))


def find(name: str) -> Factory:
    """What makes the deployer of this name.

    Raises:
        UsageError: there is none.
    """
    if name not in names():
        raise UsageError(
            "There is no such deployer",
            where="x-harness: deployer: strategy",
            got=name,
            expected="one of " + ", ".join(names()),
            hint="name one of these, or declare the commands that deploy and roll back; see docs/deployers.md",
        )
    factory: Factory = import_module(f"{__name__}.{name.replace('-', '_')}").deployer
    return factory


def chosen(stack: Stack) -> str | None:
    """The name of the deployer that a stack declares: `strategy`, else `command` where it has commands, else the
    default strategy where its releases differ by image or build. None where nothing can deploy it.
    """
    declared = stack.harness.deployer
    if declared is not None and declared.strategy is not None:
        return declared.strategy
    if declared is not None and declared.deploy is not None:
        return COMMAND
    return DEFAULT if stack.imaged() else None


def built_in(stack: Stack) -> bool:
    """Whether the stack is deployed by a built-in strategy, which replaces replicas by those of another release."""
    return chosen(stack) not in (None, COMMAND)


def build(environment: Environment, history: History) -> Deployer:
    """The deployer of an environment, as its stack declares it.

    Raises:
        UsageError: it declares none, or one that does not exist.
    """
    stack = environment.stack
    name = chosen(stack)
    if name is None:
        raise UsageError(
            "The stack declares no deployer",
            where=f"{stack.file}: x-harness",
            expected="deployer: {deploy: [...], rollback: [...]}, or releases that differ by image or build",
            hint="declare the commands that deploy and roll back; see docs/deployers.md",
        )
    return find(name)(environment, stack.harness.deployer or Declared(), history)
