"""A log that was deleted."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from harness.faults._acts import Act, Seen
from harness.faults._undo import Undo
from harness.faults.log._files import LogAct, LogFault

if TYPE_CHECKING:
    from harness.environment import Environment
    from harness.environment.replica import Replica


class Deleted(LogFault):
    """The file goes, while the application holds it open and goes on writing where nobody reads. Healed, it is back
    unless the application has made another one meanwhile.
    """

    simulates: ClassVar[str] = "a clean-up job or an operator that deletes a log which is in use"
    how: ClassVar[str] = "rm, of a file that keeps another name, to bring it back"
    needs: ClassVar[str] = "a log that is a file"
    outage: ClassVar[str] = (
        "the incident of April 2012: after a hot-fix log files were not updated any more, which nobody saw at once"
    )

    def what(self) -> str:
        """In words."""
        return "deletion"

    def act(self, environment: Environment, replica: Replica) -> Act:
        """What it does to one."""
        return _Gone(environment, replica, self.files(environment, replica))


class _Gone(LogAct):
    def __init__(self, environment: Environment, replica: Replica, files: list[str]) -> None:
        super().__init__(environment, replica, files)
        self._before = 0

    def undoing(self) -> Sequence[Undo]:
        lines = []
        for path in self.files:
            own, kept = shlex.quote(path), shlex.quote(self.aside(path))
            lines.append(f"if [ -e {kept} ]; then if [ -e {own} ]; then rm -f {kept}; else mv {kept} {own}; fi; fi")
        return [self.undo("\n".join(lines))]

    def do(self) -> None:
        self.begin()
        self._before = self.sizes(self.files)
        pairs = [(shlex.quote(path), shlex.quote(self.aside(path))) for path in self.files]
        self.do_it("set -e\n" + "\n".join(f"ln {own} {kept} && rm {own}" for own, kept in pairs))

    def seen(self) -> Seen:
        lost = self.sizes([self.aside(path) for path in self.files]) - self._before
        again = sum(map(bool, self.inodes()))
        said = f"{max(0, lost)} bytes were written where nobody reads them, and {again} logs made again"
        return Seen(True, lost > 0 or again > 0, said, {"bytes": lost, "made again": again})

    def left(self) -> str | None:
        missing = [path for path, inode in zip(self.files, self.inodes(), strict=True) if not inode]
        return f"{missing[0]} is not back" if missing else None
