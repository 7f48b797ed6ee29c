"""A log that nobody can write to."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from harness.faults._acts import Act, Seen, unavailable
from harness.faults._undo import Undo
from harness.faults.log._files import LogAct, LogFault

if TYPE_CHECKING:
    from harness.environment import Environment
    from harness.environment.replica import Replica

CAP_LINUX_IMMUTABLE = 9
# The flag of a file that even root cannot open for writing; by whatever is there.
PERL = (
    'open(F, "<", $ARGV[0]) or die $!; my $v = pack("l", 0); ioctl(F, 0x80086601, $v) or die $!; '
    "my $f = unpack('l', $v); $f = $ARGV[1] eq '+' ? $f | 0x10 : $f & ~0x10; "
    "$v = pack('l', $f); ioctl(F, 0x40086602, $v) or die $!;"
)
IMMUTABLE = f"""immutable() {{
    if command -v chattr > /dev/null 2>&1; then chattr "$1"i "$2"; else perl -e {shlex.quote(PERL)} "$2" "$1"; fi
}}
"""


class Unwritable(LogFault):
    """Nobody can open the file for writing, nor delete or move it, root neither. Whether what was open before can still
    be written to is up to the kernel and the file system; what was, is told.
    """

    simulates: ClassVar[str] = "a log whose owner, mode or disk a deployment changed, so that writing fails"
    how: ClassVar[str] = "the file is made immutable, by chattr or perl, with the rights of the engine's root"
    needs: ClassVar[str] = (
        "chattr or perl in the image; a file system with the flag (ext4, xfs, btrfs; not tmpfs); an engine that "
        "lets an exec be privileged, or `cap_add: [LINUX_IMMUTABLE]`"
    )
    outage: ClassVar[str] = (
        "Heroku, incident 1042: a package that changed upstream left applications without the right to write to "
        "/dev (status.heroku.com/incidents/1042)"
    )

    def what(self) -> str:
        """In words."""
        return "unwritability"

    def act(self, environment: Environment, replica: Replica) -> Act:
        """What it does to one."""
        return _Immutable(environment, replica, self.files(environment, replica))


class _Immutable(LogAct):
    def __init__(self, environment: Environment, replica: Replica, files: list[str]) -> None:
        super().__init__(environment, replica, files)
        self._before, self._lent = 0, False

    def _script(self, sign: str) -> str:
        return IMMUTABLE + "\n".join(f"immutable {sign} {shlex.quote(path)} || exit 1" for path in self.files)

    def undoing(self) -> Sequence[Undo]:
        self._lent = self.rights("log.unwritable", CAP_LINUX_IMMUTABLE)
        return [self.undo(self._script("-"), privileged=self._lent)]

    def do(self) -> None:
        self.begin()
        self._before = self.sizes(self.files)
        code, said = self.try_it(self._script("+"), privileged=self._lent)
        if code != 0 or self._writable():
            raise unavailable(
                "log.unwritable", f"{self.place}:{self.files[0]}", said or "the file can be written to still",
                "an image with chattr or perl, and a file system that has the flag (not tmpfs)",
            )  # fmt: skip

    def _writable(self) -> bool:
        return any(self.try_it(f": >> {shlex.quote(path)}")[0] == 0 for path in self.files)

    def seen(self) -> Seen:
        if self._writable():
            return Seen(False, None, "it can be written to again")
        grown, moved = self.sizes(self.files) - self._before, self.bytes
        said = f"{moved or 0} bytes passed its links, and its logs grew by {grown}"
        return Seen(True, None if moved is None else moved > 0, said, {"bytes": moved, "grown": grown})

    def left(self) -> str | None:
        return None if self._writable() else "a log still cannot be written to"
