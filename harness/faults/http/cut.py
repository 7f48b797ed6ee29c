"""Requests whose connection is cut."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from harness.faults.http._requests import RequestFault
from harness.proxy.client_shapes import Toxic


class Cut(RequestFault):
    """A fraction of the requests is not answered: the connection is reset instead. The request does not reach the
    service.
    """

    simulates: ClassVar[str] = "a process that dies while it works, a balancer that drops connections"
    how: ClassVar[str] = "the proxy resets the client's connection in the place of passing the request on"
    needs: ClassVar[str] = "a service that is reached over HTTP/1 without TLS"
    outage: ClassVar[str] = (
        "Stack Exchange, March 2015: a feature for all users at once overloaded the balancers, which dropped "
        "connections (stackstatus.net/post/115305251014)"
    )

    def toxics(self) -> Sequence[Toxic]:
        """One."""
        return [Toxic("", "http_cut", "upstream", self.which())]

    def what(self) -> str:
        """In words."""
        return f"cut of {self.share()}"
