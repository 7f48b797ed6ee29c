"""Faults that are held by a process of their own, for people who inject them by hand.

`harness fault inject` starts it: `python -m harness.faults.holding DIRECTORY`, with the order in that directory. It
injects, waits for SIGTERM, for its time or for the end of the environment, heals, and leaves in DIRECTORY what came of
it, at each turn.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

import msgspec

from harness import faults, proc
from harness.engine import Engine
from harness.environment.attached import attach
from harness.environment.found import environments, pick
from harness.errors import FaultUnproven, HarnessError, UsageError
from harness.faults.injection import inject
from harness.files import write
from harness.history import History
from harness.waiting import poll

STATE, SAID = "state.json", "said.txt"
INJECTED_WITHIN, HEALED_WITHIN = 120.0, 120.0  # s
POLL_EVERY = 0.1  # s
LOOK_EVERY = 2.0  # s between two looks at whether the environment is still there

Turn = Literal["starting", "on", "healed", "failed"]


class Order(msgspec.Struct, frozen=True):
    """What is to be held: the fault's step, in which environment, for how many seconds."""

    environment: str
    fault: Mapping[str, Any]
    seconds: float


class State(msgspec.Struct, frozen=True):
    """Where it stands.

    Attributes:
        order: what was asked for. number: its name among those of the environment. title: the fault, in words.
        turn: starting, on, healed, or failed (then `said` has the error).
        holder: the process, see `harness.proc.identity`.
        until: Unix time at which it heals by itself.
        bit: whether it touched anything; None where that could not be told.
        said: what it touched, or why that is not known; the error.
        code: the exit code of the error, 0 for none.
    """

    order: Order
    number: int
    title: str
    turn: Turn
    holder: str = ""
    until: float = 0.0
    bit: bool | None = None
    said: str = ""
    code: int = 0

    @property
    def alive(self) -> bool:
        """Its process runs."""
        return proc.is_alive(self.holder) is True


def directory() -> Path:
    """Where the states are: of this user, and gone with the machine's reboot.

    Raises:
        UsageError: it belongs to somebody else.
    """
    place = Path(tempfile.gettempdir()) / f"rollback-harness-faults-{os.getuid()}"
    place.mkdir(mode=0o700, exist_ok=True)
    if place.stat().st_uid != os.getuid():
        raise UsageError("The directory of faults belongs to somebody else", where=str(place), hint="set TMPDIR")
    return place


def known(environment: str) -> Iterator[tuple[Path, State]]:
    """What is held, or was, in an environment, the oldest first."""
    found = sorted(directory().glob(f"{environment}.*"), key=lambda one: int(one.suffix[1:]))
    for place in found:
        if (state := _read(place)) is not None:
            yield place, state


def _read(place: Path) -> State | None:
    try:
        return msgspec.json.decode((place / STATE).read_bytes(), type=State)
    except (OSError, msgspec.MsgspecError):
        return None


def hold(order: Order) -> State:
    """Start the process that injects and holds it, and wait until it is on.

    Raises:
        HarnessError: it could not be injected, as `Fault.inject` says; with its exit code.
    """
    title = faults.from_data(order.fault).title()
    number = 1 + max((state.number for _, state in known(order.environment)), default=0)
    place = directory() / f"{order.environment}.{number}"
    place.mkdir(mode=0o700)
    _save(place, State(order, number, title, "starting"))
    with (place / SAID).open("wb") as said:
        process = subprocess.Popen(
            [sys.executable, "-m", "harness.faults.holding", str(place)],
            stdin=subprocess.DEVNULL, stdout=said, stderr=said, start_new_session=True,
        )  # fmt: skip

    def look() -> State:
        state = _read(place)
        assert state is not None
        if process.poll() is not None and state.turn == "starting":
            words = (place / SAID).read_text(errors="replace").strip()
            return msgspec.structs.replace(state, turn="failed", said=words or "no reason", code=3)
        return state

    state = poll(look, lambda one: one.turn != "starting", within=INJECTED_WITHIN, every=POLL_EVERY)
    if state.turn == "starting":
        process.terminate()
    return state


def heal(place: Path, state: State) -> State:
    """End what is held, and wait until it is healed. Where its process is gone, the keeper has healed it."""
    if state.alive:
        os.kill(int(state.holder.split("/")[-2]), signal.SIGTERM)
        poll(lambda: _read(place), lambda one: one is None or not one.alive, within=HEALED_WITHIN, every=POLL_EVERY)
        return _read(place) or state
    if state.turn == "on":
        _save(place, msgspec.structs.replace(state, turn="healed", holder=""))
        return msgspec.structs.replace(state, holder="")
    return state


def _save(place: Path, state: State) -> None:
    write(place / STATE, msgspec.json.encode(state).decode())


def main() -> None:
    """Hold one."""
    asked = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: asked.set())
    place = Path(sys.argv[1])
    state = _read(place)
    assert state is not None
    state = msgspec.structs.replace(state, holder=proc.identity())
    try:
        with Engine.connect() as engine:
            state = _held(engine, place, state, asked)
    except FaultUnproven as error:
        gone = "is not gone" not in error.what
        state = msgspec.structs.replace(
            _read(place) or state, turn="healed" if gone else "failed", said=error.got or "", code=0 if gone else 2
        )
    except HarnessError as error:
        state = msgspec.structs.replace(state, turn="failed", said=str(error), code=error.exit_code)
    _save(place, msgspec.structs.replace(state, holder=""))


def _held(engine: Engine, place: Path, state: State, asked: threading.Event) -> State:
    """Inject it, wait, heal it."""
    history, order = History(), state.order
    environment = attach(engine, pick(engine, order.environment), history)
    with inject(environment, faults.from_data(order.fault)) as on:
        until = history.clock.now() + order.seconds
        state = msgspec.structs.replace(state, turn="on", until=until)
        _save(place, state)
        while not asked.wait(min(LOOK_EVERY, max(0.0, until - history.clock.now()))):
            gone = order.environment not in [one.id for one in environments(engine)]
            if gone or history.clock.now() >= until:
                break
        seen = on.evidence()
        state = msgspec.structs.replace(state, bit=seen.bit, said=seen.said)
        _save(place, state)
    return msgspec.structs.replace(state, turn="healed")


if __name__ == "__main__":
    main()
