"""A process that is killed."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from harness.errors import UsageError
from harness.faults import _selectors
from harness.faults._acts import Act, ReplicaFault, Seen
from harness.faults._scripts import ScriptAct
from harness.faults._undo import Undo
from harness.waiting import poll

if TYPE_CHECKING:
    from harness.environment import Environment
    from harness.environment.replica import Replica

WITHIN = 10.0  # s in which the container ends
POLL_EVERY = 0.05
# Processes whose command line has the words, but for shells of the harness, which have them too.
FIND = """for one in /proc/[0-9]*; do
    line=$(tr '\\0' ' ' < "$one/cmdline" 2> /dev/null) || continue
    case $line in *rollback-harness*|*'for one in /proc'*) ;; *{words}*) echo "${{one#/proc/}}" ;; esac
done"""


class Killed(ReplicaFault):
    """A replica's container is killed, as by the kernel; or, within it, every process whose command line has the given
    words; a supervisor may start them again. Healed, a container that does not run is started.

    Attributes:
        process: words of the command line; left out, the container.
    """

    positional: ClassVar[tuple[str, ...]] = ("on", "process")
    simulates: ClassVar[str] = "a crash, the out-of-memory killer, a machine that is switched off"
    how: ClassVar[str] = "SIGKILL, from the engine or within the replica"
    needs: ClassVar[str] = "nothing but the engine"
    outage: ClassVar[str] = (
        "AppNexus, September 2013: a change of data made every server of a kind crash at once "
        "(techblog.appnexus.com/2013/2013-09-17-outage-postmortem)"
    )

    process: str | None = Field(default=None, min_length=1)

    def what(self) -> str:
        """In words."""
        return "kill"

    def title(self) -> str:
        """What it is and where."""
        return f"kill of {self.process} on {_selectors.shown(self.on)}" if self.process else super().title()

    def act(self, environment: Environment, replica: Replica) -> Act:
        """What it does to one."""
        return _Kill(environment, replica, self.process)


class _Kill(ScriptAct):
    def __init__(self, environment: Environment, replica: Replica, process: str | None) -> None:
        super().__init__(environment, replica)
        self._process, self._count, self._started = process, 0, replica.state().started_at

    def undoing(self) -> Sequence[Undo]:
        return [Undo(self.place, self.replica.container_id, call="start")]

    def do(self) -> None:
        self.begin()
        if self._process is None:
            self.replica.kill()
            poll(lambda: not self.replica.state().running, within=WITHIN, every=POLL_EVERY)
            self._count = 1
            return
        found = self.ask(FIND.format(words=shlex.quote(self._process))).split()
        if not found:
            raise UsageError(
                "There is no such process",
                where=self.place,
                got=self._process,
                expected="words of a command line there",
            )
        self.do_it(f"kill -KILL {shlex.join(found)}")
        self._count = len(found)

    def seen(self) -> Seen:
        state = self.replica.state()
        moved = None if self.traffic is None else self.traffic.connections
        gone = f"its container is {state.status}" if not state.running else f"{self._count} killed"
        said = f"{gone}, and {moved or 0} connections were opened since"
        touched = moved is not None and moved > 0
        return Seen(True, True if self._process and self._count else touched, said, {"connections": moved})

    def left(self) -> str | None:
        return None if self.replica.state().running else "it does not run"
