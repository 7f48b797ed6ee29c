"""A release whose files are damaged."""

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

HALVED = r"""find {directory} -type f -size +0 -exec sh -c '
    for one; do truncate -s $(($(stat -c %s "$one") / 2)) "$one"; done' sh {{}} +"""


class CorruptArtefact(ArtefactFault):
    """Every file of a release is cut to its first half on a replica. Healed, they are whole, unless somebody has
    brought others meanwhile.
    """

    simulates: ClassVar[str] = "a transfer that was cut, a disk that lost what was written last"
    how: ClassVar[str] = "a copy of the directory, whose files are cut, is put in its place"
    needs: ClassVar[str] = "a path at which a release has its files; cp, find and truncate in the image"
    outage: ClassVar[str] = (
        "capistrano #351 (2013): a deployment that was killed left half of a release, which the next rollback took "
        "for the one before"
    )

    def what(self) -> str:
        """In words."""
        return f"damaged {self.path}"

    def act(self, environment: Environment, replica: Replica) -> Act:
        """What it does to one."""
        return _Cut(environment, replica, self.path)


class _Cut(ArtefactAct):
    def undoing(self) -> Sequence[Undo]:
        if not self.inode(self.path):
            where = f"{self.place}:{self.path}"
            raise unavailable("deployment.corrupt-artefact", where, "nothing is there", "the files of a release")
        own, kept = shlex.quote(self.path), shlex.quote(self.kept)
        # The damaged copy goes; what somebody has brought stays. Nothing there at all is ours, too.
        back = f"rm -rf {own} && mv {kept} {own}"
        return [
            self.undo(
                f"if [ -e {kept} ]; then if {self._ours} || [ ! -e {own} ]; then {back}; else rm -rf {kept}; fi; fi"
            )
        ]

    @property
    def _ours(self) -> str:
        """Whether what lies there is the damaged copy: a directory has a marker in it, a file has a half's checksum."""
        own, marker = shlex.quote(self.path), shlex.quote(f"{self.path}/.rollback-harness.{self.number}")
        half = f'"$(head -c $(($(stat -c %s {shlex.quote(self.kept)}) / 2)) {shlex.quote(self.kept)} | cksum)"'
        return f'{{ [ -e {marker} ] || {{ [ -f {own} ] && [ "$(cksum < {own})" = {half} ]; }}; }}'

    def do(self) -> None:
        self.start()
        own, kept = shlex.quote(self.path), shlex.quote(self.kept)
        copy = shlex.quote(f"{self.path}.rollback-harness.{self.number}")  # beside it, for a moment
        mark = f"if [ -d {copy} ]; then : > {copy}/.rollback-harness.{self.number}; fi"
        script = ["set -e", f"cp -a {own} {copy}", HALVED.format(directory=copy), mark, f"mv {own} {kept}"]
        self.do_it("\n".join([*script, f"mv {copy} {own}"]))

    def _damaged(self) -> bool:
        return self.try_it(self._ours)[0] == 0

    def seen(self) -> Seen:
        still = self._damaged()
        return self.met(True, f"{self.path} is damaged" if still else f"{self.path} was brought again")

    def left(self) -> str | None:
        return f"{self.path} is still damaged" if self._damaged() else None
