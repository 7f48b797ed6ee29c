"""A release whose files are gone."""

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


class MissingArtefact(ArtefactFault):
    """The files of a release are not there any more on a replica: those that are needed to roll back, for instance.
    Healed, they are back unless somebody has brought them meanwhile.
    """

    simulates: ClassVar[str] = "a clean-up that keeps too few releases, an image that was pruned, a copy that failed"
    how: ClassVar[str] = "the directory or file is moved aside"
    needs: ClassVar[str] = "a path at which a release has its files"
    outage: ClassVar[str] = (
        "marathon #4046 (2016): the artefact of the version before was gone, and a rollback ended with no instance; "
        "capifony #587 (2015): a rollback needed the release that it had just deleted"
    )

    def what(self) -> str:
        """In words."""
        return f"missing {self.path}"

    def act(self, environment: Environment, replica: Replica) -> Act:
        """What it does to one."""
        return _Aside(environment, replica, self.path)


class _Aside(ArtefactAct):
    def undoing(self) -> Sequence[Undo]:
        if not self.inode(self.path):
            raise unavailable(
                "deployment.missing-artefact", f"{self.place}:{self.path}", "nothing", "the release's files"
            )
        own, kept = shlex.quote(self.path), shlex.quote(self.kept)
        return [self.undo(f"if [ -e {kept} ]; then if [ -e {own} ]; then rm -rf {kept}; else mv {kept} {own}; fi; fi")]

    def do(self) -> None:
        self.start()
        self.do_it(f"mv {shlex.quote(self.path)} {shlex.quote(self.kept)}")

    def seen(self) -> Seen:
        again = bool(self.inode(self.path))
        return self.met(True, f"{self.path} was brought again" if again else f"{self.path} is missing")

    def left(self) -> str | None:
        return None if self.inode(self.path) else f"{self.path} is not back"
