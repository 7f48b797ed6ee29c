"""Redis, once a second over a `redis-cli` that is kept open: keys, hits, evictions, memory, clients."""

from __future__ import annotations

import re
import secrets
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from harness.history import Event, History
from harness.probes.kept import Heard, Kept, Startable
from harness.probes.replica import shortened

# What Redis answers in place of everything, the mark too: nothing more comes after it.
REFUSED = (
    b"NOAUTH ",
    b"DENIED ",
    b"NOPERM ",
    b"WRONGPASS ",
    b"Could not connect to Redis",
    b"AUTH failed",
    b"LOADING ",
)
FIELDS = {
    "hits": "keyspace_hits",
    "misses": "keyspace_misses",
    "evicted": "evicted_keys",
    "expired": "expired_keys",
    "memory": "used_memory",
    "memory_limit": "maxmemory",
    "clients": "connected_clients",
    "blocked": "blocked_clients",
    "rejected": "rejected_connections",
    "uptime": "uptime_in_seconds",
}


class Client:
    """A `redis-cli` kept open. The password, where there is one, comes from REDISCLI_AUTH in the container."""

    def __init__(self, replica: Startable, database: int = 0) -> None:
        token = secrets.token_hex(8)
        self._end = f"ECHO {token}\n"
        argv = ["/bin/sh", "-c", f"exec 2>&1; exec redis-cli -n {database}"]
        self._kept = Kept(lambda: replica.start(argv, stdin=True), f"{token}\n".encode(), refused=REFUSED)

    def ask(self, *commands: Sequence[str]) -> None:
        """Send commands; their answers come one after the other."""
        self._kept.ask(("".join(f"{quoted(command)}\n" for command in commands) + self._end).encode())

    def answer(self, until: float) -> Heard:
        """What they answered."""
        return self._kept.answer(until)

    def close(self) -> None:
        """End it."""
        self._kept.close()


def quoted(command: Sequence[str]) -> str:
    """A command as redis-cli reads a line."""
    return " ".join('"' + word.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"' for word in command)


def shell_line(database: int, command: Sequence[str]) -> str:
    """The same command, run once."""
    return shlex.join(["redis-cli", "-n", str(database), *command])


class Redis:
    """Asks one Redis; records a `probe.redis` at every look."""

    def __init__(self, history: History, replica: Startable, environment: str, database: int = 0) -> None:
        self._history, self._environment, self.name, self._database = history, environment, replica.name, database
        self._client = Client(replica, database)

    def begin(self, tick: int) -> None:  # noqa: ARG002
        """Send the question."""
        self._client.ask(["INFO"])

    def finish(self, until: float) -> Event:
        """Take the answer and record it."""
        heard = self._client.answer(until)
        found, error = read(heard.text or "", self._database), heard.error
        if heard.text is not None:
            error = unusable(heard.text, found)
        if error is not None:
            found = read("")
        return self._history.record(
            "probe.redis", environment=self._environment, replica=self.name, **found, error=error
        )

    def close(self) -> None:
        """End what was kept running."""
        self._client.close()


def read(text: str, database: int = 0) -> dict[str, Any]:
    """The fields of a `probe.redis` from what INFO says; None where it does not say it. Sizes in bytes."""
    said = dict(line.strip().split(":", 1) for line in text.splitlines() if ":" in line and not line.startswith("#"))
    found: dict[str, Any] = {name: _whole(said.get(key)) for name, key in FIELDS.items()}
    known = found["memory"] is not None
    keys = dict(pair.split("=", 1) for pair in said.get(f"db{database}", "").split(",") if "=" in pair)
    found["keys"] = _whole(keys.get("keys")) if keys else (0 if known else None)
    found["expires"] = _whole(keys.get("expires")) if keys else (0 if known else None)
    found["role"] = said.get("role")
    return found


def unusable(text: str, found: Mapping[str, Any]) -> str | None:
    """Why an answer of INFO is not how the Redis is; None where it is."""
    if re.search(r"^loading:1\s*$", text, re.MULTILINE):
        share = re.search(r"^loading_loaded_perc:([\d.]+)", text, re.MULTILINE)
        return "it is loading its data from disk, and has not all of it" + (f" ({share[1]} % so far)" if share else "")
    return shortened(f"not what INFO says: {text.strip()}") if found["memory"] is None else None


def _whole(text: str | None) -> int | None:
    return int(text) if text is not None and text.isdigit() else None
