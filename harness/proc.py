"""Processes by an identity that survives the reuse of their numbers, and a machine's reboot."""

from __future__ import annotations

import os
from pathlib import Path

_PROC = Path("/proc")


def start_time(pid: int, proc: Path = _PROC) -> str | None:
    """When a process started, in clock ticks since the boot; None if there is no such process, or it is a zombie."""
    try:
        text = (proc / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    fields = text.rpartition(")")[2].split()  # the name, in brackets, may hold anything
    return None if fields[0] in "ZX" else fields[19]


def command_line(pid: int, proc: Path = _PROC) -> tuple[str, ...]:
    """The arguments of a process; empty if there is none."""
    try:
        raw = (proc / str(pid) / "cmdline").read_bytes()
    except OSError:
        return ()
    return tuple(raw.decode(errors="replace").rstrip("\0").split("\0"))


def place(proc: Path = _PROC) -> str:
    """Where process numbers mean the same: this boot of this machine, and this process namespace (two containers on
    one machine share its boot). Machine ids are no help, since cloned machines share them.
    """
    try:
        boot = (proc / "sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        namespace = str((proc / "self/ns/pid").readlink())
    except OSError:
        return "unknown"
    return f"{boot}/{namespace.removeprefix('pid:[').rstrip(']')}"


def identity(pid: int | None = None) -> str:
    """`boot/namespace/pid/start`: this process, or another one of this place."""
    number = os.getpid() if pid is None else pid
    return f"{place()}/{number}/{start_time(number) or 0}"


def is_alive(holder: str) -> bool | None:
    """Whether the process of an identity runs; None if that cannot be known from here."""
    where, _, rest = holder.rpartition("/")
    where, _, pid = where.rpartition("/")
    if not where or where != place() or where == "unknown" or not pid.isdigit():
        return None
    return start_time(int(pid)) == rest
