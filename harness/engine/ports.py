"""Who holds a port: said in the error, because "address already in use" alone sends people searching."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

import docker

from harness.engine.translate import SDK_ERRORS
from harness.errors import PortTaken

_LISTEN = "0A"


def with_holder(api: docker.APIClient, error: PortTaken, ports: Iterable[int]) -> PortTaken:
    """The same error, with the holder of the first of these ports whose holder can be found."""
    for port in ports:
        found = holder(api, port)
        if found:
            return PortTaken(
                f"The port 127.0.0.1:{port} is in use",
                where=error.where,
                got=f"held by {found}",
                expected="a free port",
                hint="stop what uses it, or omit the published port so that a free one is chosen",
            )
    return error


def holder(api: docker.APIClient, port: int) -> str | None:
    """A container of this engine that publishes the port, else a process of this machine that listens on it."""
    try:
        found = api.containers(filters={"publish": str(port)})
    except SDK_ERRORS:
        found = []  # the port's error is what is to be reported, not this
    for container in found:
        return f"the container {container['Names'][0].lstrip('/')}"
    return process(port)


def process(port: int, proc: Path = Path("/proc")) -> str | None:
    """The process that listens on a TCP port, as `name (pid 123)`; None where that cannot be seen."""
    inodes = {inode for table in ("tcp", "tcp6") for inode in _listening(proc / "net" / table, port)}
    if not inodes:
        return None
    wanted = {f"socket:[{inode}]" for inode in inodes}
    for entry in proc.iterdir():
        if entry.name.isdigit() and _holds(entry, wanted):
            name = (entry / "comm").read_text(encoding="utf-8", errors="replace").strip()
            return f"{name} (pid {entry.name})"
    return "a process of another user"


def _listening(table: Path, port: int) -> set[str]:
    try:
        rows = [line.split() for line in table.read_text(encoding="ascii").splitlines()[1:]]
    except OSError:
        return set()
    return {row[9] for row in rows if row[3] == _LISTEN and int(row[1].rpartition(":")[2], 16) == port}


def _holds(process: Path, wanted: set[str]) -> bool:
    try:
        return any(os.readlink(link) in wanted for link in (process / "fd").iterdir())  # noqa: PTH115 - sockets
    except OSError:
        return False  # another user's, or just ended
