"""What load to generate, as plain data that travels to the generator as JSON."""

from __future__ import annotations

import dataclasses
import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.errors import UsageError

MOST = 5_000_000  # requests of one workload; bounds its memory
IDEMPOTENT = frozenset({"GET", "HEAD", "PUT", "DELETE", "OPTIONS"})
_HEADER = re.compile(r"[\w!#$%&'*+.^`|~-]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class Spec:
    """One workload. `{id}` in the path and in the body is replaced by an id of the range, drawn by the seed.

    Attributes:
        host, port: the only place that is ever addressed.
        rate: requests per second, evenly spaced.
        method, path, headers, body: the request.
        ids: the first and the last id.
        expected: the statuses that count as answered.
        timeout: seconds that a request may take from when it is sent.
        in_flight: so many requests may be under way; what is due beyond that is shed, and counts as a failure.
        limit: seconds after which the generator ends by itself.
        seed: of the ids.
        served_by: the response header that names the replica which answered; None where there is none.
    """

    host: str
    port: int
    rate: float
    method: str = "GET"
    path: str = "/"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str | None = None
    ids: tuple[int, int] = (1, 1)
    expected: tuple[int, ...] = (200,)
    timeout: float = 5.0
    in_flight: int = 256
    limit: float = 3600.0
    seed: int = 0
    served_by: str | None = None

    def __post_init__(self) -> None:
        """Raises UsageError for a request that cannot be sent, or a load without bounds."""
        every = (self.rate, self.timeout, self.limit)
        text = [self.path, *self.headers.values()]
        for good, name, got, expected in (
            (all(math.isfinite(value) and value > 0 for value in every), "rate, timeout, limit", every, "above 0"),
            (self.rate * self.limit <= MOST, "rate * limit", self.rate * self.limit, f"at most {MOST} requests"),
            (0 < self.port < 65536, "port", self.port, "1 to 65535"),
            (self.path.startswith("/") and " " not in self.path, "path", self.path, "/..., without blanks"),
            (_HEADER.fullmatch(self.method) is not None, "method", self.method, "an HTTP method"),
            (all(map(_HEADER.fullmatch, self.headers)), "headers", list(self.headers), "names of HTTP headers"),
            (all(value.isprintable() and value.isascii() for value in text), "path, headers", text, "printable ASCII"),
            (self.ids[0] <= self.ids[1], "ids", self.ids, "first <= last"),
            (self.in_flight > 0, "in_flight", self.in_flight, "at least 1"),
            (len(self.expected) > 0, "expected", self.expected, "at least one status"),
        ):
            if not good:
                raise UsageError("This workload cannot be sent", where=name, got=str(got), expected=expected)

    def to_json(self) -> str:
        """One line."""
        return json.dumps({**dataclasses.asdict(self), "headers": dict(self.headers)})

    @classmethod
    def from_json(cls, text: str) -> Spec:
        """The spec of a line that `to_json` wrote."""
        raw: dict[str, Any] = json.loads(text)
        return cls(**{**raw, "ids": tuple(raw["ids"]), "expected": tuple(raw["expected"])})
