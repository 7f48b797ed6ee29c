"""A web service that does not answer some requests."""

from __future__ import annotations

from ._http import HttpRequests
from .base import End


class HttpCut(HttpRequests):
    """A `fraction` of the requests whose path is like one of `paths` and whose method is one of `methods` does not
    reach the service: the connection is reset in its place.
    """

    type = "http_cut"

    def request(self, data: bytes) -> bytes:
        if not self.meant(data):
            return data
        self.close(End.RESET)
        return b""
