"""A replica that may use less memory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from harness.errors import EngineError, HostError
from harness.faults._acts import Act, ReplicaFault, Seen, unavailable
from harness.faults._scripts import ScriptAct
from harness.faults._undo import Undo

if TYPE_CHECKING:
    from harness.environment import Environment
    from harness.environment.replica import Replica

# How often the limit was met, or somebody killed for it: cgroup v2, v1.
EVENTS = """cd /sys/fs/cgroup && cat memory.events memory/memory.oom_control memory/memory.failcnt 2>/dev/null |
awk '$1 == "max" || $1 == "oom_kill" {n += $2} NF == 1 {n += $1} END {print n + 0}'"""
NONE = 1 << 45  # bytes: the engine takes no limit away, but for one that is never met
FURTHER = (1.0, 1.05, 1.1)  # cgroup v1 refuses a limit that it cannot come down to by reclaiming
LEAST = 6 * 1024 * 1024  # bytes, the engine's own


class Memory(ReplicaFault):
    """The replica's memory limit is set to a share of what it uses: what can be reclaimed is, then the kernel kills. On
    cgroup v1, which refuses what it cannot reclaim, the limit is what is used: it is met by what comes on top.

    Attributes:
        share: of the memory in use, when it is injected.
    """

    positional: ClassVar[tuple[str, ...]] = ("on", "share")
    simulates: ClassVar[str] = "a release that needs more memory than it has, a leak, a limit set too low"
    how: ClassVar[str] = "the engine's update of the container's memory limit"
    needs: ClassVar[str] = "a kernel with the memory cgroup"
    outage: ClassVar[str] = (
        "Skyliner, January 2017: a library leaked memory, and the service was down, on and off, for four days "
        "(blog.skyliner.io/post-mortem-outages-on-1-19-17-and-1-23-17)"
    )

    share: float = Field(default=0.9, gt=0, le=1)

    def what(self) -> str:
        """In words."""
        return f"memory limit of {self.share:.0%} of what is used"

    def act(self, environment: Environment, replica: Replica) -> Act:
        """What it does to one."""
        return _Limit(environment, replica, self.share)


class _Limit(ScriptAct):
    def __init__(self, environment: Environment, replica: Replica, share: float) -> None:
        super().__init__(environment, replica)
        self._share, self._events, self._limit, self._was = share, 0, 0, NONE

    def undoing(self) -> Sequence[Undo]:
        host = self.replica.current_container.inspect()["HostConfig"]
        self._was = int(host.get("Memory") or NONE)
        swap = int(host.get("MemorySwap") or NONE)
        limits = {"memswap_limit": swap, "mem_limit": self._was}
        return [Undo(self.place, self.replica.container_id, call="update", limits=limits)]

    def do(self) -> None:
        self.begin()
        self._events = self._look() or 0
        used = int(self.replica.current_container.memory().get("usage") or 0)
        if not used:
            raise unavailable("process.memory", self.place, "its memory is not counted", "the memory cgroup")
        refused: EngineError | None = None
        for share in (self._share, *FURTHER):
            self._limit = max(LEAST, int(used * share))
            try:
                self.replica.current_container.update({"mem_limit": self._limit, "memswap_limit": self._limit})
            except EngineError as error:
                refused = error
            else:
                return
        assert refused is not None
        raise refused

    def _look(self) -> int | None:
        """How often the limit was met; None where not even that can be asked, because there is no memory for it."""
        try:
            said = self.ask(EVENTS)
        except HostError:
            return None
        return int(said) if said.isdigit() else None

    def seen(self) -> Seen:
        host = self.replica.current_container.inspect()["HostConfig"]
        effect = int(host.get("Memory") or 0) == self._limit
        state = self.replica.state()
        now = self._look() if state.running else None
        met = 1 if now is None else now - self._events
        how = f"the limit was met {met} times" if now is not None else "no command can be started in it"
        how = how if state.running else f"it {self.replica.ended()}"
        return Seen(effect, met > 0, how, {"met": met})

    def left(self) -> str | None:
        now = int(self.replica.current_container.inspect()["HostConfig"].get("Memory") or NONE)
        return None if now == self._was else f"its limit is {now} bytes"
