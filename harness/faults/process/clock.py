"""A replica whose clock is wrong."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from harness.faults._acts import Act, ReplicaFault, Seen, unavailable
from harness.faults._scripts import ScriptAct
from harness.faults._undo import Undo

if TYPE_CHECKING:
    from harness.environment import Environment
    from harness.environment.replica import Replica

# The library, as a process has it loaded, and the file that this process reads the time's shift from.
LOADED = """for one in /proc/[0-9]*; do
    lib=$(awk '/libfaketime/ {print $6; exit}' "$one/maps" 2> /dev/null)
    [ -n "$lib" ] || continue
    file=$(tr '\\0' '\\n' < "$one/environ" | sed -n 's/^FAKETIME_TIMESTAMP_FILE=//p')
    fresh=$(tr '\\0' '\\n' < "$one/environ" | sed -n 's/^FAKETIME_NO_CACHE=//p')
    [ -n "$file" ] && echo "$lib $file ${fresh:-0}" && break
done"""
LONGEST = 600  # s after which a clock that jumps stops
THERE_AND_BACK = 2  # jumps
TOLERANCE = 2  # s between two programs that tell the time, one after the other


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
        "a service that the stack runs with libfaketime: LD_PRELOAD of it, FAKETIME_TIMESTAMP_FILE, "
        "FAKETIME_NO_CACHE=1, and FAKETIME_DONT_FAKE_MONOTONIC=1 where only the time of day is to be wrong"
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
        why = "" if len(found) == 3 else "no process there has libfaketime loaded, with a file for the shift"
        if not why and found[2] != "1":
            why = (
                "libfaketime reads the shift again every 10 s only"  # too late for a clock that jumps, or a short case
            )
        if why:
            raise unavailable(
                "process.clock", self.place, why,
                "LD_PRELOAD of libfaketime, FAKETIME_TIMESTAMP_FILE and FAKETIME_NO_CACHE=1 for the service",
            )  # fmt: skip
        self._library, self._file, _ = found
        file, own = shlex.quote(self._file), self.own
        stop = f'if [ -f {own} ]; then kill -KILL "-$(cat {own})" 2> /dev/null; rm -f {own} {own}.jumps; fi'
        was = shlex.quote(self.ask(f"cat {file} 2>/dev/null") or "+0")
        return [self.undo(f"{stop}\nprintf '%s\\n' {was} > {file}")]

    def do(self) -> None:
        self.begin()
        file, shift = shlex.quote(self._file), f"{self._seconds:+d}"
        if self._every is None:
            self.do_it(f"echo {shift} > {file}")
            return
        self.do_it(
            f"setsid sh -c {shlex.quote(jumping(file, shift, self._every, self.own))} < /dev/null > /dev/null 2>&1 &"
        )

    def _off(self) -> int:
        """Seconds by which a program with the library is ahead."""
        ask = f"LD_PRELOAD={self._library} FAKETIME_TIMESTAMP_FILE={self._file} FAKETIME_NO_CACHE=1 date +%s"
        said = self.ask(f"echo $(({ask.join(('$(', ')'))} - $(LD_PRELOAD= date +%s)))")
        return int(said) if said.lstrip("-").isdigit() else 0

    def seen(self) -> Seen:
        moved = self.bytes
        touched = None if moved is None else moved > 0
        if self._every is not None:
            return self._jumps(touched, moved)
        off = self._off()
        said = f"its clock is off by {off:+d} s, and {moved or 0} bytes passed its links"
        return Seen(abs(off - self._seconds) <= TOLERANCE, touched, said, {"off": off, "bytes": moved})

    def _jumps(self, touched: bool | None, moved: int | None) -> Seen:
        """Whether it goes on, and has been wrong and right again already."""
        jumps = self.count(f"cat {self.own}.jumps 2>/dev/null")
        going = self.try_it(f'kill -0 "-$(cat {self.own})"')[0] == 0
        said = f"its clock has jumped {jumps} times, and {moved or 0} bytes passed its links"
        effect = (jumps >= THERE_AND_BACK or None) if going else False
        return Seen(
            effect, touched, said if going else "its clock does not jump any more", {"jumps": jumps, "bytes": moved}
        )

    def left(self) -> str | None:
        off = self._off()
        return f"its clock is still off by {off:+d} s" if abs(off) > TOLERANCE else None


def jumping(file: str, shift: str, every: float, own: str) -> str:
    """The shell text that sets a clock to and fro, for ten minutes at most; `own` has its process group, and beside it
    how often it jumped.
    """
    return f"""echo $$ > {own}
(sleep {LONGEST}; kill -KILL 0) &
n=0
while :; do
    for shift in {shift} +0; do
        echo "$shift" > {file}
        n=$((n + 1))
        echo $n > {own}.jumps
        sleep {every}
    done
done"""
