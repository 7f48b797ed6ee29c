"""The lever: a file that stops every campaign of this user, on this machine, and keeps new ones from beginning."""

from __future__ import annotations

import getpass
import os
import socket
import time
from collections.abc import Mapping
from pathlib import Path

from harness import files
from harness.errors import unwritable

NAME = "stop-chaos"
MAX_SHOWN = 500  # characters of what it says


def lever(environ: Mapping[str, str] = os.environ) -> Path:
    """Where it is: `$HARNESS_STOP_CHAOS`, else `stop-chaos` in the user's directory for state."""
    if named := environ.get("HARNESS_STOP_CHAOS"):
        return Path(named)
    state = environ.get("XDG_STATE_HOME") or str(Path(environ.get("HOME") or "~").expanduser() / ".local/state")
    return Path(state) / "rollback-harness" / NAME


def pulled(path: Path) -> str | None:
    """What it says; None where it is not pulled. What cannot be looked at counts as pulled: it is there for safety."""
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            return " ".join(file.read(MAX_SHOWN).split()) or "without a word"
    except FileNotFoundError:
        return None
    except OSError as error:
        # A directory of this name is as good as a file: somebody made it on purpose.
        return f"it cannot be read: {error.strerror or error}"


def pull(path: Path, why: str) -> None:
    """Pull it. Unwritable, NoSpace where it cannot be written."""
    who = f"{getpass.getuser()}@{socket.gethostname()}, {time.strftime('%Y-%m-%d %H:%M:%S UTC', time.gmtime())}"
    try:
        files.write(path, f"{who}: {why or 'no reason was given'}\n")
    except OSError as error:
        raise unwritable("The lever that stops chaos runs cannot be pulled", path, error) from error


def release(path: Path) -> bool:
    """Take it away. False where it was not there.

    Raises:
        Unwritable: it cannot be removed.
    """
    try:
        path.unlink()
    except FileNotFoundError:
        return False
    except OSError as error:
        raise unwritable("The lever that stops chaos runs cannot be taken away", path, error) from error
    return True
