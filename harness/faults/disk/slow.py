"""A disk that is slow."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from harness.faults._acts import Act, ReplicaFault, Seen, unavailable
from harness.faults._scripts import ScriptAct
from harness.faults._undo import Undo
from harness.faults.disk._cover import CAP_SYS_ADMIN
from harness.faults.disk._throttle import Throttle, look

if TYPE_CHECKING:
    from harness.environment import Environment
    from harness.environment.replica import Replica

NAME = "disk.slow"
NEEDS = (
    "io.max of cgroup v2 or blkio of v1, a root file system on a block device, unshare and mount in the image; an "
    "engine that lets an exec be privileged, or `cap_add: [SYS_ADMIN]`"
)


class Slow(ReplicaFault):
    """A replica may write and read so many kB a second. With cgroup v1 that holds for what it reads, writes past the
    page cache, or waits for (`fsync`); what the kernel writes later is not limited there.

    Attributes:
        kb_per_s: 1000 bytes a second, each way.
    """

    positional: ClassVar[tuple[str, ...]] = ("on", "kb_per_s")
    simulates: ClassVar[str] = "a volume that is throttled, a disk that fails"
    how: ClassVar[str] = "io.max of the replica's cgroup, or blkio.throttle of v1, for the disk below its file system"
    needs: ClassVar[str] = NEEDS
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
        self._bytes_per_s, self._lent, self._before = kb_per_s * 1000, False, 0
        self._throttle: Throttle | None = None

    @property
    def throttle(self) -> Throttle:
        """The limit, once it is known that there can be one."""
        assert self._throttle is not None
        return self._throttle

    def undoing(self) -> Sequence[Undo]:
        found = Throttle.of(self.ask(look()))
        if isinstance(found, str):
            raise unavailable(NAME, self.place, found, NEEDS)
        self._throttle, self._lent = found, self.rights(NAME, CAP_SYS_ADMIN)
        return [self.undo(found.setting(found.before), privileged=self._lent)]

    def do(self) -> None:
        self.begin()
        self._before = self.count(self.throttle.counting())
        wanted = self.throttle.limited(self._bytes_per_s)
        code, said = self.try_it(self.throttle.setting(wanted), privileged=self._lent)
        if code != 0:
            raise unavailable(NAME, self.place, f"the limit cannot be set: {said or f'exit code {code}'}", NEEDS)

    def seen(self) -> Seen:
        effect = self.throttle.limits(self.ask(look())) == self.throttle.limited(self._bytes_per_s)
        moved = self.count(self.throttle.counting()) - self._before
        said = f"it read and wrote {moved} bytes of disk {self.throttle.device}"
        return Seen(effect, moved > 0, said if effect else "its limit is another one", {"bytes": moved})

    def left(self) -> str | None:
        now = self.throttle.limits(self.ask(look()))
        return None if now == self.throttle.before else f"its limit is still there: {dict(now)}"
