"""What faults of logs share: which files are meant."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from harness.faults import _selectors
from harness.faults._acts import ReplicaFault, unavailable
from harness.faults._base import FaultContext
from harness.faults._scripts import ScriptAct
from harness.faults._selectors import Selector

if TYPE_CHECKING:
    from harness.environment import Environment
    from harness.environment.replica import Replica


class LogFault(ReplicaFault):
    """A fault of logs that are files.

    Attributes:
        on: whose; left out, every replica of a service whose logs are declared.
        path: which, absolute; left out, those that `x-harness: logs` declares.
    """

    positional: ClassVar[tuple[str, ...]] = ("on", "path")

    on: Selector = ()
    path: str | None = Field(default=None, pattern=r"^/.+")

    def title(self) -> str:
        """What it is and where."""
        return f"{self.what()} of {self.path or 'the logs'} on {_selectors.shown(self.on) if self.on else 'all'}"

    def replicas(self, context: FaultContext) -> list[Replica]:
        """Those that are meant.

        Raises:
            FaultUnavailable: none of them declares a log that is a file.
        """
        environment = context.environment
        services = [name for name, logs in environment.stack.harness.logs.items() if any(one.is_file for one in logs)]
        if self.on:
            names = _selectors.replicas(environment, self.on, context.chance)
        else:
            names = tuple(replica.name for service in services for replica in environment[service])
        found = [environment.replica(name) for name in names]
        if not found or not all(self.path or one.service in services for one in found):
            raise unavailable(
                self.fault_name(), f"stack {environment.stack.name}", "no log file is declared there",
                "a `path` in `x-harness: logs`, or the parameter `path`",
            )  # fmt: skip
        return found

    def files(self, environment: Environment, replica: Replica) -> list[str]:
        """The files that are there now."""
        logs = environment.stack.harness.logs.get(replica.service, ())
        wanted = [self.path] if self.path else [log.path for log in logs if log.is_file]
        found: list[str] = []
        for path in filter(None, wanted):
            directory, _, name = path.rpartition("/")
            look = f"find {shlex.quote(directory or '/')} -maxdepth 1 -type f -name {shlex.quote(name)}"
            found += replica.run(look).stdout.splitlines()
        if not found:
            raise unavailable(
                self.fault_name(), replica.name, f"no file at {', '.join(filter(None, wanted))}",
                "a log that is written",
            )  # fmt: skip
        return found


class LogAct(ScriptAct):
    """What is done to logs of one replica."""

    def __init__(self, environment: Environment, replica: Replica, files: list[str]) -> None:
        super().__init__(environment, replica)
        self.files = files

    def aside(self, path: str) -> str:
        """The name beside a log under which the fault keeps it."""
        return f"{path}.rollback-harness.{self.number}"

    def sizes(self, paths: list[str]) -> int:
        """Bytes in these files, together."""
        return self.count(f"cat {shlex.join(paths)} 2>/dev/null | wc -c | tr -d ' '")

    def inodes(self) -> list[str]:
        """Which file is at each path; empty where there is none."""
        return [self.ask(f"stat -c %i {shlex.quote(path)} 2>/dev/null || true") for path in self.files]
