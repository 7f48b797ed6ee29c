"""The workload: where its samples are, who answered, how much is saved, and each window."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from harness.events._body import Body, Detail, Number


class WorkloadStart(Body, frozen=True):
    """The load begins."""

    kind: ClassVar[str] = "workload.start"

    file: str | None  # of its samples, beside the history; see `harness/samples/__init__.py`
    format: int  # version of that file's format
    began: Number  # Unix time, s
    at: Number  # second of this history at which it began
    arm: str  # `subject` or `control`
    key: str  # what every key of its requests begins with
    promises: str | None  # file of what its answers promised
    requests: Sequence[str]  # their names
    rate: Number | None  # requests per second
    timeout: Number | None  # seconds that an answer may take
    spec: Mapping[str, Any] | None  # all of its declaration


class WorkloadName(Body, frozen=True):
    """Who a sample's `server` is."""

    kind: ClassVar[str] = "workload.name"

    start: int | None  # id of its `workload.start`
    number: int | None  # as in the samples
    name: str | None  # of the server


class Counted(Detail, frozen=True):
    """What of a file is saved."""

    count: int | None = None  # records or lines in it by now
    sha256: str | None = None  # of the file up to there
    error: str | None = None  # why the rest could not be saved


class WorkloadSaved(Body, frozen=True):
    """How much is saved by now."""

    kind: ClassVar[str] = "workload.saved"

    start: int | None  # id of its `workload.start`
    final: bool  # nothing follows
    samples: Counted | None  # of that file, `count`, `sha256` up to there and `error`; null where there is none
    promises: Counted | None  # likewise


class WorkloadWindow(Body, frozen=True):
    """What a stretch of the load says. `sent` is `ok` and `failed` together."""

    kind: ClassVar[str] = "workload"

    start: int | None  # id of its `workload.start`
    first: int | None  # number of its first request in the schedule
    last: int | None  # number of the request after its last one
    began: Number | None  # Unix time at which the first one was due, s
    intended: int  # requests that were due
    sent: int  # requests that were sent
    ok: int  # requests with a good answer
    failed: int  # requests without
    shed: int  # requests that were not sent, because too many were in flight
    attempts: int  # of all requests
    seconds: Number  # its length
    p50: Number | None  # latency of the good answers, s
    p95: Number | None  # likewise
    p99: Number | None  # likewise
    lateness_p95: Number | None  # seconds by which the generator itself was late
    lateness_p99: Number | None  # likewise
    blind: Number | None  # the longest time in which nothing was sent that was due, s
    statuses: Mapping[str, int]  # count of each
    errors: Mapping[str, int]  # count of each
    longest_outage: Number  # the longest stretch without a good answer, s
    served_by: Mapping[str, int]  # count of each server; empty where it is not known
