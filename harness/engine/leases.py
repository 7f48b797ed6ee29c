"""Leases: what keeps an environment from the sweep while its run lives.

A lease is an empty volume whose labels say whose it is, until when (Unix seconds by the engine's clock) and which
process holds it. Labels cannot be changed, so a lease is renewed by making the next volume and removing the one before.

An environment is dead when its holder ran in this place and does not run any more, at once; or when its holder is
somewhere else and no lease of it is unexpired. A kept environment has a lease without an end.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any

import docker

from harness import proc
from harness.clock import Clock, SystemClock
from harness.engine.labels import (
    BUILDING,
    ENVIRONMENT,
    EXPIRES,
    HOLDER,
    KEPT,
    LEASE,
    OURS,
    PREFIX,
    RUN,
    TEST,
    WORKER,
    Owner,
)
from harness.engine.translate import translate
from harness.engine.volumes import Volumes
from harness.errors import EngineError, ImageError
from harness.signals import cleaning_up_after

TTL = 120.0  # seconds; renewed every third of it
ENDS_WITHIN = 5.0  # seconds for the thread that renews

Failure = Callable[[EngineError], None]


@dataclass(frozen=True, slots=True)
class LeaseRecord:
    """A lease as the engine has it.

    Attributes:
        volume: its name. environment, run, worker, test: whose.
        expires: Unix seconds by the engine's clock; None for never.
        holder: the process, see `harness.proc.identity`.
        kept: made by `keep`.
    """

    volume: str
    environment: str
    run: str
    worker: str
    test: str
    expires: float | None
    holder: str
    kept: bool

    @classmethod
    def parse(cls, volume: str, labels: Mapping[str, str]) -> LeaseRecord:
        """Read the labels of a lease's volume. An end that cannot be read is long past."""
        text = labels.get(EXPIRES, "")
        kept = labels.get(KEPT) == "true"
        return cls(
            volume=volume,
            environment=labels.get(LEASE, ""),
            run=labels.get(RUN, ""),
            worker=labels.get(WORKER, ""),
            test=labels.get(TEST, ""),
            expires=None if kept else float(text) if text.isdigit() else 0.0,
            holder=labels.get(HOLDER, ""),
            kept=kept,
        )

    @property
    def build_began(self) -> float | None:
        """When the build began that this lease is for, in Unix seconds by the engine's clock; None for all others."""
        if not self.environment.startswith(BUILDING):
            return None
        began = self.environment.removeprefix(BUILDING).partition("-")[0]
        return float(began) if began.isdigit() else 0.0

    def live(self, now: float) -> bool:
        """Whether it keeps its environment. `now` in Unix seconds by the engine's clock."""
        if self.kept or self.expires is None:
            return True
        alive = proc.is_alive(self.holder)
        return self.expires > now if alive is None else alive


class Lease:
    """A lease that this process holds."""

    def __init__(self, leases: Leases, owner: Owner, volume: str) -> None:
        self._leases, self.owner, self.volume = leases, owner, volume

    def release(self) -> None:
        """Give it up: the environment's objects are gone. Harmless a second time."""
        self._leases.release(self.owner.environment)

    def keep(self) -> None:
        """Keep the environment for good, after this process too."""
        self._leases.keep(self.owner)


