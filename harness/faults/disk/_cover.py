"""A directory that is covered by a file system of its own: what is opened from then on is there."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from harness.faults._scripts import ScriptAct

if TYPE_CHECKING:
    from harness.environment import Environment
    from harness.environment.replica import Replica

CAP_SYS_ADMIN = 21


class CoverAct(ScriptAct):
    """What is done to one directory of one replica."""

    def __init__(self, environment: Environment, replica: Replica, path: str) -> None:
        super().__init__(environment, replica)
        self.path = path.rstrip("/") or "/"

    def lent(self, fault: str) -> bool:
        """Whether mounting needs the engine's own rights. FaultUnavailable where it cannot be done at all."""
        return self.rights(fault, CAP_SYS_ADMIN)

    @property
    def uncover(self) -> str:
        """Takes the cover away. The marker says that it is there."""
        own = shlex.quote(self.own)
        return f"if [ -e {own} ]; then umount -l {shlex.quote(self.path)} && rm -f {own}; fi"

    @property
    def mounts(self) -> int:
        """How many file systems are mounted there, one over the other."""
        return self.count(f"awk '$5 == {quoted(self.path)}' /proc/self/mountinfo | wc -l")

    def writes(self) -> tuple[int, str]:
        """Whether a file of a block can be written there; exit code and words."""
        probe = shlex.quote(f"{self.path}/.rollback-harness-probe")
        return self.try_it(f"dd if=/dev/zero of={probe} bs=4096 count=1 2>&1; c=$?; rm -f {probe} 2>/dev/null; exit $c")


def quoted(path: str) -> str:
    """A path as awk has it, within single quotes of a shell."""
    return '"' + path.replace("\\", "\\134").replace(" ", "\\040").replace('"', '\\"') + '"'
