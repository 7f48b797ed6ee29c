"""A health check that says yes while requests fail."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from pydantic import Field

from harness.faults._links import LinkFault
from harness.faults._selectors import Selector
from harness.proxy.client_shapes import Toxic

HEALTHY = ("/health*", "/lb-health*", "/ready*", "/live*", "/ping*", "/status*", "/version*", "/metrics*")


class Lies(LinkFault):
    """Requests fail with a status while health checks succeed: monitoring of the checks sees nothing.

    Attributes:
        status: that requests are answered with.
        healthy: paths that are answered as they are, patterns as in a shell.
        fraction: of the other requests that fail.
    """

    positional: ClassVar[tuple[str, ...]] = ("targets", "consumers")
    simulates: ClassVar[str] = "a check that asks whether the process runs, and not whether it can do its work"
    how: ClassVar[str] = "the proxy answers requests over HTTP in the service's place, but for the paths of checks"
    needs: ClassVar[str] = "a service that is reached over HTTP/1 without TLS"
    outage: ClassVar[str] = (
        "moby #35498 (2017): an automatic rollback that never begins, as the check that should trigger it cannot fail"
    )

    consumers: Selector = Field(default=("all", "entrypoint"), alias="from", min_length=1)
    status: int = Field(default=503, ge=200, le=599)
    healthy: tuple[str, ...] = Field(default=HEALTHY, min_length=1)
    fraction: float = Field(default=1.0, gt=0, le=1)

    def toxics(self) -> Sequence[Toxic]:
        """One."""
        paths = [f"!{one}" for one in self.healthy]
        return [
            Toxic("", "http_status", "upstream", {"status": self.status, "paths": paths, "fraction": self.fraction})
        ]

    def what(self) -> str:
        """In words."""
        return f"lying health checks ({self.status})"