class Leases:
    """Takes, renews and lists leases. Safe in parallel threads; one renewing thread while there are leases.

    Args:
        failed: called, in the renewing thread, when a lease could not be renewed; `failure` has the last error until
            a renewal succeeds.
    """

    def __init__(
        self, api: docker.APIClient, *, ttl: float = TTL, clock: Clock | None = None, failed: Failure | None = None
    ) -> None:
        self._api, self._ttl, self._clock = api, ttl, clock or SystemClock()
        self._volumes = Volumes(api)
        self._held: dict[str, Lease] = {}
        self._lock = threading.RLock()
        self._closed = threading.Event()
        self._thread: threading.Thread | None = None
        self.failed = failed
        self.failure: EngineError | None = None

    def acquire(self, owner: Owner) -> Lease:
        """Take the lease of an environment; before its first object is made, or the sweep may take that object.

        Raises:
            EngineError: the engine refuses or is gone.
        """
        with self._lock:
            lease = Lease(self, owner, self._make(owner))
            self._held[owner.environment] = lease
            if self._thread is None:
                self._closed.clear()
                self._thread = threading.Thread(target=self._renew_all, name="leases", daemon=True)
                self._thread.start()
        return lease

    @contextmanager
    def building(self) -> Iterator[None]:
        """Hold a lease while an image is built. It is given up when the build has ended, in success or failure; what
        cuts a build off leaves it, and with this process it becomes the word that something is left on the engine.
        """
        owner = Owner("build", f"{BUILDING}{int(self.now())}-{secrets.token_hex(4)}")
        lease = self.acquire(owner)
        try:
            yield
        except ImageError as error:
            with cleaning_up_after(error):
                lease.release()
            raise
        lease.release()

    def release(self, environment: str) -> None:
        """Remove every lease of an environment, kept or not."""
        with self._lock:
            self._held.pop(environment, None)
            for record in self.list([f"{LEASE}={environment}"]):
                self._volumes.remove(record.volume)

    def keep(self, owner: Owner) -> None:
        """Make a lease without an end, and stop renewing the one that this process held."""
        with self._lock:
            held = self._held.pop(owner.environment, None)
            self._make(owner, kept=True)
            if held is not None:
                self._volumes.remove(held.volume)

    def list(self, labels: Iterable[str] = ()) -> tuple[LeaseRecord, ...]:
        """The leases on this engine, of every process, that have all these labels."""
        found = self._volumes.list([f"{OURS}=lease", *labels])
        return tuple(LeaseRecord.parse(name, of) for name, of in sorted(found.items()))

    def now(self) -> float:
        """The engine's clock in Unix seconds, to the second: leases are compared across machines."""
        raw: Any = self._api
        with translate("The engine's clock cannot be read"):
            response = raw._get(raw._url("/_ping", versioned_api=False))
            raw._raise_for_status(response)
        date = response.headers.get("Date")
        return parsedate_to_datetime(date).timestamp() if date else self._clock.now()

    def close(self) -> None:
        """Stop renewing. What is still held runs out, or dies with this process."""
        self._closed.set()
        thread, self._thread = self._thread, None
        if thread is not None and thread is not threading.current_thread():
            thread.join(ENDS_WITHIN)  # it may be waiting for an engine that hangs
        with self._lock:
            self._held.clear()

    def _make(self, owner: Owner, *, kept: bool = False) -> str:
        name = f"{PREFIX}-lease-{owner.environment}-{secrets.token_hex(4)}"
        labels = {
            **owner.labels("lease"),
            HOLDER: proc.identity(),
            EXPIRES: "never" if kept else str(int(self.now() + self._ttl)),
        }
        with translate(f"The lease of the environment {owner.environment} cannot be made"):
            self._api.create_volume(name=name, labels={**labels, KEPT: "true"} if kept else labels)
        return name

    def _renew_all(self) -> None:
        while not self._clock.wait(self._closed, self._ttl / 3):
            with self._lock:
                environments = tuple(self._held)
            for environment in environments:
                self._renew(environment)

    def _renew(self, environment: str) -> None:
        try:
            with self._lock:
                lease = self._held.get(environment)
                if lease is None:
                    return
                before, lease.volume = lease.volume, self._make(lease.owner)
                self._volumes.remove(before)
        except EngineError as error:
            # Tried again at the next turn: the engine may come back. Whoever waits on the run is told now.
            self.failure = error
            if self.failed is not None:
                self.failed(error)
        else:
            self.failure = None


def environment_of(labels: Mapping[str, str]) -> str:
    """The environment that an object belongs to; empty if it is not an environment's."""
    return labels.get(ENVIRONMENT, "")
