"""What is agreed between those who use a control and the process that runs it: files in its directory."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import msgspec

from harness.errors import NotMeasured
from harness.events import WorkloadStart
from harness.files import write
from harness.stack import Stack

LOCK = "lock"  # held while the process is being started
HOLDER = "holder"  # that process (`harness.proc.identity`)
READY = "ready.json"  # there when the control is under load
FAILED = "failed.txt"  # why it is not, or is no more


@dataclass(frozen=True)
class ControlSpec:
    """What to bring up.

    Attributes:
        stack, release: what runs, untouched.
        rate: requests per second; None for the declared load.
        run: the run's name.
        owner: the process with which the control ends (`harness.proc.identity`).
    """

    stack: Stack
    release: str
    run: str
    owner: str
    rate: float | None = None

    def directory(self, run: Path) -> Path:
        """Where its history and samples lie: one for each stack, release and rate of a run."""
        what = f"{self.stack.file}\0{self.release}\0{self.rate}\0{self.stack.at(self.release).model_dump_json()}"
        return run / f"control-{hashlib.sha256(what.encode()).hexdigest()[:8]}"


@dataclass(frozen=True, slots=True)
class ControlStatus:
    """A control under load.

    Attributes:
        environment: its id.
        holder: its process (`harness.proc.identity`).
        monotonic: when its load began, by the machine's clock that never jumps.
        start: id of its `workload.start` in its own history.
        body: of that event.
    """

    environment: str
    holder: str
    monotonic: float
    start: int
    body: WorkloadStart

    def save(self, directory: Path) -> None:
        """Write it so that no reader sees half of it."""
        write(directory / READY, msgspec.json.encode(self))

    @classmethod
    def load(cls, directory: Path) -> ControlStatus | None:
        """None while it is not ready. Raises NotMeasured where the file is damaged."""
        try:
            return msgspec.json.decode((directory / READY).read_bytes(), type=cls)
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            raise NotMeasured(
                "What the control said cannot be read", where=str(directory / READY), got=str(error)
            ) from error
