"""A disk that is slow."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from pydantic import Field

from harness.environment import Environment
from harness.environment.replica import Replica
from harness.faults._acts import Act, ReplicaFault, Seen, unavailable
from harness.faults._scripts import ScriptAct
from harness.faults._undo import Undo

CONTROLLERS = "cat /sys/fs/cgroup/cgroup.controllers 2>/dev/null || echo v1"
DEVICE = "awk '$5 == \"/\" {print $3}' /proc/self/mountinfo | tail -1"
IO_MAX = "/sys/fs/cgroup/io.max"


class Slow(ReplicaFault):
    """A replica may write and read so many kB a second.

    Attributes:
        kb_per_s: 1000 bytes a second, each way.
    """

    positional: ClassVar[tuple[str, ...]] = ("on", "kb_per_s")
    simulates: ClassVar[str] = "a volume that is throttled, a disk that fails"
    how: ClassVar[str] = "io.max of the replica's cgroup"
    needs: ClassVar[str] = "cgroup v2 with the io controller, and a root file system on a block device"
    outage: ClassVar[str] = (
        "Amazon EBS, October 2012: volumes of a zone became slow, and services on them failed "
        "(aws.amazon.com/message/680342)"
    )

    kb_per_s: int = Field(ge=1)

    def what(self) -> str:
        """In words."""
        return f"disk of {self.kb_per_s} kB/s"

    def act(self, environment: Environment, replica: Replica) -> Act:
        """What it does to one."""
        return _Throttled(environment, replica, self.kb_per_s)


class _Throttled(ScriptAct):
    def __init__(self, environment: Environment, replica: Replica, kb_per_s: int) -> None:
        super().__init__(environment, replica)
        self._limit, self._device = kb_per_s * 1000, ""

    def undoing(self) -> Sequence[Undo]:
        controllers, device = self.ask(CONTROLLERS), self.ask(DEVICE)
        why = ""
        if controllers == "v1":
            why = "the kernel has cgroup v1, which does not limit writes that go through the page cache"
        elif "io" not in controllers.split():
            why = f"the replica's cgroup has no io controller, only {controllers or 'none'}"
        elif not device or device.startswith("0:"):
            why = f"its root file system is on no block device ({device or 'none'})"
        if why:
            raise unavailable("disk.slow", self.place, why, "cgroup v2 with the io controller, and a block device")
        self._device = device
        return [self.undo(f"echo '{device} rbps=max wbps=max' > {IO_MAX}", privileged=True)]

    def do(self) -> None:
        self.begin()
        self.do_it(f"echo '{self._device} rbps={self._limit} wbps={self._limit}' > {IO_MAX}", privileged=True)

    def seen(self) -> Seen:
        effect = f"wbps={self._limit}" in self.ask(f"cat {IO_MAX}")
        moved = self.bytes
        return Seen(
            effect, None if moved is None else moved > 0, f"{moved or 0} bytes passed its links", {"bytes": moved}
        )

    def left(self) -> str | None:
        return "its limit is still there" if f"wbps={self._limit}" in self.ask(f"cat {IO_MAX}") else None
