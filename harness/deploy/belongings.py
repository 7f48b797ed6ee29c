"""Everything that a command on this machine has started, found and ended: its session, and whatever left that and
still carries the command's mark in its environment.

Also a program of its own, `belongings.py MARK`, which needs nothing but the standard library: it reads the session's
number from stdin, waits for the end of stdin, which is the end of its parent by whatever cause, and ends them all.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from pathlib import Path

MARK = "HARNESS_DEPLOYMENT"  # the environment variable that carries the mark
ROUNDS, PAUSE = 200, 0.01  # a process may start another while it is looked for; s


def find(mark: str, session: int) -> list[int]:
    """The pids of those that live, without this process."""
    wanted = f"{MARK}={mark}".encode()
    pids = (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit())
    return [pid for pid in pids if pid != os.getpid() and _belongs(Path("/proc", str(pid)), wanted, session)]


def _belongs(process: Path, wanted: bytes, session: int) -> bool:
    try:
        fields = (process / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        if fields[0] in "ZX":
            return False
        return session in (int(fields[2]), int(fields[3])) or wanted in (process / "environ").read_bytes().split(b"\0")
    except (OSError, ValueError, IndexError):  # it has ended, or is somebody else's
        return False


def end(mark: str, session: int) -> None:
    """Kill all of them; none is left when this returns, but those that not even the kernel can end now."""
    if not Path("/proc/self/stat").exists():  # not Linux: the group is all that can be named
        with contextlib.suppress(OSError):
            os.killpg(session, signal.SIGKILL)
        return
    for _ in range(ROUNDS):
        found = find(mark, session)
        if not found:
            return
        for pid in found:
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(PAUSE)  # between two looks; the end of a process that is no child of ours cannot be waited on


def main() -> None:
    """Guard."""
    text = sys.stdin.buffer.readline()
    while sys.stdin.buffer.read(4096):
        pass
    end(sys.argv[1], int(text or 0) or -1)


if __name__ == "__main__":
    main()
