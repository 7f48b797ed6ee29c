"""Where the deployer runs, and what it says to replicas."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from harness.faults import _counters
from harness.faults._acts import unavailable

if TYPE_CHECKING:
    from harness.environment import Environment
    from harness.environment.links import Link


def runs_in(environment: Environment, fault: str) -> str:
    """The service in which the deployer's commands run.

    Raises:
        FaultUnavailable: they run on the machine of the harness, or it is a built-in strategy.
    """
    declared = environment.stack.harness.deployer
    if declared is None or declared.service is None:
        raise unavailable(
            fault, f"stack {environment.stack.name}", "the deployer runs in no service of the stack",
            "`x-harness: deployer: in`, the service in which its commands run",
        )  # fmt: skip
    return declared.service


def links_of(environment: Environment, replica: str) -> list[Link]:
    """The links from the deployer to a replica, or to its service; none where the deployer runs in no service."""
    declared = environment.stack.harness.deployer
    if declared is None or declared.service is None:
        return []
    consumers = {one.name for one in environment[declared.service]}
    service = environment.replica(replica).service
    return [one for one in environment.links if one.consumer in consumers and one.target in (replica, service)]


def said(environment: Environment, links: Sequence[Link]) -> int | None:
    """Bytes that the deployer sent over links so far; None where there are none, or they are not counted."""
    counts = _counters.read(environment, links).values() if links else ()
    parts = [one.upstream for one in counts if one.upstream is not None]
    return sum(parts) if parts else None
