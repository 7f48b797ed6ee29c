"""An environment that another process brought up and left up, taken in hand again: to inject faults, for instance."""

from __future__ import annotations

from pathlib import Path

import msgspec

from harness.engine import Engine
from harness.environment.about import ABOUT, About
from harness.environment.door import TOKEN, Door
from harness.environment.environment import Environment
from harness.environment.found import FoundEnvironment, replica
from harness.environment.links import Links
from harness.environment.replica import Replica
from harness.environment.wiring import API_PORT
from harness.errors import UsageError
from harness.history import History
from harness.stack import load


def attach(engine: Engine, found: FoundEnvironment, history: History) -> Environment:
    """The environment, with its replicas, links and proxy. Nothing of it ends with this process.

    Raises:
        UsageError: it has no door, or was brought up by a harness that did not say what it is; its stack's file is not
            there any more. StackError: the file has a mistake by now.
    """
    holder = replica(found, "door")
    try:
        about = About.decode(holder.get(ABOUT))
    except (msgspec.ValidationError, msgspec.DecodeError) as error:
        raise UsageError(
            "The environment cannot be taken in hand", where=f"{holder.name}:{ABOUT}", got=str(error),
            expected="what this version of the harness writes there", hint="bring it up again with this version",
        ) from error  # fmt: skip
    if not Path(about.stack).is_file():
        raise UsageError(
            "The stack of the environment is not there", where=about.stack, got="no file",
            expected="the Compose file that it was brought up from", hint="take it up again where the file is",
        )  # fmt: skip
    stack = load(about.stack, about.overrides)
    made = Environment(
        engine, stack, about.release, history, run=found.run, test=found.test, keep="always", seed=about.seed
    )
    other = "proxy" in found.containers  # a Toxiproxy in the proxy's place asks for no token
    ports = {name: holder.port(port) for name, port in about.published.items()}
    links = Links(found.id, about.links)
    token = None if other else holder.get(TOKEN).decode()
    proxy = found.containers["proxy"] if other else holder
    door = Door(proxy, holder.port(API_PORT), ports, links, dict(about.addresses), token, holder)
    replicas = {
        name: Replica(engine, found.containers[name], service, name, service.healthcheck, about.release)
        for service in made.stack.services.values()
        for name in service.replica_names()
        if name in found.containers
    }
    return made.adopt(door, replicas)
