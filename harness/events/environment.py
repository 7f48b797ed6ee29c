"""An environment, its containers, and the machine below it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from harness.events._body import Body, Number, OfReplica


class EnvironmentUp(Body, frozen=True):
    """An environment is up."""

    kind: ClassVar[str] = "environment.up"

    environment: str  # its id
    release: str  # what its replicas run
    seconds: Number | None  # how long it took
    seed: int | None  # what its faults leave to chance follows from it


class EnvironmentDown(Body, frozen=True):
    """An environment was taken down."""

    kind: ClassVar[str] = "environment.down"

    environment: str  # its id
    release: str  # what it was brought up on
    seconds: Number | None  # how long it took


class ContainerChange(OfReplica, frozen=True):
    """The engine said what became of a container."""

    kind: ClassVar[str] = "container"

    action: str  # `die`, `oom`, `restart`, `kill`,
    exit_code: int | None  # where it ended
    replaced: bool = False  # a deployer ended it, to put another container in its place


class ReplicaReplace(OfReplica, frozen=True):
    """A replica has a new container."""

    kind: ClassVar[str] = "replica.replace"

    release: str  # what it runs now
    release_from: str | None  # what it ran before
    order: str  # `stop-first` or `start-first`
    image: str  # digest of the new one
    started: str | None  # when the new container started, as the engine writes it
    exit_code: int | None  # of the old container
    tail: Sequence[str]  # the last lines of its log
    saved: str | None  # directory with more of it
    seconds: Number | None  # how long it took


class WitnessReport(Body, frozen=True):
    """For how long the machine stood still."""

    kind: ClassVar[str] = "witness"

    place: str  # `door` or `harness`: where it was measured
    begin: Number  # second of this history
    end: Number  # second of this history
    stood: Number  # seconds that the machine stood still between the two
    late: Number | None  # seconds by which the ticks came late, in all
    worst: Number | None  # seconds by which the worst of them came late
    waited: Number | None  # seconds that were waited for a processor
    synced: Number | None  # seconds that were waited for the disk
    steal: Number | None  # seconds that the hypervisor took, of all processors
    busy: Number | None  # seconds that all processors worked
    processors: int | None  # how many there are
    pressure: Mapping[str, Any] | None  # seconds of pressure on `cpu`, `io` and `memory`


class FingerprintTaken(Body, frozen=True):
    """The state of an environment; see [fingerprint.md](fingerprint.md)."""

    kind: ClassVar[str] = "fingerprint"

    name: str  # what it is called in the plan
    replicas: Mapping[str, Mapping[str, Mapping[str, Any]]]  # of each, its parts
    contents: Mapping[str, Mapping[str, Any]]  # what several parts share, by digest
    seconds: Number | None  # how long it took
    took: Mapping[str, Any]  # of each replica, the seconds that it took
