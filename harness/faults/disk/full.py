"""A directory without room."""

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

MOST = 1 << 20  # KiB: a file system of its own up to this size is filled; another one is the engine's, and is covered


class Full(ReplicaFault):
    """Nothing more can be written in a directory. Where it is on a small file system of its own, that is filled; else
    the directory is covered by one that has what it has, and no room: files that were open before are written to still.

    Attributes:
        path: the directory, absolute.
    """

    positional: ClassVar[tuple[str, ...]] = ("on", "path")
    simulates: ClassVar[str] = "a disk that logs, dumps or old releases have filled"
    how: ClassVar[str] = "a file that takes all room; where the disk is the engine's own, in a tmpfs over the directory"
    needs: ClassVar[str] = (
        "mount and dd in the image; an engine that lets an exec be privileged, or `cap_add: [SYS_ADMIN]`, but for a "
        "directory on a small file system of its own"
    )
    outage: ClassVar[str] = (
        "Tarsnap, 2016: a job's log grew until the file system was full, other writes failed, and the service "
        "stopped (mail.tarsnap.com/tarsnap-announce/msg00035.html)"
    )

    path: str = Field(pattern=r"^/.+")

    def what(self) -> str:
        """In words."""
        return f"full {self.path}"

    def act(self, environment: Environment, replica: Replica) -> Act:
        """What it does to one."""
        return _Filled(environment, replica, self.path)


class _Filled(CoverAct):
    _covered = _lent = False

    @property
    def _file(self) -> str:
        return shlex.quote(f"{self.path}/.rollback-harness-full-{self.number}")

    def undoing(self) -> Sequence[Undo]:
        total = self.count(f"df -Pk {shlex.quote(self.path)} | awk 'NR == 2 {{print $2}}'")
        self._covered = total > MOST
        self._lent = self.lent("disk.full") if self._covered else False
        return [self.undo(f"rm -f {self._file}\n{self.uncover}", privileged=self._lent)]

    def do(self) -> None:
        self.begin()
        path, own, there = shlex.quote(self.path), shlex.quote(self.own), shlex.quote(f"{self.own}.there")
        cover = f"""mkdir {there} && mount -t tmpfs -o size=$(($(du -sk {path} | cut -f1) + 512))k none {there} \
&& cp -a {path}/. {there}/ && chown --reference={path} {there} && chmod --reference={path} {there} \
&& mount --move {there} {path} && : > {own} && rmdir {there}"""
        script = f"""{f"{cover} || exit 1" if self._covered else ""}
dd if=/dev/zero of={self._file} bs=64k > /dev/null 2>&1
dd if=/dev/zero of={self._file} bs=512 oflag=append conv=notrunc > /dev/null 2>&1
:"""
        code, said = self.try_it(script, privileged=self._lent)
        if code != 0 or self.writes()[0] == 0:
            raise unavailable(
                "disk.full", f"{self.place}:{self.path}", said or "it can be written to still",
                "a directory, mount and dd in the image; an engine that lets an exec be privileged",
            )  # fmt: skip

    def seen(self) -> Seen:
        effect, moved = self.writes()[0] != 0, self.bytes
        said = f"{moved or 0} bytes passed its links" if effect else "there is room again"
        return Seen(effect, None if moved is None else moved > 0, said, {"bytes": moved})

    def left(self) -> str | None:
        code, said = self.writes()
        return f"it cannot be written to: {said}" if code else None
