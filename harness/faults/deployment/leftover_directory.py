"""A directory that is there before the release is."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from harness.faults._acts import Act, Seen, unavailable
from harness.faults._undo import Undo
from harness.faults.deployment._artefacts import ArtefactAct, ArtefactFault

if TYPE_CHECKING:
    from harness.environment import Environment
    from harness.environment.replica import Replica

STRAY = ".rollback-harness-leftover"


class LeftoverDirectory(ArtefactFault):
    """The directory of a release that is not deployed yet is there already, with a file in it that does not
    belong to the release. Healed, the file is removed, and the directory if it is empty.
    """

    simulates: ClassVar[str] = "what a deployment left that was killed or failed before"
    how: ClassVar[str] = "mkdir, and a file in it, of the owner of the directory above"
    needs: ClassVar[str] = "the path at which the release will have its files, while nothing is there"
    outage: ClassVar[str] = (
        "capistrano #351 (2013): a deployment that was killed left a directory that later counted as a release"
    )

    def what(self) -> str:
        """In words."""
        return f"leftover {self.path}"

    def act(self, environment: Environment, replica: Replica) -> Act:
        """What it does to one."""
        return _There(environment, replica, self.path)


class _There(ArtefactAct):
    def undoing(self) -> Sequence[Undo]:
        if self.inode(self.path):
            raise unavailable(
                "deployment.leftover-directory", f"{self.place}:{self.path}", "something is there already",
                "a release that was not deployed yet",
            )  # fmt: skip
        own, stray = shlex.quote(self.path), shlex.quote(f"{self.path}/{STRAY}")
        return [self.undo(f"rm -f {stray}; rmdir {own} 2> /dev/null; :")]

    def do(self) -> None:
        self.start()
        own, stray = shlex.quote(self.path), shlex.quote(f"{self.path}/{STRAY}")
        above = shlex.quote(self.path.rpartition("/")[0] or "/")
        self.do_it(f"set -e\nmkdir {own}\necho left > {stray}\nchown --reference={above} {own} {stray}")

    def seen(self) -> Seen:
        there = bool(self.inode(f"{self.path}/{STRAY}"))
        return self.met(True, "its file is there" if there else "its file was taken away")

    def left(self) -> str | None:
        return "its file is still there" if self.inode(f"{self.path}/{STRAY}") else None
