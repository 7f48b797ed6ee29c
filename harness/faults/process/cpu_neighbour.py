"""A neighbour that takes CPU time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from harness.faults._acts import Act, ReplicaFault, Seen
from harness.faults._scripts import ScriptAct
from harness.faults._undo import Undo

if TYPE_CHECKING:
    from harness.environment import Environment
    from harness.environment.replica import Replica

LONGEST = 600  # s after which the loops end by themselves


class CpuNeighbour(ReplicaFault):
    """Processes that do nothing but count run beside those of the replica.

    Attributes:
        count: how many.
    """

    positional: ClassVar[tuple[str, ...]] = ("on", "count")
    simulates: ClassVar[str] = "a backup, a build or another tenant on the same machine"
    how: ClassVar[str] = "endless loops in the replica, for ten minutes at most"
    needs: ClassVar[str] = "a /bin/sh in the image"
    outage: ClassVar[str] = (
        "Stack Exchange, July 2016: a regular expression took all CPU time, health checks failed, and the load "
        "balancer took the site down (stackstatus.net/post/147710624694)"
    )

    count: int = Field(default=2, ge=1, le=64)

    def what(self) -> str:
        """In words."""
        return f"{self.count} busy neighbours"

    def act(self, environment: Environment, replica: Replica) -> Act:
        """What it does to one."""
        return _Busy(environment, replica, self.count)


class _Busy(ScriptAct):
    def __init__(self, environment: Environment, replica: Replica, loops: int) -> None:
        super().__init__(environment, replica)
        self._loops = loops

    def undoing(self) -> Sequence[Undo]:
        end = f'kill -KILL "-$(cat {self.own})" 2> /dev/null'
        return [self.undo(f"if [ -f {self.own} ]; then {end}; rm -f {self.own}; fi")]

    def do(self) -> None:
        self.begin()
        # The leader's number is that of the group, by which all of them are ended.
        loops = "\n".join(["sh -c 'while :; do :; done' rollback-harness &"] * self._loops)
        run = f"echo $$ > {self.own}\n(sleep {LONGEST}; kill -KILL 0) &\n{loops}\nwait"
        self.do_it(f"cat > {self.own}.sh <<'END'\n{run}\nEND\nsetsid sh {self.own}.sh < /dev/null > /dev/null 2>&1 &")
        self.do_it(
            f"i=0; until [ -f {self.own} ] || [ $i -ge 100 ]; do i=$((i+1)); sleep 0.1; done; rm -f {self.own}.sh"
        )

    @property
    def _alive(self) -> bool:
        return self.ask(f'[ -f {self.own} ] && kill -0 "-$(cat {self.own})" && echo yes') == "yes"

    def seen(self) -> Seen:
        alive, moved = self._alive, self.bytes
        said = f"{moved or 0} bytes passed its links beside them" if alive else "they have ended"
        return Seen(alive, None if moved is None else moved > 0, said, {"bytes": moved})

    def left(self) -> str | None:
        return "they still run" if self._alive else None
