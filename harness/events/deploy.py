"""What the deployer does and says."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from harness.events._body import Body, Number


class DeployerStart(Body, frozen=True):
    """A deployment or a rollback begins."""

    kind: ClassVar[str] = "deployer.start"

    verb: str  # `deploy` or `rollback`
    release: str | None  # the target
    command: Sequence[str]  # as it is run
    place: str  # the service or machine on which it runs


class DeployerLine(Body, frozen=True):
    """A line of the deployer's output."""

    kind: ClassVar[str] = "deployer.line"

    start: int | None  # id of its `deployer.start`
    stream: str  # `out` or `err`
    text: str  # the line


class DeployerEnd(Body, frozen=True):
    """A deployment or a rollback ended."""

    kind: ClassVar[str] = "deployer.end"

    start: int | None  # id of its `deployer.start`
    verb: str  # `deploy` or `rollback`
    release: str | None  # the target
    exit_code: int | None  # null where there was none
    ended: str  # `exit`, `timeout`, `stopped`, `not started` or `lost`
    seconds: Number | None  # how long it took
    error: str | None  # what kept it from starting
