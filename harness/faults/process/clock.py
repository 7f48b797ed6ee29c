"""A replica whose clock is wrong."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import ClassVar

from pydantic import Field

from harness.environment import Environment
from harness.environment.replica import Replica
from harness.faults._acts import Act, ReplicaFault, Seen, unavailable
from harness.faults._scripts import ScriptAct
from harness.faults._undo import Undo

# The library, as a process has it loaded, and the file that this process reads the time's shift from.
LOADED = """for one in /proc/[0-9]*; do
    lib=$(awk '/libfaketime/ {print $6; exit}' "$one/maps" 2> /dev/null)
    [ -n "$lib" ] || continue
    file=$(tr '\\0' '\\n' < "$one/environ" | sed -n 's/^FAKETIME_TIMESTAMP_FILE=//p')
    [ -n "$file" ] && echo "$lib $file" && break
done"""
LONGEST = 600  # s after which a clock that jumps stops


class Clock(ReplicaFault):
    """The clock of a replica is ahead, or behind (negative seconds), or jumps to and fro.

    Attributes:
        seconds: by which it is ahead.
        every: seconds between two jumps, to and fro; left out, it does not jump back.
    """

    positional: ClassVar[tuple[str, ...]] = ("on", "seconds")
    simulates: ClassVar[str] = "a machine without time synchronisation, a leap second, a clock that was set"
    how: ClassVar[str] = "the file from which libfaketime reads the shift"
    needs: ClassVar[str] = (
        "a service that the stack runs with libfaketime: LD_PRELOAD of it, FAKETIME_TIMESTAMP_FILE, FAKETIME_NO_CACHE=1"
    )
    outage: ClassVar[str] = (
        "Cloudflare, January 2017: at the leap second time went backwards, and a resolver that took it for "
        "monotonic failed (blog.cloudflare.com/how-and-why-the-leap-second-affected-cloudflare-dns)"
    )

    seconds: int
    every: float | None = Field(default=None, gt=0.1)

    def what(self) -> str:
        """In words."""
        return f"clock {'jumping by' if self.every else 'off by'} {self.seconds:+d} s"

    def act(self, environment: Environment, replica: Replica) -> Act:
        """What it does to one."""
        return _Shifted(environment, replica, self.seconds, self.every)


class _Shifted(ScriptAct):
    def __init__(self, environment: Environment, replica: Replica, seconds: int, every: float | None) -> None:
        super().__init__(environment, replica)
        self._seconds, self._every = seconds, every
        self._library = self._file = ""

    def undoing(self) -> Sequence[Undo]:
        found = self.ask(LOADED).split()
        if len(found) != 2:
            raise unavailable(
                "process.clock", self.place, "no process there has libfaketime loaded, with a file for the shift",
                "LD_PRELOAD of libfaketime, FAKETIME_TIMESTAMP_FILE and FAKETIME_NO_CACHE=1 for the service",
            )  # fmt: skip
        self._library, self._file = found
        file, own = shlex.quote(self._file), self.own
        stop = f'if [ -f {own} ]; then kill -KILL "-$(cat {own})" 2> /dev/null; rm -f {own}; fi'
        was = shlex.quote(self.ask(f"cat {file} 2>/dev/null") or "+0")
        return [self.undo(f"{stop}\nprintf '%s\\n' {was} > {file}")]

    def do(self) -> None:
        self.begin()
        file, shift = shlex.quote(self._file), f"{self._seconds:+d}"
        if self._every is None:
            self.do_it(f"echo {shift} > {file}")
            return
        jump = f"while :; do echo {shift} > {file}; sleep {self._every}; echo +0 > {file}; sleep {self._every}; done"
        run = f"echo $$ > {self.own}\n(sleep {LONGEST}; kill -KILL 0) &\n{jump}"
        self.do_it(f"setsid sh -c {shlex.quote(run)} < /dev/null > /dev/null 2>&1 &")

    def _off(self) -> int:
        """Seconds by which a program with the library is ahead."""
        ask = f"LD_PRELOAD={self._library} FAKETIME_TIMESTAMP_FILE={self._file} FAKETIME_NO_CACHE=1 date +%s"
        said = self.ask(f"echo $(({ask.join(('$(', ')'))} - $(LD_PRELOAD= date +%s)))")
        return int(said) if said.lstrip("-").isdigit() else 0

    def seen(self) -> Seen:
        off, moved = self._off(), self.bytes
        effect = True if self._every else abs(off - self._seconds) <= 2
        said = f"its clock is off by {off:+d} s, and {moved or 0} bytes passed its links"
        return Seen(effect, None if moved is None else moved > 0, said, {"off": off, "bytes": moved})

    def left(self) -> str | None:
        off = self._off()
        return f"its clock is still off by {off:+d} s" if abs(off) > 2 else None
