"""What load to generate, as plain data that travels to the generator as JSON."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.errors import UsageError
from harness.workload.schedule import Schedule

IDEMPOTENT = frozenset({"GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE"})
KINDS = ("http", "tcp", "call")
_HEADER = re.compile(r"[\w!#$%&'*+.^`|~-]+", re.ASCII)
_CALL = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*")


@dataclass(frozen=True, slots=True)
class Read:
    """How what a request wrote is read, over HTTP. The same is replaced as in the request, and `{acknowledged}` by what
    identifies the work that its answer promised.

    Attributes:
        method, path, headers, expected: as of a request.
        json: for a path into the JSON answer, what must be there; see `harness.workload.answers`.
        text: what the answer must hold.
        within: seconds after the answer that acknowledged it, for which it need not be there yet.
    """

    method: str = "GET"
    path: str = "/"
    headers: Mapping[str, str] = field(default_factory=dict)
    expected: tuple[int, ...] = (200,)
    json: Mapping[str, Any] = field(default_factory=dict)
    text: str = ""
    within: float = 0.0

    def problem(self) -> tuple[str, object, str] | None:
        """As of a request."""
        as_request = Request(method=self.method, path=self.path, headers=self.headers, expected=self.expected)
        if found := as_request.problem():
            return f"read: {found[0]}", found[1], found[2]
        if not math.isfinite(self.within) or self.within < 0:
            return "read: within", self.within, "seconds"
        return None if self.json or self.text else ("read: expect", "", "what the answer must hold")


@dataclass(frozen=True, slots=True)
class Request:
    """One request of the mix.

    In the path, the headers, the body and what TCP sends, `{id}` is replaced by an id of the range, drawn by the seed,
    `{n}` by the request's number, `{key}` by a key that no other request of this workload has and `{value}` by a text
    that follows from the seed and that key.

    Attributes:
        name: what reports call it.
        weight: its share of the mix, relative to the others'.
        kind: `http`, `tcp` or `call`.
        method, path, headers, body: of HTTP.
        expected: the statuses that count as answered.
        json: for a path into the JSON answer, what must be there; see `harness.workload.answers`.
        send, until, answer: of raw TCP: what is sent; the bytes that end an answer (empty: the connection's end); and a
            regular expression that it must match.
        call: of a Python callable: `module:function`.
        repeatable: it may be sent again where a kept connection was closed before any byte of its answer.
        acknowledged: what identifies the work that a good answer promises: a template such as `{key}`, or `json:job`
            for a field of the answer. Empty: nothing is promised.
        read: how what a good answer acknowledged is asked for again.
    """

    name: str = "request"
    weight: float = 1.0
    kind: str = "http"
    method: str = "GET"
    path: str = "/"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str | None = None
    expected: tuple[int, ...] = (200,)
    json: Mapping[str, Any] = field(default_factory=dict)
    send: str = ""
    until: str = "\n"
    answer: str = ""
    call: str = ""
    acknowledged: str = ""
    read: Read | None = None
    repeatable: bool = False

    @property
    def may_repeat(self) -> bool:
        """Sending it twice does no harm: its method says so (RFC 9110, 9.2.2), or the stack does."""
        return self.repeatable or (self.kind == "http" and self.method in IDEMPOTENT)

    def problem(self) -> tuple[str, object, str] | None:
        """What is wrong with it: where, what was got, what was expected. None where nothing is."""
        text = [self.path, *self.headers.values()]
        for good, where, got, expected in (
            (math.isfinite(self.weight) and self.weight > 0, "weight", self.weight, "above 0"),
            (self.kind in KINDS, "kind", self.kind, "one of " + ", ".join(KINDS)),
            (self.path.startswith("/") and " " not in self.path, "path", self.path, "/..., without blanks"),
            (_HEADER.fullmatch(self.method) is not None, "method", self.method, "an HTTP method"),
            (all(map(_HEADER.fullmatch, self.headers)), "headers", list(self.headers), "names of HTTP headers"),
            (all(value.isprintable() and value.isascii() for value in text), "path, headers", text, "printable ASCII"),
            (len(self.expected) > 0, "expected", self.expected, "at least one status"),
            (self.kind != "call" or _CALL.fullmatch(self.call), "call", self.call, "module:function"),
        ):
            if not good:
                return where, got, expected
        return self.read.problem() if self.read is not None else None


@dataclass(frozen=True, slots=True)
class Retry:
    """What a client does about a failure. Every attempt is a sample of its own; who waits, waits for the last.

    Attributes:
        attempts: at most, the first one included.
        statuses: that are tried again, beside every failure to answer at all.
        backoff: seconds before the second attempt; twice as long before each further one.
        jitter: up to so large a share of the backoff is added, drawn by the seed.
    """

    attempts: int = 1
    statuses: tuple[int, ...] = (502, 503, 504)
    backoff: float = 0.1
    jitter: float = 0.5


@dataclass(frozen=True, slots=True)
class Tls:
    """TLS towards the entry point.

    Attributes:
        ca: a file of certificates to trust; empty for the machine's own.
        verify: whether the certificate is checked at all.
        name: the name that the certificate must have.
    """

    ca: str = ""
    verify: bool = True
    name: str = "localhost"


@dataclass(frozen=True, slots=True)
class Spec:
    """One workload.

    Attributes:
        host, port: the only place that is ever addressed by HTTP and TCP.
        schedule: when requests are due.
        requests: the mix.
        ids: the first and the last id.
        retry: what is done about failures.
        tls: for https; None for http.
        canary: seconds between two canaries, requests that are marked and carry a `{key}`; 0 for none.
        timeout: seconds that an attempt may take from when it is sent.
        in_flight: so many requests may be under way; what is due beyond that is shed, and counts as a failure.
        limit: seconds after which the generator ends by itself.
        seed: of the ids, the mix, Poisson arrivals and jitter.
        keep_alive: seconds for which a connection may be idle and still be used; fewer where an answer says so.
        served_by: the response header that names the replica which answered; empty where there is none.
        key: what every `{key}` begins with.
        reads: the share of the answers with something to read that are followed by a read.
        release: where an answer names the release that gave it: `header:NAME` or `json:PATH`; empty where it does not.
        forms: the form of JSON answers is told; see `harness.workload.marks`.
    """

    host: str
    port: int
    schedule: Schedule = field(default_factory=Schedule)
    requests: tuple[Request, ...] = field(default_factory=lambda: (Request(),))
    ids: tuple[int, int] = (1, 1)
    retry: Retry = field(default_factory=Retry)
    tls: Tls | None = None
    canary: float = 0.0
    timeout: float = 5.0
    in_flight: int = 256
    limit: float = 3600.0
    seed: int = 0
    keep_alive: float = 1.5
    served_by: str = ""
    key: str = ""
    reads: float = 0.2
    release: str = ""
    forms: bool = False

    def __post_init__(self) -> None:
        """Raises UsageError for a request that cannot be sent, or a load without bounds."""
        every = (self.timeout, self.limit)
        found: tuple[str, object, str] | None = next(
            (problem for one in self.requests if (problem := one.problem())), None
        )
        found = found or self.schedule.problem(self.limit)
        for good, where, got, expected in (
            (all(math.isfinite(value) and value > 0 for value in every), "timeout, limit", every, "above 0"),
            (0 < self.port < 65536, "port", self.port, "1 to 65535"),
            (0 < len(self.requests) <= 1000, "requests", len(self.requests), "1 to 1000"),
            (self.ids[0] <= self.ids[1], "ids", self.ids, "first <= last"),
            (self.in_flight > 0, "in_flight", self.in_flight, "at least 1"),
            (1 <= self.retry.attempts <= 100, "retry: attempts", self.retry.attempts, "1 to 100"),
            (0 <= self.reads <= 1, "reads", self.reads, "0 % to 100 %"),
            (0 <= self.keep_alive < math.inf, "keep_alive", self.keep_alive, "seconds"),
            (0 <= self.canary < math.inf, "canary", self.canary, "seconds"),
        ):
            if not good:
                found = found or (where, got, expected)
        if found:
            raise UsageError("This workload cannot be sent", where=found[0], got=str(found[1]), expected=found[2])

    @property
    def rate(self) -> float:
        """Requests per second that the schedule settles at; 0 where only an access log knows."""
        return self.schedule.usual

    def to_json(self) -> str:
        """One line."""
        return json.dumps(dataclasses.asdict(self), default=dict)

    @classmethod
    def from_json(cls, text: str) -> Spec:
        """The spec of a line that `to_json` wrote."""
        raw: dict[str, Any] = json.loads(text)
        schedule = raw["schedule"]
        made: dict[str, Any] = {
            "schedule": Schedule(**{**schedule, "steps": tuple((a, b) for a, b in schedule["steps"])}),
            "requests": tuple(_request(one) for one in raw["requests"]),
            "retry": Retry(**{**raw["retry"], "statuses": tuple(raw["retry"]["statuses"])}),
            "tls": Tls(**raw["tls"]) if raw["tls"] else None,
            "ids": tuple(raw["ids"]),
        }
        return cls(**{**raw, **made})


def _request(raw: Mapping[str, Any]) -> Request:
    read = raw.get("read")
    read = None if read is None else Read(**{**read, "expected": tuple(read["expected"])})
    return Request(**{**raw, "expected": tuple(raw["expected"]), "read": read})


def value_of(seed: int, key: str) -> str:
    """What `{value}` stands for: nobody need keep what was written to know what must be read."""
    return hashlib.blake2b(f"{seed}:{key}".encode(), digest_size=8).hexdigest()


def at_rate(spec: Spec, rate: float) -> Spec:
    """The same load, evenly spaced or by chance as before, at another rate; its keys are others."""
    kind = "poisson" if spec.schedule.kind == "poisson" else "constant"
    return dataclasses.replace(spec, schedule=Schedule(kind, rate), key="")
