"""What the probes ask of replicas, registry, queue and database. What could not be asked is null, with the `error`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import msgspec

from harness.events._body import Body, Number, OfReplica


class ProbeRelease(OfReplica, frozen=True):
    """Which release a replica runs."""

    kind: ClassVar[str] = "probe.release"

    release: str | None  # its answer
    error: str | None  # why there is none
    image: str | None = None  # digest, where the image tells the release
    running: bool | None = None  # false where the engine says that the replica does not run
    # count of each release that it named, where it was asked more than once; of several, `release` has all, joined by
    # `and`
    answers: Mapping[str, int] = {}
    unanswered: int = 0  # count of the questions without an answer, where it was asked more than once
    workers: int = 0  # count of processes that may have answered; 0 where that is not known


class ProbeConfiguration(OfReplica, frozen=True):
    """Of which release a replica's configuration is."""

    kind: ClassVar[str] = "probe.configuration"

    release: str | None  # its answer
    error: str | None  # why there is none


class ProbeHealth(OfReplica, frozen=True):
    """Whether a replica is healthy."""

    kind: ClassVar[str] = "probe.health"

    ok: bool | None  # null where it did not answer
    error: str | None  # what it says otherwise


class ProbeRegistry(Body, frozen=True):
    """Which release the registry names."""

    kind: ClassVar[str] = "probe.registry"

    release: str | None  # the answer
    error: str | None  # why there is none


class ProbeSchema(Body, frozen=True):
    """Of which release the database's schema is."""

    kind: ClassVar[str] = "probe.schema"

    release: str | None  # the answer as it came
    error: str | None  # why there is none


class ProbeQueue(Body, frozen=True):
    """How much work waits."""

    kind: ClassVar[str] = "probe.queue"

    depth: Number | None  # jobs
    age: Number | None  # of the oldest job, s; null where it is not known
    error: str | None  # why something is not known


class ProbeReadback(Body, frozen=True):
    """Which acknowledged work is there."""

    kind: ClassVar[str] = "probe.readback"

    key: str  # of the workload
    pieces: int | None  # count
    file: str | None  # of the answer, beside the history
    sha256: str | None  # of that file
    error: str | None  # why there is no answer
    # second of this history up to which acknowledged work must be there; null where that is not known, and missing in
    # histories of version 0.1
    before: Number | msgspec.UnsetType | None = msgspec.UNSET


class ProbeEffect(Body, frozen=True):
    """For which keys a side effect of acknowledged work was found, and how often."""

    kind: ClassVar[str] = "probe.effect"

    name: str  # of the effect, as declared
    key: str  # of the workload
    pieces: int | None  # count of keys
    file: str | None  # of the answer, beside the history
    sha256: str | None  # of that file
    error: str | None  # why there is no answer
    before: Number | None  # second of this history up to which acknowledged work must have had it; null: not known


class ProbeContainer(OfReplica, frozen=True):
    """The state of a replica's container, from outside."""

    kind: ClassVar[str] = "probe.container"

    status: str | None  # `running`, `exited`, `paused`,
    started: str | None  # when it started last, as the engine writes it
    exit_code: int | None  # of its last end
    oom_killed: bool | None  # that was for lack of memory
    error: str | None  # why it could not be looked at


ProcessRow = tuple[int, int, str, Number | None, str]
"""pid, parent, name, started (Unix time, s), state."""


class ProbeReplica(OfReplica, frozen=True, rename={"rows": "list"}):
    """What runs in a replica and what it uses, once a second."""

    kind: ClassVar[str] = "probe.replica"

    release: str | None  # its latest answer to the release probe
    release_age: Number | None  # seconds since that answer
    processes: int | None  # count
    # all of them, `[pid, parent, name, started, state]`, where one began or ended; else null
    rows: Sequence[ProcessRow] | None
    entered: int | None  # processes that were put into the container from outside
    main: ProcessRow | None  # the row of the main process
    listening: Sequence[str] | None  # sockets
    # deleted files that are held open, `[pid, place below /proc, path, inode, size in bytes]`
    deleted: Sequence[Sequence[Any]] | None
    cpu: Number | None  # seconds of processor time so far
    throttled: int | None  # periods in which it was held back so far
    throttled_seconds: Number | None  # seconds for which it was held back so far
    cpu_limit: Number | None  # processors
    cpu_declared: Number | None  # processors
    memory: int | None  # bytes
    memory_limit: int | None  # bytes
    oom_kills: int | None  # processes killed so far by the OOM killer
    # of `cpu`, `memory` and `io`, the seconds so far in which some and in which all waited for it
    pressure: Mapping[str, tuple[Number, Number]] | None
    missing: Mapping[str, str]  # of a field that is not known, why
    error: str | None  # why nothing is known
    # of each process `[pid, program, working directory]`, in the looks that read them again
    places: Sequence[tuple[int, str, str]] | None = None
    # pids of those that hold a listening socket; in the looks that read them again
    serving: Sequence[int] | None = None
    # mapped files that were deleted or replaced since, `[pid, path]`; in the looks that read them again
    replaced: Sequence[tuple[int, str]] | None = None
    descriptors: int | None = None  # count of the open ones of all processes; in the looks that read them again
    threads: int | None = None  # count, of all processes
    # bytes of memory of all processes that are neither a file's nor shared; earlier histories count what is shared, for
    # each process
    resident: int | None = None
    shared: int | None = None  # bytes of memory that processes share or that files in memory (tmpfs, /dev/shm) take
