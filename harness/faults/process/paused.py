"""A replica that stands still."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from harness.faults._acts import Act, ReplicaFault, Seen
from harness.faults._traffic import Traffic
from harness.faults._undo import Undo

if TYPE_CHECKING:
    from harness.environment import Environment
    from harness.environment.replica import Replica


class Paused(ReplicaFault):
    """No process of the replica runs; its connections stay open and hear nothing."""

    simulates: ClassVar[str] = "a machine that hangs: a stalled hypervisor, a live migration, a full garbage collection"
    how: ClassVar[str] = "the engine's pause, which freezes the container's cgroup"
    needs: ClassVar[str] = "nothing but the engine"
    outage: ClassVar[str] = (
        "Amazon, September 2015: servers that answered too late took themselves out, and went on asking, which kept "
        "the others late (aws.amazon.com/message/5467D2)"
    )

    def what(self) -> str:
        """In words."""
        return "pause"

    def act(self, environment: Environment, replica: Replica) -> Act:
        """What it does to one replica."""
        return _Pause(environment, replica)


class _Pause(Act):
    def __init__(self, environment: Environment, replica: Replica) -> None:
        self._environment, self._replica, self.place = environment, replica, replica.name
        self._traffic: Traffic | None = None

    def undoing(self) -> Sequence[Undo]:
        return [Undo(self.place, self._replica.container_id, call="unpause")]

    def do(self) -> None:
        self._traffic = Traffic(self._environment, self.place)
        self._replica.current_container.pause()

    def seen(self) -> Seen:
        status = self._replica.state().status
        moved = self._traffic.bytes if self._traffic else None
        said = f"{moved or 0} bytes came for it" if status == "paused" else f"its container is {status}"
        return Seen(status == "paused", None if moved is None else moved > 0, said, {"bytes": moved})

    def left(self) -> str | None:
        status = self._replica.state().status
        return "it is still paused" if status == "paused" else None
