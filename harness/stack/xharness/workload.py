"""`x-harness: workload`: the load that runs while things happen."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from harness.stack.base import Argv, AsNumber, AsText, AsWhole, Fraction, Plain, Rate, Seconds, Truth, Word, wrong
from harness.stack.xharness.base import Block, regex
from harness.stack.xharness.probes import Address


def _ids(value: Any) -> Any:
    if isinstance(value, tuple | list) and len(value) == 2:
        return tuple(value)
    match = re.fullmatch(r"([0-9]{1,15})(?:-([0-9]{1,15}))?", str(value))
    if isinstance(value, bool) or not match or int(match[1]) > int(match[2] or match[1]):
        raise wrong("a range of numbers such as 1-500, the lower first")
    return int(match[1]), int(match[2] or match[1])


CALL = r"^[A-Za-z_][A-Za-z0-9_.]*:[A-Za-z_][A-Za-z0-9_]*$"


class Tcp(Block):
    """Bytes that are sent over TCP, and what must come back."""

    send: str = Field(description="What is sent; {id}, {n} and {key} as in a path.")
    until: str = Field(
        default="\n",
        description="What ends an answer, after which the connection is kept; empty: the connection's end.",
    )
    answer: Annotated[str, BeforeValidator(regex)] = Field(
        default="", description="A regular expression (Python's) that the answer must match."
    )


class Request(Block):
    """A request that the workload sends: over HTTP, unless `tcp` or `call` says otherwise."""

    name: Word = Field(default="request", description="What reports call it.")
    weight: Annotated[float, Field(gt=0), AsNumber] = Field(
        default=1.0, description="Its share of the requests, relative to the others'."
    )

    method: Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] = Field(
        default="GET", description="The HTTP method."
    )
    path: Annotated[str, Field(pattern="^/"), AsText] = Field(
        default="/",
        description="The path and query. {id} stands for a number out of `ids`, {n} for the request's number, "
        "{key} for a key that no other request has, {value} for a text that follows from the key; in headers and the "
        "body too.",
    )
    headers: Mapping[str, Plain] = Field(
        default_factory=dict,
        description="Headers by name.",
        repr=False,
        json_schema_extra={"additionalProperties": {"type": ["string", "number", "boolean"]}},
    )
    body: Annotated[
        str | None, WithJsonSchema({"anyOf": [{"type": t} for t in ("string", "object", "array", "null")]})
    ] = Field(default=None, repr=False, description="A text, sent as it is; or a mapping or list, sent as JSON.")
    status: tuple[Annotated[int, Field(ge=100, le=599), AsWhole], ...] = Field(
        default=(), description="The answers that count as good; left out, any from 200 to 299."
    )
    json_: Mapping[str, Any] = Field(
        default_factory=dict,
        alias="json",
        description="What a good answer's JSON holds: a path such as `plan.tier` to a value, {matches: a regular "
        "expression} or {exists: true}.",
    )
    acknowledged: Word | None = Field(
        default=None,
        description="What identifies the work that a good answer promises: {key}, or `json:job` for a field of the "
        "answer. Needs `readback` or `effects`.",
    )
    read: Read | None = Field(
        default=None,
        description="What was acknowledged is asked for again with this, in every phase and so by every release, and "
        "what comes back is compared.",
    )
    tcp: Tcp | None = Field(default=None, description="Sent over TCP instead.")
    call: Annotated[str, Field(pattern=CALL), AsText] | None = Field(
        default=None, description="A Python callable, `module:function`, that is called instead."
    )
    repeatable: Truth = Field(
        default=False,
        description="Whether it may be sent again, over a new connection, where a kept one was closed before any byte"
        " of the answer came. Of GET, HEAD, PUT, DELETE and OPTIONS it is known that they may.",
    )

    @classmethod
    def shaped(cls, values: dict[str, Any]) -> dict[str, Any]:
        """A body that is not text, as the JSON that is sent, with its header."""
        if isinstance(values.get("body"), dict | list):
            values["body"] = json.dumps(values["body"])
            headers = values.get("headers") or {}
            if isinstance(headers, dict) and "content-type" not in {str(name).lower() for name in headers}:
                values["headers"] = {**headers, "Content-Type": "application/json"}
        elif isinstance(values.get("body"), int | float):
            raise wrong("a text, a mapping or a list", "put the value in quotes")
        return values


class Read(Block):
    """A request over HTTP that asks for what an acknowledged one wrote, and what its answer must hold."""

    method: Literal["GET", "POST"] = Field(default="GET", description="The HTTP method; it must change nothing.")
    path: Annotated[str, Field(pattern="^/"), AsText] = Field(
        description="The path and query. {id}, {n}, {key} and {value} stand for what the request that wrote had, "
        "{acknowledged} for what identifies the work that its answer promised."
    )
    headers: Mapping[str, Plain] = Field(
        default_factory=dict,
        description="Headers by name.",
        repr=False,
        json_schema_extra={"additionalProperties": {"type": ["string", "number", "boolean"]}},
    )
    status: tuple[Annotated[int, Field(ge=100, le=599), AsWhole], ...] = Field(
        default=(), description="The answers that count as good; left out, any from 200 to 299."
    )
    expect: Annotated[str | Mapping[str, Any], WithJsonSchema({"type": ["string", "object"]})] = Field(
        description="What the answer must hold: a text, or paths into its JSON to values, as in `json`; filled in as "
        "the path is.",
    )
    within: Seconds = Field(
        default=0.0,
        ge=0,
        description="How long after the answer the work may take to be there to read, where it is done later.",
        json_schema_extra={"default": "0s"},
    )


class Ramp(Block):
    """A rate that grows, or falls."""

    to: Rate = Field(description="The rate at its end, which stays.")
    over: Seconds = Field(description="How long it takes.")


class Step(Block):
    """A rate that holds for a time."""

    lasting: Seconds = Field(alias="for", description="How long.")
    rate: Rate = Field(description="How many requests are sent in a second.")


class Replay(Block):
    """The arrivals of an access log."""

    file: Word = Field(description="The log, in the common or combined format, or JSON lines; from the Compose file.")
    speed: Annotated[float, Field(gt=0, le=1000), AsNumber] = Field(
        default=1.0, description="How many times as fast as it was."
    )


class Retry(Block):
    """What a client does about a failure."""

    attempts: Annotated[int, Field(ge=1, le=100), AsWhole] = Field(
        default=3, description="How often it tries at most, the first time included."
    )
    status: tuple[Annotated[int, Field(ge=100, le=599), AsWhole], ...] = Field(
        default=(502, 503, 504), description="The answers after which it tries again, beside having none."
    )
    backoff: Seconds = Field(
        default=0.1,
        description="How long it waits before the second attempt; twice as long before each further one.",
        json_schema_extra={"default": "100ms"},
    )
    jitter: Fraction = Field(
        default=0.5, description="By how much longer, at most, by chance.", json_schema_extra={"default": "50%"}
    )


class Tls(Block):
    """TLS towards the entrypoint."""

    ca: Word | None = Field(default=None, description="A file of certificates to trust; left out, the machine's own.")
    verify: Truth = Field(default=True, description="Whether the certificate is checked.")
    name: Word = Field(default="localhost", description="The name that the certificate must have.")


class Readback(Block):
    """Lists the acknowledged work that is there. One of command and http."""

    service: Word = Field(alias="in", description="The service in whose first replica it is asked.")
    command: Argv | None = Field(
        default=None,
        description="A command that answers with a line for each piece: what identifies it and, after a tab, how "
        "often it was done (1 if left out). {key} stands for what every key of this workload begins with.",
    )
    http: Address | None = Field(
        default=None,
        description="A page that answers with a JSON list of what identifies each piece, or a mapping of that to how "
        "often it was done; {key} as above.",
    )

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.command is None) == (self.http is None):
            raise wrong("one of command and http")
        return self


class Workload(Block):
    """The load that runs while things happen: requests to the entrypoint on a schedule, whatever comes back."""

    one_of: ClassVar[tuple[str, ...]] = ("ramp", "steps", "replay")

    rate: Rate = Field(
        default=10.0, description="How many requests are sent in a second.", json_schema_extra={"default": "10/s"}
    )
    arrivals: Literal["constant", "poisson"] = Field(
        default="constant", description="Evenly spaced, or independent of each other as many users' are."
    )
    ramp: Ramp | None = Field(default=None, description="From `rate` to another one.")
    steps: tuple[Step, ...] = Field(default=(), description="One rate after the other; the last one stays.")
    replay: Replay | None = Field(default=None, description="As in an access log, instead of at a rate.")
    request: Request = Field(default_factory=Request, description="What is sent.", json_schema_extra={"default": {}})
    requests: tuple[Request, ...] = Field(default=(), description="A mix of requests, instead of `request`.")
    ids: Annotated[
        tuple[int, int],
        BeforeValidator(_ids),
        WithJsonSchema({"type": ["string", "integer"], "pattern": "^[0-9]+(-[0-9]+)?$", "minimum": 0}),
    ] = Field(default=(1, 500), description="The numbers that {id} stands for.", json_schema_extra={"default": "1-500"})
    timeout: Seconds = Field(
        default=5.0,
        description="How long a request may take before it counts as failed.",
        json_schema_extra={"default": "5s"},
    )
    retry: Retry | None = Field(default=None, description="What is done about failures; left out, nothing.")
    tls: Tls | None = Field(default=None, description="Speak TLS to the entrypoint.")
    keep_alive: Seconds = Field(
        default=1.5,
        description="How long a connection may be idle and still be used again: less than servers keep one. What an"
        " answer says of that (`Keep-Alive: timeout`) counts, too.",
        json_schema_extra={"default": "1500ms"},
    )
    canary: Seconds | None = Field(
        default=None,
        description="How often a request is a canary, whose {key} must be found in the log of who answered it.",
    )
    served_by: Word | None = Field(
        default=None, description="The response header that names the replica which answered."
    )
    release: Annotated[str, Field(pattern=r"^(header|json):\S+$")] | None = Field(
        default=None, description="Where an answer names the release that gave it: `header:X-Release`, `json:release`."
    )
    in_flight: Annotated[int, Field(ge=1, le=100_000), AsWhole] = Field(
        default=256, description="How many may be under way; what is due beyond that is not sent, and counts as failed."
    )
    readback: Readback | None = Field(default=None, description="Lists the acknowledged work that is there.")
    effects: Mapping[str, Readback] = Field(
        default_factory=dict,
        description="What acknowledged work does beside, by name (`mails`, `invoices`): each lists for which keys it "
        "was done and how often, as `readback` does. Once for each acknowledged key is right.",
    )
    reads: Fraction = Field(
        default=0.2,
        description="How many of the requests with a `read` are followed by one, of the newest or of an older one.",
        json_schema_extra={"default": "20%"},
    )

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        given = [name for name in self.one_of if getattr(self, name)]
        if len(given) > 1 or (given and self.arrivals != "constant"):
            raise wrong(f"one schedule, not {' and '.join(given + ['arrivals'] * (self.arrivals != 'constant'))}")
        if self.requests and self.request != Request():
            raise wrong("`request` or `requests`, not both")
        return self

    @property
    def mix(self) -> tuple[Request, ...]:
        """What is sent."""
        return self.requests or (self.request,)
