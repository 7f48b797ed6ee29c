"""Listening sockets: TCP, UDP on fixed ports, and Unix sockets with a path."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from harness.environment.fingerprint.sections import Section, Sections, decode
from harness.environment.sockets import parse
from harness.fingerprint import StatePart

EPHEMERAL = 32768  # ports from here on are given out by the kernel
ENGINES_OWN = "127.0.0.11"  # Docker's name server listens there, on ports of its own choice
UNIX_LISTENS = "00010000"
CHANCE = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}|[0-9a-fA-F]{8,}|\d{5,}|(?<=\.sock\.)\d+$")


def ask(sections: Sections) -> None:
    """Add what asks for sockets."""
    for name in ("tcp", "tcp6", "udp", "udp6", "unix"):
        sections.add(f"sockets.{name}", f"cat /proc/net/{name} 2>/dev/null; true")


def read(found: Mapping[str, Section]) -> StatePart:
    """The sockets that were found: `tcp 0.0.0.0:8080` -> how many."""
    items: dict[str, int] = {}
    for name in ("tcp", "tcp6", "udp", "udp6", "unix"):
        section = found.get(f"sockets.{name}")
        if section is None:
            return StatePart(None, "not answered")
        for key in _unix(section.output) if name == "unix" else _inet(name, section.output.decode("ascii", "replace")):
            items[key] = items.get(key, 0) + 1
    return StatePart(dict(sorted(items.items())))


def _inet(name: str, text: str) -> Iterator[str]:
    kind = name[:3]
    for socket in parse(text):
        listens = socket.state == "listen" if kind == "tcp" else socket.remote_port == 0 and socket.port < EPHEMERAL
        if listens and socket.local != ENGINES_OWN:
            address = f"[{socket.local}]" if ":" in socket.local else socket.local
            yield f"{kind} {address}:{socket.port if socket.port < EPHEMERAL else '(any)'}"


def _unix(output: bytes) -> Iterator[str]:
    for line in output.splitlines()[1:]:
        fields = line.split(None, 7)
        if len(fields) == 8 and fields[3].decode() == UNIX_LISTENS and fields[7].startswith(b"/"):
            yield f"unix {CHANCE.sub('<n>', decode(fields[7]))}"
