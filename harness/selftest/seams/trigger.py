"""When something is spoilt, and the proof that it was."""

from __future__ import annotations

import json
import os
import random
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from harness.events import StepStart
from harness.history import Event
from harness.waiting import pause

STARTUP, SAVED = "startup", "saved"
PHASES = (
    "baseline", "deploy", "deployed", "rollback", "rolled-back", "second-rollback", "rolled-back-twice",
    "second-deploy", "deployed-again", "half-baseline", "half-deploy", "half-rollback", "half-rolled-back",
)  # fmt: skip
MEASURED = ("recovery-baseline", "recovered")  # of a gate that measures recovery
KILLED = "killed by the self-test"  # what an error says that is raised on purpose
MAX_HOLD_UP = 15.0  # s that anything is held up, where it is to stand still for ever

_write = os.write  # the seams replace it, and a report of them must not be spoilt


@dataclass(frozen=True, slots=True)
class SeamSpec:
    """What is spoilt.

    Attributes:
        target: what: see `harness.selftest.injections.TARGETS`.
        action: how.
        phase: when: from its beginning to the beginning of the next one. `startup` is before the first phase.
        after: seconds after its beginning.
        skip: how many times the target is let pass first.
        count: how often it is spoilt at most; 0 for always.
        seconds: that it is held up or stands still; 0 for as long as the phase lasts.
        seed: of what is left to chance.
    """

    target: str
    action: str
    phase: str
    after: float = 0.0
    skip: int = 0
    count: int = 1
    seconds: float = 1.0
    seed: int = 0

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> SeamSpec:
        """From JSON. TypeError where it does not fit."""
        return cls(**data)


class Trigger:
    """Says at every place and time whether it is to be spoilt now, and writes down each time that it was.

    Args:
        spec: what is spoilt.
        touches: the file that gets a line for each time.
    """

    def __init__(self, spec: SeamSpec, touches: str) -> None:
        self.spec, self.random = spec, random.Random(spec.seed)  # noqa: S311 - it must be the same again
        self._file = os.open(touches, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        self._lock, self._changed = threading.Lock(), threading.Condition()
        self._phase = STARTUP
        self._since = time.monotonic()
        self._passed = self._count = 0

    def heard(self, event: Event) -> None:
        """A listener of the history: follows its phases."""
        body = event.body
        if isinstance(body, StepStart) and body.name in (*PHASES, *MEASURED):
            with self._changed:
                self._phase, self._since = body.name, time.monotonic()
                self._changed.notify_all()

    @property
    def open(self) -> bool:
        """It is the time."""
        return self._phase == self.spec.phase and time.monotonic() >= self._since + self.spec.after

    def wait(self) -> None:
        """Until it is the time. For threads that do what they do once."""
        with self._changed:
            while self._phase != self.spec.phase:
                self._changed.wait()
            left = self._since + self.spec.after - time.monotonic()
        pause(max(0.0, left))

    def take(self, what: str) -> bool:
        """Whether this one is to be spoilt. A line says what it was."""
        with self._lock:
            if not self.open or (self.spec.count and self._count >= self.spec.count):
                return False
            if self._passed < self.spec.skip:
                self._passed += 1
                return False
            self._count += 1
        self.touched(what)
        return True

    def touched(self, what: str) -> None:
        """Write down that something was spoilt."""
        line = {"t": round(time.time(), 3), "phase": self._phase, "what": what[:200]}
        _write(self._file, json.dumps(line).encode() + b"\n")

    def hold_up(self) -> None:
        """Stand still for as long as the spec says."""
        deadline = time.monotonic() + (self.spec.seconds or MAX_HOLD_UP)
        with self._changed:
            while (left := deadline - time.monotonic()) > 0:
                if not self.spec.seconds and self._phase != self.spec.phase:
                    return
                self._changed.wait(left)

    def spoil(self, data: bytes, what: str) -> bytes:
        """The bytes, or what becomes of them: all that is read and written goes through here. Nothing is no bytes."""
        return self.spoilt(data) if data and self.take(f"{what}: {len(data)} bytes") else data

    def spoilt(self, data: bytes) -> bytes:
        """What becomes of bytes."""
        action = self.spec.action
        if action in ("delay", "stop"):
            self.hold_up()
            return data
        return CHANGES[action](data, self.random)


def _garbled(data: bytes, rng: random.Random) -> bytes:
    """Some bytes are others."""
    changed = bytearray(data)
    for _ in range(1 + len(data) // 200):
        changed[rng.randrange(len(changed))] ^= rng.randrange(1, 256)
    return bytes(changed)


CHANGES: dict[str, Callable[[bytes, random.Random], bytes]] = {
    "drop": lambda _data, _rng: b"",
    "duplicate": lambda data, _rng: data + data,
    "truncate": lambda data, rng: data[: rng.randrange(len(data))],
    "garble": _garbled,
}
