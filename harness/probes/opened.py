"""What each process has open, where it works and which program it is: how a scan of `harness.probes.kernel` is read."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, field

from harness.probes import kernel

_LINK = re.compile(r"^\S+\s+\d+\s.* (?P<name>/proc/\d+/(?:exe|cwd)|\d+) -> (?P<target>.+)$")
_MAPPED = re.compile(r"^/proc/(?P<pid>\d+)/maps:\S+ +\S+ +\S+ +\S+ +\d+ +(?P<path>/.*) \(deleted\)$")
_NO_FILES = ("/dev/", "/memfd:", "/SYSV", "/tmp/", "/run/", "/var/run/", "/var/tmp/", "/[")  # noqa: S108 - made to be shared
_SOCKET = re.compile(r"socket:\[(\d+)\]")


@dataclass(slots=True)
class ProcessFiles:
    """What a scan saw of one process.

    Attributes:
        program, directory: as the kernel has them, with ` (deleted)` at the end of what is deleted; empty where that
            could not be read.
        descriptors: how many are open.
        sockets: their numbers.
        replaced: files that it has mapped, such as libraries, and that were deleted or replaced since.
    """

    program: str = ""
    directory: str = ""
    descriptors: int = 0
    sockets: set[int] = field(default_factory=set)
    replaced: set[str] = field(default_factory=set)


def processes(text: str) -> dict[int, ProcessFiles]:
    """The answer of `scan`, by process; those that could not be looked at are left out."""
    found: dict[int, ProcessFiles] = {}
    pid = 0
    for line in text.splitlines():
        if re.fullmatch(r"/proc/\d+/fd:", line):
            pid = int(line.split("/")[2])
        elif match := _MAPPED.match(line):
            if not match["path"].startswith(_NO_FILES):
                found.setdefault(int(match["pid"]), ProcessFiles()).replaced.add(match["path"])
        elif match := _LINK.match(line):
            _take(found, pid, match["name"], match["target"])
    return found


def _take(found: dict[int, ProcessFiles], pid: int, name: str, target: str) -> None:
    if not name.startswith("/"):
        one = found.setdefault(pid, ProcessFiles())
        one.descriptors += 1
        if socket := _SOCKET.fullmatch(target):
            one.sockets.add(int(socket[1]))
        return
    _, _, whose, which = name.split("/")
    one = found.setdefault(int(whose), ProcessFiles())
    if which == "exe":
        one.program = target
    else:
        one.directory = target


def listening(text: str) -> frozenset[int]:
    """The numbers of the sockets that listen, of the answer to `sockets`."""
    found = set()
    name = ""
    for line in text.splitlines():
        if line.startswith("==> "):
            name = line.split("/")[-1].split()[0]
            continue
        words = line.split()
        if len(words) > 9 and words[3] == kernel.LISTENING.get(name) and words[9].isdigit():
            found.add(int(words[9]))
    return frozenset(found - {0})


def serving(files: dict[int, ProcessFiles], sockets: Collection[int]) -> list[int]:
    """The processes that hold a listening socket."""
    return sorted(pid for pid, one in files.items() if one.sockets & set(sockets))
