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
    """Who a sample's `server` is, and what marked its answer. Several numbers may have one name."""

    kind: ClassVar[str] = "workload.name"

    start: int | None  # id of its `workload.start`
    number: int | None  # as in the samples
    name: str | None  # of the server; empty where it is not known
    release: str = ""  # that the answer named
    keys: Sequence[str] | None = None  # the names in its JSON, which are its form; null where that is not told


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


ANYTHING = "what was written"  # what a read expected, in the words of `BadRead.expected`, that found nothing


class BadRead(Detail, frozen=True):
    """A read that did not find what was written. Times are seconds of this history."""

    key: str = ""  # that of the request which wrote it
    request: str = ""  # its name
    verdict: str = ""  # `wrong` or `unanswered`
    outcome: str = ""  # status or error of the last attempt
    server: str = ""  # who answered, where it is known
    written: Number | None = None  # when the answer came that acknowledged it
    asked: Number | None = None  # when it was asked for first
    ended: Number | None = None  # when the last answer came, or was given up
    attempts: int = 1  # count
    expected: str = ""  # what was written, in the answer's words
    got: str = ""  # what came instead


class WorkloadReads(Body, frozen=True):
    """What was acknowledged was asked for again: `asked` is the sum of `good`, `wrong`, `unanswered`, `interrupted`."""

    kind: ClassVar[str] = "workload.reads"

    start: int | None  # id of its `workload.start`
    every: bool  # after the phase, everything that was written; else beside the load, since the last such event
    written: int  # records that could be asked for; 0 where `every` is false
    asked: int  # records that were asked for
    good: int  # what was found as it was written
    late: int  # of these, found so only when they were asked for again
    wrong: int  # something else was found, or nothing
    absent: int  # of these, nothing was found: a status says so
    unanswered: int  # no answer came, or one that the server failed, when it was asked again too
    interrupted: int  # likewise, and asked for before the window of the phase began
    skipped: int  # not asked for, because too many reads were under way
    bad: Sequence[BadRead]  # the first 20 that were wrong, and the first 20 without an answer
    error: str | None  # why not everything was asked for


class FailedRequests(Detail, frozen=True):
    """Failed requests that are alike: of one kind, with one `outcome` (`status 500`, `timeout`), answered by one
    `server`, which is empty where nobody is known to have answered. How many, when the first and the last one was due
    (Unix time), and some of them in words.
    """

    request: str = ""
    outcome: str = ""
    server: str = ""
    count: int = 0
    first: Number = 0.0
    last: Number = 0.0
    examples: Sequence[str] = ()


class WorkloadWindow(Body, frozen=True):
    """What a stretch of the load says. `sent` is `ok`, `failed` and `closed` together."""

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
    requests: Mapping[str, int] = {}  # count of each kind of request that was due
    # where there are several kinds: of each, the longest stretch in which it was asked for without a good answer, s
    outages: Mapping[str, Number] = {}
    # those without a good answer that are alike, the largest groups first: `request`, `outcome`, `server`, `count`,
    # `first` and `last` (Unix time), `examples`
    failures: Sequence[FailedRequests] = ()
    # requests that were sent over a kept connection which the other side closed before any byte of an answer, and that
    # could not be sent again safely; neither `ok` nor `failed`
    closed: int = 0
    repeated: int = 0  # requests that met such a connection and were sent again over a new one
    releases: Mapping[str, int] = {}  # count of each release that good answers named; empty where they name none
