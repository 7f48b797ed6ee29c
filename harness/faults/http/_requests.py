"""What faults of requests share."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from harness.faults._links import LinkFault


class RequestFault(LinkFault):
    """A fault of some requests over HTTP/1 without TLS.

    Attributes:
        fraction: of the requests that match, above 0 to 1.
        paths: patterns as in a shell, `!` before one leaves out what it matches; left out, every path.
        methods: left out, every method.
    """

    fraction: float = Field(default=1.0, gt=0, le=1)
    paths: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()

    def which(self) -> dict[str, Any]:
        """As the toxic's attributes have it."""
        return {"fraction": self.fraction, "paths": list(self.paths), "methods": list(self.methods)}

    def share(self) -> str:
        """In words: `20% of requests to /things/*`."""
        much = "requests" if self.fraction == 1 else f"{self.fraction:.0%} of requests"
        named = " ".join([*self.methods, *self.paths])
        return f"{much} ({named})" if named else much
