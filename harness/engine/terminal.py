"""A command in a container with the user's terminal, as `docker exec -it`: for looking into an environment."""

from __future__ import annotations

import contextlib
import os
import select
import shutil
import signal
import sys
import termios
import tty
from collections.abc import Sequence
from typing import Any

import docker

from harness.engine.translate import translate


def interactive(api: docker.APIClient, container_id: str, argv: Sequence[str]) -> int:
    """Run a command with this process's terminal until it ends; returns its exit code.

    Raises:
        EngineError: the engine refuses, e.g. because the container does not run.
    """
    with translate(f"{argv[0]} cannot be run", where=container_id[:12]):
        made = api.exec_create(container_id, list(argv), stdin=True, tty=True, environment=_terminal())
        socket: Any = api.exec_start(made["Id"], socket=True, tty=True)
    resize = _resizer(api, made["Id"])
    before = termios.tcgetattr(sys.stdin)
    previous = signal.signal(signal.SIGWINCH, lambda *_: resize())
    try:
        tty.setraw(sys.stdin)
        resize()
        _pump(socket.fileno())
    finally:
        with contextlib.suppress(termios.error):  # the terminal may be gone, which is what SIGHUP tells
            termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)
        signal.signal(signal.SIGWINCH, previous)
        socket.close()
    with translate("Its exit code cannot be read"):
        return int(api.exec_inspect(made["Id"])["ExitCode"] or 0)


def _terminal() -> dict[str, str]:
    return {"TERM": os.environ.get("TERM", "xterm")}


def _resizer(api: docker.APIClient, identity: str) -> Any:
    def resize() -> None:
        size = shutil.get_terminal_size()
        with contextlib.suppress(docker.errors.APIError):  # it may have ended already
            api.exec_resize(identity, height=size.lines, width=size.columns)

    return resize


def _pump(remote: int) -> None:
    """Pass bytes both ways until the command closes its end."""
    sources = [sys.stdin.fileno(), remote]
    while True:
        try:
            ready, _, _ = select.select(sources, [], [])
        except InterruptedError:
            continue
        if remote in ready:
            data = os.read(remote, 65536)
            if not data:
                return
            os.write(sys.stdout.fileno(), data)
        if sources[0] in ready:
            typed = os.read(sys.stdin.fileno(), 4096)
            if typed:
                os.write(remote, typed)
            else:
                sources.remove(sys.stdin.fileno())
