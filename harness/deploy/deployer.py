"""What every way to deploy has in common."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable


@dataclass(frozen=True, slots=True)
class Deployment:
    """What a deployer did, in its own view. The harness looks for itself; see `harness.checks.deployer`.

    Attributes:
        verb: `deploy` or `rollback`.
        release: the release that was asked for; None for a rollback.
        ended: `exit`, `timeout` (killed by the harness), `stopped` (killed by the harness on purpose), `not started`,
            or `lost` (its service went away under it).
        exit_code: of the command; None unless it ended by itself.
        seconds: how long it ran.
        event: id of its `deployer.end` event.
        tail: the last lines of its output.
    """

    verb: str
    release: str | None
    ended: str
    exit_code: int | None
    seconds: float
    event: int
    tail: tuple[str, ...] = ()

    @property
    def claims_success(self) -> bool:
        """It ended by itself with exit code 0."""
        return self.ended == "exit" and self.exit_code == 0


class Running(Protocol):
    """A deployment under way."""

    @property
    def ended(self) -> bool:
        """It is over, for whatever reason."""

    def wait(self) -> Deployment:
        """Wait for its end, or for its timeout, which ends it."""

    def stop(self) -> Deployment:
        """Kill it where it stands, as a crash of the deployer would."""


class Deployer(Protocol):
    """Deploys and rolls back an environment."""

    @property
    def timeout(self) -> float:
        """Seconds after which the harness ends a deployment or a rollback."""

    def deploy(self, release: str) -> Deployment:
        """Deploy and wait for the end. Its outcome is in the result, never an exception."""

    def rollback(self) -> Deployment:
        """Roll back to the release that the environment was brought up on, and wait for the end; likewise."""

    def start(self, verb: str, release: str | None = None) -> Running:
        """Begin to deploy or roll back and return at once."""


@runtime_checkable
class RunsCommands(Protocol):
    """A deployer that can run other commands of the team's too, e.g. to fix something forward."""

    def run(self, title: str, command: Sequence[str]) -> Deployment:
        """Run a command and wait for the end. Its outcome is in the result, never an exception."""


@runtime_checkable
class RunsBeside(Protocol):
    """A deployer beside which another one of its kind can work, as two people or two jobs would."""

    def beside(self) -> Deployer:
        """Another one, which knows what this one knows and shares nothing with it that either writes."""
