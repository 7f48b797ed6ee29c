"""Where the harness keeps what outlives a run: its own engine, its locks, the base image's work directory."""

from __future__ import annotations

import fcntl
import hashlib
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from harness.errors import HarnessError
from harness.waiting import poll

SOCKET_PATH_LIMIT = 107  # bytes; sun_path holds 108 with its closing zero


def home(environ: Mapping[str, str] = os.environ) -> Path:
    """The state directory: `$HARNESS_HOME`, else /var/lib/rollback-harness for root and the XDG state directory
    for everybody else. It need not exist.
    """
    if named := environ.get("HARNESS_HOME"):
        return Path(named).expanduser().absolute()
    if os.geteuid() == 0:
        return Path("/var/lib/rollback-harness")
    if state := environ.get("XDG_STATE_HOME"):
        return Path(state) / "rollback-harness"
    return Path(environ.get("HOME") or "~").expanduser() / ".local" / "state" / "rollback-harness"


def engine_home(environ: Mapping[str, str] = os.environ) -> Path:
    """The directory of the harness's own engine: data root, exec root, log, pid file."""
    return home(environ) / "engine"


def engine_socket(environ: Mapping[str, str] = os.environ) -> Path:
    """The socket of the harness's own engine: in its directory, or in the runtime directory where that is too long
    for a socket's address.
    """
    usual = engine_home(environ) / "docker.sock"
    if len(os.fsencode(usual)) <= SOCKET_PATH_LIMIT:
        return usual
    return runtime(environ) / "docker.sock"


def runtime(environ: Mapping[str, str] = os.environ) -> Path:
    """A short directory of this state directory's own, gone after a reboot: for sockets and the exec root."""
    digest = hashlib.sha256(os.fsencode(home(environ))).hexdigest()[:12]
    if os.geteuid() == 0:
        return Path("/run") / f"rollback-harness-{digest}"
    base = environ.get("XDG_RUNTIME_DIR")
    if base:
        return Path(base) / f"rollback-harness-{digest}"
    return Path(tempfile.gettempdir()) / f"rollback-harness-{os.geteuid()}-{digest}"


def directory(path: Path) -> Path:
    """Make a directory of ours, readable by its owner only.

    Raises:
        HarnessError: it cannot be made.
    """
    try:
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise HarnessError(
            "The harness's state directory cannot be made",
            where=str(path),
            got=str(error),
            hint="set HARNESS_HOME to a directory that you may write",
        ) from error
    return path


@contextmanager
def lock(name: str, environ: Mapping[str, str] = os.environ, *, deadline: float = 900.0) -> Iterator[None]:
    """Hold a lock of this name across all processes that share the state directory. It goes with its process.

    Args:
        deadline: seconds to wait for the holder.

    Raises:
        HarnessError: another process held it until the deadline.
    """
    path = directory(home(environ) / "locks") / f"{name}.lock"
    with path.open("a") as file:
        if not poll(lambda: _try_lock(file.fileno()), within=deadline, every=0.05):  # flock has no timeout of its own
            raise HarnessError(
                "Another process holds a lock of the harness and does not release it",
                where=str(path),
                got=f"waited {deadline:.0f} s",
                hint="see which process has the file open (`fuser -v`), and end it if it hangs",
            )
        yield  # closing the file lets go


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
