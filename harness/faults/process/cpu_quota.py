"""A replica that gets less CPU time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from harness.faults._acts import Act, ReplicaFault, Seen, unavailable
from harness.faults._scripts import ScriptAct
from harness.faults._undo import Undo

if TYPE_CHECKING:
    from harness.environment import Environment
    from harness.environment.replica import Replica

PERIOD = 100_000  # us
THROTTLED = (
    "cat /sys/fs/cgroup/cpu.stat /sys/fs/cgroup/cpu/cpu.stat 2>/dev/null | awk '/^nr_throttled/ {print $2; exit}'"
)


class CpuQuota(ReplicaFault):
    """All processes of the replica together get so much of a CPU.

    Attributes:
        cpus: of a CPU; 0.1 is 10 ms of each 100.
    """

    positional: ClassVar[tuple[str, ...]] = ("on", "cpus")
    simulates: ClassVar[str] = "a quota set too low, a machine that is smaller than the one before"
    how: ClassVar[str] = "the engine's update of the container's CPU quota"
    needs: ClassVar[str] = "a kernel with CPU quotas, and a service without `cpus` of its own"
    outage: ClassVar[str] = (
        "Buildkite, August 2016: a smaller database, to save money, was too slow at the peak, and the servers "
        "before it collapsed (building.buildkite.com/outage-post-mortem-for-august-23rd)"
    )

    cpus: float = Field(default=0.1, ge=0.01, le=64)

    def what(self) -> str:
        """In words."""
        return f"quota of {self.cpus:g} CPUs"

    def act(self, environment: Environment, replica: Replica) -> Act:
        """What it does to one."""
        return _Quota(environment, replica, self.cpus)


class _Quota(ScriptAct):
    def __init__(self, environment: Environment, replica: Replica, cpus: float) -> None:
        super().__init__(environment, replica)
        self._quota, self._throttled = int(cpus * PERIOD), 0

    def undoing(self) -> Sequence[Undo]:
        host = self.replica.current_container.inspect()["HostConfig"]
        if host.get("NanoCpus"):
            raise unavailable(
                "process.cpu-quota", self.place, "the stack gives it `cpus`, which the engine does not change",
                "a service without `cpus`",
            )  # fmt: skip
        limits = {"cpu_quota": int(host.get("CpuQuota") or -1), "cpu_period": int(host.get("CpuPeriod") or PERIOD)}
        return [Undo(self.place, self.replica.container_id, call="update", limits=limits)]

    def do(self) -> None:
        self.begin()
        self._throttled = self.count(THROTTLED)
        self.replica.current_container.update({"cpu_quota": self._quota, "cpu_period": PERIOD})

    def _now(self) -> int:
        return int(self.replica.current_container.inspect()["HostConfig"].get("CpuQuota") or 0)

    def seen(self) -> Seen:
        times = self.count(THROTTLED) - self._throttled
        said = f"it was throttled in {times} periods of {PERIOD // 1000} ms"
        return Seen(self._now() == self._quota, times > 0, said, {"throttled": times})

    def left(self) -> str | None:
        return "its quota is still there" if self._now() == self._quota else None
