"""Memcached, asked in its text protocol over a socket.

A sample is what `stats` says. A fingerprint holds the settings, and what kinds of keys there are, by name and time to
live alone: the values are not read.
"""

from __future__ import annotations

import shlex
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any, ClassVar, Literal
from urllib.parse import unquote

from pydantic import Field

from harness.clock import Clock
from harness.events import ProbeMemcached, ProbeServer
from harness.fingerprint import StatePart
from harness.kept import Startable
from harness.printable import shortened
from harness.servers._base import Ask, Client, HostOrPath, Sample, ServerAdapter, SimpleSampling, complaint, piped
from harness.servers._keys import MAX_KEYS, KeyKind, keys_part, pattern
from harness.servers._socket import connected

STATS = {
    "keys": "curr_items",
    "hits": "get_hits",
    "misses": "get_misses",
    "evicted": "evictions",
    "memory": "bytes",
    "memory_limit": "limit_maxbytes",
    "clients": "curr_connections",
    "rejected": "rejected_connections",
    "uptime": "uptime",
}
END = b"END\r\n"
REFUSED = (b"ERROR", b"CLIENT_ERROR", b"SERVER_ERROR")
MOVING = ("oldest",)  # settings that are no settings: seconds since the cache was flushed


class Memcached(ServerAdapter):
    """A Memcached."""

    event: ClassVar[type[ProbeServer]] = ProbeMemcached
    parts: ClassVar[tuple[str, ...]] = ("keys", "settings")

    kind: Literal["memcached"] = Field(description="Memcached.")
    address: HostOrPath = Field(default="127.0.0.1:11211", description="address:port, or the path of its unix socket.")

    def connect(self, replica: Startable) -> Client:
        """A connection kept open; every answer ends in END."""
        return Client(replica, connected(self.address), mark=END, refused=REFUSED)

    def once(self, *questions: str) -> list[str]:
        """A connection that the server ends."""
        return piped([f"{one}\r" for one in (*questions, "quit")], connected(self.address))

    def sample(self, replica: Startable) -> SimpleSampling:
        """Samples it."""
        return SimpleSampling(self.connect(replica), ["stats"], read_sample)

    def fingerprint(
        self,
        ask: Ask,
        releases: Collection[str],
        clock: Clock,  # noqa: ARG002
        own: Collection[str] = (),  # noqa: ARG002
    ) -> Mapping[str, StatePart]:
        """Both parts. At most `MAX_KEYS` keys are looked at."""
        answers = [ask(shlex.join(self.once(one))) for one in ("stats", "stats settings")]
        dump = ask(f"{shlex.join(self.once('lru_crawler metadump all'))} | head -n {MAX_KEYS}")
        known, settings = (said(answer.stdout.decode("utf-8", "replace")) for answer in answers)
        if not known.get("time", "").isdigit() or not settings:
            return dict.fromkeys(self.parts, StatePart(None, f"memcached: {complaint(answers[0])}"))
        items = {name: value for name, value in settings.items() if name not in MOVING}
        text = dump.stdout.decode("utf-8", "replace")
        return {"keys": _keys(text, known, releases), "settings": StatePart(items)}


def said(text: str) -> dict[str, str]:
    """The lines `STAT name value` of an answer."""
    rows = (line.split(" ", 2) for line in text.splitlines() if line.startswith("STAT "))
    return {row[1]: row[2] for row in rows if len(row) == 3}


def read_sample(text: str) -> Sample:
    """The fields of an answer to `stats`. Sizes in bytes."""
    known = said(text)
    if "uptime" not in known:
        return Sample(error=shortened(f"not what stats says: {text.strip()}"))
    found = {name: known.get(key, "") for name, key in STATS.items()}
    return Sample({name: int(value) if value.isdigit() else None for name, value in found.items()})


def _keys(text: str, known: Mapping[str, str], releases: Collection[str]) -> StatePart:
    """The kinds of keys in a dump of lines `key=plan%3A1 exp=1795955000 ...`; `exp` is -1 where one does not expire."""
    kinds: dict[str, KeyKind] = {}
    lines = [line for line in text.splitlines() if line.startswith("key=")]
    whole = text.rstrip().endswith("END")
    if not whole and len(lines) < MAX_KEYS:
        return StatePart(None, f"memcached: {shortened(text.strip()[-100:]) or 'the dump of its keys was cut off'}")
    for line in lines:
        row = dict(word.partition("=")[::2] for word in line.split(" "))
        name = pattern(unquote(row["key"], errors="backslashreplace"), releases)
        kinds.setdefault(name, KeyKind()).add("item", _ttl(int(row["exp"]), int(known["time"])))
    total: Any = None if whole else max(int(known.get("curr_items", "0")), len(lines))
    return replace(keys_part(kinds, len(lines), total), unseen=("values of a Memcached's keys",))


def _ttl(expires: int, now: int) -> int:
    """The class of a time to live."""
    left = expires - now
    return 0 if expires < 0 else 1 + sum(left >= limit for limit in (60, 3600, 86400))
