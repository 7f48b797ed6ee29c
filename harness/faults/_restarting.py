"""What faults share that restart servers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from harness.faults._acts import Act, Seen
from harness.faults._servers import ServerFault
from harness.faults._traffic import Traffic
from harness.faults._undo import Undo

if TYPE_CHECKING:
    from harness.environment import Environment
    from harness.environment.replica import Replica


class RestartFault(ServerFault):
    """A restart of servers, one after the other; each is ready before the next."""

    def what(self) -> str:
        """In words."""
        return "restart"

    def act(self, environment: Environment, replica: Replica) -> Act:
        """What it does to one."""
        return Restart(environment, replica)


class Restart(Act):
    """The container of a replica is stopped and started; done when it is ready."""

    def __init__(self, environment: Environment, replica: Replica) -> None:
        self._environment, self._replica, self.place = environment, replica, replica.name
        self._traffic: Traffic | None = None
        self._before = self._after = ""

    def undoing(self) -> Sequence[Undo]:
        return [Undo(self.place, self._replica.container_id, call="start")]

    def do(self) -> None:
        from harness.environment.readiness import wait_ready

        one = self._replica
        self._traffic = Traffic(self._environment, self.place, both=False)
        self._before = one.state().started_at
        one.close(end=False)
        one.stop()
        one.changed.clear()  # of its end, which is meant; another one wakes the wait
        one.begin()
        wait_ready(one, one.health, self._environment.history.clock, lambda: False)
        self._after = one.state().started_at

    def seen(self) -> Seen:
        moved = self._traffic.connections if self._traffic else None
        again = self._after != self._before
        said = f"it was restarted, and {moved} connections were opened to it since it was stopped"
        return Seen(again, None if moved is None else moved > 0, said, {"connections": moved})

    def left(self) -> str | None:
        return None if self._replica.state().running else "it does not run"
