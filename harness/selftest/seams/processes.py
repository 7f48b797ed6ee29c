"""Every process that the gate starts, and its own: each is stopped for a while, for a whole phase, or killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from harness.deploy.inside import ReplicaProcess
from harness.engine.labels import ENVIRONMENT, REPLICA
from harness.environment import Environment
from harness.environment.open_shell import OpenShell
from harness.environment.witness import Witness
from harness.errors import HarnessError
from harness.kept import KeptProgram
from harness.selftest.seams.trigger import MAX_HOLD_UP, Trigger
from harness.waiting import pause

PROGRAMS = {  # target to the modules of the processes, each a child of the one before it
    "generator": ("harness.workload.generator",),
    "control": ("harness.plan.control.process",),
    "control-generator": ("harness.plan.control.process", "harness.workload.generator"),
}
POLL_EVERY = 0.02  # s
DOOR = "door"  # what its container is labelled as, in the place of a replica
Signal = Callable[[str], None]  # sends STOP, CONT or KILL


def install(trigger: Trigger) -> None:
    """Spoil the target where it is one of these."""
    find: Callable[[], tuple[str, Signal] | None] | None = None
    target = trigger.spec.target
    if target in PROGRAMS:
        find = lambda: _program(PROGRAMS[target])  # noqa: E731
    elif target == "harness":
        threading.Thread(target=_itself, args=(trigger,), daemon=True).start()
    elif target == "door":
        find = _door()
    elif target in ("shell", "deployer", "sampler-program", "witness"):
        find = _within(trigger, target)
    if find is not None:
        threading.Thread(target=_once, args=(trigger, find), daemon=True).start()


def _once(trigger: Trigger, find: Callable[[], tuple[str, Signal] | None]) -> None:
    """Wait for the phase, and for the process; then do it once."""
    trigger.wait()
    while trigger.open:
        found = find()
        if found is None:
            pause(POLL_EVERY)
            continue
        name, send = found
        with suppress(HarnessError, OSError):
            if trigger.spec.action == "kill":
                send("KILL")
                trigger.touched(f"{name} killed")
                return
            send("STOP")
            trigger.touched(f"{name} stopped")
            trigger.hold_up()
            send("CONT")
        return


# -- on this machine -------------------------------------------------------------------------------------------------


def _program(modules: tuple[str, ...]) -> tuple[str, Signal] | None:
    pid: int | None = os.getpid()
    for module in modules:
        pid = _child(pid, module) if pid is not None else None
    if pid is None:
        return None
    number = pid
    return modules[-1], lambda name: os.kill(number, getattr(signal, f"SIG{name}"))


def _child(parent: int, module: str) -> int | None:
    """The youngest child that runs a module."""
    found = []
    for entry in Path("/proc").iterdir():
        with suppress(OSError, ValueError, IndexError):
            stat = (entry / "stat").read_text(errors="replace").rpartition(")")[2].split()
            words = (entry / "cmdline").read_bytes().split(b"\0")
            if int(stat[1]) == parent and stat[0] not in "ZX" and module.encode() in words:
                found.append((int(stat[19]), int(entry.name)))
    return max(found)[1] if found else None


AGAIN = """import os, signal, sys, time
process, seconds = int(sys.argv[1]), float(sys.argv[2])
os.kill(process, signal.SIGSTOP)
time.sleep(seconds)
os.kill(process, signal.SIGCONT)
"""


def _itself(trigger: Trigger) -> None:
    """The gate's own process. Whoever stands still cannot go on by itself, so another process does both."""
    trigger.wait()
    if not trigger.open:
        return
    if trigger.spec.action == "kill":
        trigger.touched("the gate killed")
        os.kill(os.getpid(), signal.SIGKILL)
    seconds = trigger.spec.seconds or MAX_HOLD_UP
    trigger.touched(f"the gate stopped for {seconds:g} s")
    subprocess.Popen([sys.executable, "-c", AGAIN, str(os.getpid()), str(seconds)], start_new_session=True)


# -- on the engine ---------------------------------------------------------------------------------------------------


def _door() -> Callable[[], tuple[str, Signal] | None]:
    """The container that every link passes through."""
    up: list[Environment] = []
    original = Environment.__init__

    def init(self: Environment, *args: Any, **more: Any) -> None:
        original(self, *args, **more)
        up.append(self)

    Environment.__init__ = init  # type: ignore[method-assign]

    def find() -> tuple[str, Signal] | None:
        if not up:
            return None
        containers = up[-1].engine.containers.list([f"{ENVIRONMENT}={up[-1].id}"])
        door = next((one for one in containers if one.labels.get(REPLICA) == DOOR), None)
        if door is None:
            return None
        actions = {"KILL": door.kill, "STOP": door.pause, "CONT": door.unpause}
        return f"the door {door.name}", lambda name: actions[name]()

    return find


def _within(trigger: Trigger, target: str) -> Callable[[], tuple[str, Signal] | None]:
    """A process in a replica or the door: a shell, the deployer, a program that the sampler keeps, the witness."""
    started: list[Any] = []  # of harness.engine.process.Process

    def remember(kind: Any, of: Callable[[Any], Any]) -> None:
        original = kind.__init__

        def init(self: Any, *args: Any, **more: Any) -> None:
            original(self, *args, **more)
            started.append(of(self))

        kind.__init__ = init

    if target == "shell":
        remember(OpenShell, lambda shell: shell.process)
    elif target == "deployer":
        remember(ReplicaProcess, lambda one: one._process)
    elif target == "witness":
        reading = Witness._read

        def read(self: Witness, process: Any) -> None:
            started.append(process)
            reading(self, process)

        Witness._read = read  # type: ignore[method-assign]
    else:
        original = KeptProgram._open

        def opened(self: KeptProgram) -> None:
            original(self)
            if self._program is not None:
                started.append(self._program)

        KeptProgram._open = opened  # type: ignore[method-assign]

    def find() -> tuple[str, Signal] | None:
        going = [one for one in started if one.pid is not None and not one._at_end]
        if not going:
            return None
        chosen = going[-1] if target in ("deployer", "witness") else trigger.random.choice(going)
        return f"{target} of {chosen.name}", chosen.kill

    return find
