"""The keeper: a process that heals faults whose harness died. `python -m harness.faults._keeper`

The harness tells it, a JSON line each, what takes every fault away before the fault is injected, that it still lives,
and what was healed. When the harness ends (its end of the pipe closes), or says nothing for `LEASE` seconds, the keeper
does what is left to do, and ends.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from select import select

import msgspec

from harness.errors import HarnessError
from harness.faults._undo import Undo, undo
from harness.waiting import poll

LEASE = 60.0  # s of silence after which a harness counts as dead
RENEW = LEASE / 4
PATIENCE = 120.0  # s for which the keeper tries again what the engine refuses
AGAIN_EVERY = 1.0


class Order(msgspec.Struct, omit_defaults=True):
    """A line: hold a fault's undoing under this number, let go of it (nothing to undo), or only a sign of life (0)."""

    number: int = 0
    undo: tuple[Undo, ...] = ()


class Keeper:
    """The harness's end. The process is started with the first fault, and ends when nothing is held any more."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held: set[int] = set()
        self._count = 0
        self._process: subprocess.Popen[bytes] | None = None
        self._over = threading.Event()

    def hold(self, undoing: Sequence[Undo]) -> int:
        """From now on this is done when the harness dies. Returns the number under which it is held."""
        with self._lock:
            self._count += 1
            self._held.add(self._count)
            if self._process is None or self._process.poll() is not None:
                self._begin()
            self._say(Order(self._count, tuple(undoing)))
            return self._count

    def let_go(self, number: int) -> None:
        """It was done."""
        with self._lock:
            if number not in self._held:
                return
            self._held.discard(number)
            self._say(Order(number))
            if not self._held:
                self._end()

    def _begin(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "harness.faults._keeper"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
            start_new_session=True,
        )  # fmt: skip
        self._over = threading.Event()
        threading.Thread(target=self._renew, args=(self._over,), name="keeper", daemon=True).start()

    def _renew(self, over: threading.Event) -> None:
        while not over.wait(RENEW):
            with self._lock, suppress(HarnessError):
                self._say(Order())

    def _say(self, order: Order) -> None:
        process = self._process
        try:
            assert process is not None
            assert process.stdin is not None
            process.stdin.write(msgspec.json.encode(order) + b"\n")
            process.stdin.flush()
        except (OSError, ValueError) as error:
            raise HarnessError(
                "Nobody would heal the fault if the harness died",
                where="the keeper, a process of the harness",
                got=f"it does not read: {error}",
                expected="a process that runs as long as a fault is on",
            ) from error

    def _end(self) -> None:
        self._over.set()
        process, self._process = self._process, None
        if process is not None and process.stdin is not None:
            process.stdin.close()
            process.wait()


KEEPER = Keeper()


def main() -> None:
    """Read orders until the harness ends or is silent; then do what is left."""
    held: dict[int, tuple[Undo, ...]] = {}
    rest = b""
    while True:
        if not select([0], [], [], LEASE)[0]:
            break
        data = os.read(0, 65536)
        if not data:
            break
        *lines, rest = (rest + data).split(b"\n")
        for line in lines:
            order = msgspec.json.decode(line, type=Order)
            if order.undo:
                held[order.number] = order.undo
            else:
                held.pop(order.number, None)
    for number in sorted(held, reverse=True):
        for one in reversed(held[number]):
            _persist(one)


def _persist(one: Undo) -> None:
    """Try until it is done, or for two minutes."""

    from harness.engine import Engine

    def done() -> bool:
        try:
            with Engine.connect() as engine:
                undo(engine, one)
        except HarnessError:
            return False
        return True

    poll(done, within=PATIENCE, every=AGAIN_EVERY)


if __name__ == "__main__":
    main()
