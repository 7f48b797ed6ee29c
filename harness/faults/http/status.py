"""Requests that are answered with a status."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from pydantic import Field

from harness.faults.http._requests import RequestFault
from harness.proxy.client_shapes import Toxic


class Status(RequestFault):
    """A fraction of the requests is answered with a status, and does not reach the service.

    Attributes:
        status: 200 to 599.
    """

    simulates: ClassVar[str] = "a service, or a proxy before it, that refuses work"
    how: ClassVar[str] = "the proxy answers in the service's place"
    needs: ClassVar[str] = "a service that is reached over HTTP/1 without TLS"
    outage: ClassVar[str] = (
        "Spotify, April 2013: a service failed, and who used it tried again without a pause, until more failed "
        "(engineering.atspotify.com/2013/06/incident-management-at-spotify)"
    )

    status: int = Field(default=503, ge=200, le=599)

    def toxics(self) -> Sequence[Toxic]:
        """One."""
        return [Toxic("", "http_status", "upstream", {"status": self.status, **self.which()})]

    def what(self) -> str:
        """In words."""
        return f"status {self.status} for {self.share()}"
