"""A log that was rotated."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from harness.faults._acts import Act, Seen
from harness.faults._undo import Undo
from harness.faults.log._files import LogAct, LogFault

if TYPE_CHECKING:
    from harness.environment import Environment
    from harness.environment.replica import Replica


class Rotated(LogFault):
    """The log is rotated: moved away and replaced, or copied and emptied. Healed, what the application still writes to
    the old file is at the path again; where it writes to the new one, the old one goes.

    Attributes:
        by: `rename` or `copytruncate`.
        signal: that the replica's first process gets afterwards, `HUP` or `USR1`; left out, none.
    """

    simulates: ClassVar[str] = "logrotate, with and without the signal that tells the application to open its log again"
    how: ClassVar[str] = "mv and a new file of the same owner and mode, or cp and truncate; then the signal"
    needs: ClassVar[str] = "a log that is a file"
    outage: ClassVar[str] = (
        "gunicorn #345 (2012) and #1317: after a rotation, workers went on writing to the file that had been moved away"
    )

    by: Literal["rename", "copytruncate"] = "rename"
    signal: str | None = Field(default=None, pattern=r"^[A-Z]+[0-9]?$")

    def what(self) -> str:
        """In words."""
        told = f" and SIG{self.signal}" if self.signal else ", without a signal,"
        return f"rotation by {self.by}{told}"

    def act(self, environment: Environment, replica: Replica) -> Act:
        """What it does to one."""
        return _Rotated(environment, replica, self.files(environment, replica), self)


class _Rotated(LogAct):
    def __init__(self, environment: Environment, replica: Replica, files: list[str], fault: Rotated) -> None:
        super().__init__(environment, replica, files)
        self._fault, self._before = fault, 0

    def undoing(self) -> Sequence[Undo]:
        lines = []
        for path in self.files:
            own, old = shlex.quote(path), shlex.quote(self.aside(path))
            if self._fault.by == "copytruncate":
                lines.append(f"rm -f {old}")
            else:
                lines.append(f"if [ -e {old} ]; then if [ -s {own} ]; then rm -f {old}; else mv -f {old} {own}; fi; fi")
        return [self.undo("\n".join(lines))]

    def do(self) -> None:
        self.begin()
        lines = ["set -e"]
        for path in self.files:
            own, old = shlex.quote(path), shlex.quote(self.aside(path))
            if self._fault.by == "copytruncate":
                lines.append(f"cp -p {own} {old} && : > {own}")
            else:
                like = f"chown --reference={old} {own} && chmod --reference={old} {own}"
                lines.append(f"mv {own} {old} && : > {own} && {like}")
        self.do_it("\n".join(lines))
        self._before = self.sizes([self.aside(path) for path in self.files])
        if self._fault.signal is not None:
            self.replica.kill(self._fault.signal)

    def seen(self) -> Seen:
        old = self.sizes([self.aside(path) for path in self.files]) - self._before
        new = self.sizes(self.files)
        said = f"since then {old} bytes were written to the old file, {new} to the new one"
        return Seen(True, old > 0 or new > 0, said, {"old": old, "new": new})

    def left(self) -> str | None:
        there = [path for path in self.files if self.ask(f"[ -e {shlex.quote(self.aside(path))} ] && echo there") != ""]
        return f"{self.aside(there[0])} is still there" if there else None
