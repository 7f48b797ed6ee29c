"""Requests that take longer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from pydantic import Field

from harness.faults.http._requests import RequestFault
from harness.proxy.client_shapes import Toxic


class Slow(RequestFault):
    """A fraction of the requests reaches the service later; what follows on the same connection waits for it.

    Attributes:
        ms: how much later.
    """

    simulates: ClassVar[str] = "a service that is slow for some: one path, one customer, one in a hundred"
    how: ClassVar[str] = "the proxy holds the request back"
    needs: ClassVar[str] = "a service that is reached over HTTP/1 without TLS"
    outage: ClassVar[str] = (
        "Square, March 2017: a service beside it was overloaded, and authentication, which waited for it, was down "
        "for two hours (medium.com/square-corner-blog/incident-summary-2017-03-16)"
    )

    ms: int = Field(ge=1)

    def toxics(self) -> Sequence[Toxic]:
        """One."""
        return [Toxic("", "http_slow", "upstream", {"delay": self.ms, **self.which()})]

    def what(self) -> str:
        """In words."""
        return f"{self.share()} {self.ms} ms later"
