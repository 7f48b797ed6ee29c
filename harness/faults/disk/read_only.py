"""A directory that became read-only."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from harness.faults._acts import Act, ReplicaFault, Seen, unavailable
from harness.faults._undo import Undo
from harness.faults.disk._cover import CoverAct

if TYPE_CHECKING:
    from harness.environment import Environment
    from harness.environment.replica import Replica


class ReadOnly(ReplicaFault):
    """Nothing can be written, made or deleted in a directory any more. Files that were open for writing before are
    written to still.

    Attributes:
        path: the directory, absolute.
    """

    positional: ClassVar[tuple[str, ...]] = ("on", "path")
    simulates: ClassVar[str] = (
        "a file system that the kernel mounts read-only after an error, a volume that came back wrong"
    )
    how: ClassVar[str] = "a read-only bind mount over the directory, with the rights of the engine's root"
    needs: ClassVar[str] = "mount in the image; an engine that lets an exec be privileged, or `cap_add: [SYS_ADMIN]`"
    outage: ClassVar[str] = (
        "GitLab, July 2014: a restarted primary came up with the wrong file system "
        "(news.ycombinator.com/item?id=8003601)"
    )

    path: str = Field(pattern=r"^/.+")

    def what(self) -> str:
        """In words."""
        return f"read-only {self.path}"

    def act(self, environment: Environment, replica: Replica) -> Act:
        """What it does to one."""
        return _Covered(environment, replica, self.path)


class _Covered(CoverAct):
    _lent = False

    def undoing(self) -> Sequence[Undo]:
        self._lent = self.lent("disk.read-only")
        return [self.undo(self.uncover, privileged=self._lent)]

    def do(self) -> None:
        self.begin()
        path, own = shlex.quote(self.path), shlex.quote(self.own)
        code, said = self.try_it(
            f"mount --bind {path} {path} && : > {own} && mount -o remount,ro,bind {path} {path}", privileged=self._lent
        )
        if code != 0:
            raise unavailable(
                "disk.read-only", f"{self.place}:{self.path}", said or f"exit code {code}",
                "a directory, mount in the image; an engine that lets an exec be privileged, or `cap_add: [SYS_ADMIN]`",
            )  # fmt: skip

    def seen(self) -> Seen:
        effect, moved = self.writes()[0] != 0, self.bytes
        said = f"{moved or 0} bytes passed its links" if effect else "it can be written to again"
        return Seen(effect, None if moved is None else moved > 0, said, {"bytes": moved})

    def left(self) -> str | None:
        code, said = self.writes()
        return f"it cannot be written to: {said}" if code else None
