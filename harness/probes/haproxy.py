"""HAProxy's servers: which are up, drained, down. Over its runtime API, kept open, or over its statistics page."""

from __future__ import annotations

import csv
import io
import shlex
from typing import Any

from harness.history import Event, History
from harness.probes.kept import Heard, Kept, KeptShell, Startable, code_and_text
from harness.probes.replica import shortened

SERVERS = "show stat -1 4 -1\n"  # every proxy, servers alone
MARK = b"\n> "  # the prompt
KIND_SERVER = "2"


def connected(socket: str) -> str:
    """The line of shell that connects its input and output with the runtime API: `/path`, or `address:port`."""
    words = shlex.quote(socket)
    if socket.startswith("/"):
        tools = [("socat", f"socat - UNIX-CONNECT:{words}"), ("nc", f"nc -U {words}")]
        needs = "socat or nc, or a statistics page (url)"
    else:
        host, _, port = socket.rpartition(":")
        tools = [
            ("socat", f"socat - TCP:{words}"),
            ("nc", f"nc {shlex.quote(host)} {port}"),
            ("curl", f"curl -sSN telnet://{words}"),
        ]
        needs = "socat, nc or curl"
    tried = "".join(f"command -v {tool} >/dev/null 2>&1 && exec {line}; " for tool, line in tools)
    return f"exec 2>&1; {tried}echo 'the image has no {needs}'"


class HAProxy:
    """Asks one HAProxy; records a `probe.haproxy` at every look.

    Args:
        socket: of the runtime API: a path, or `address:port`.
        url: of the statistics page; one of both.
    """

    def __init__(
        self,
        history: History,
        replica: Startable,
        environment: str,
        *,
        socket: str | None = None,
        url: str | None = None,
    ) -> None:
        self._history, self._environment, self.name = history, environment, replica.name
        self._socket: Kept | None = None
        self._page: KeptShell | None = None
        self._url = url or ""
        if socket is not None:
            argv = ["/bin/sh", "-c", connected(socket)]
            self._socket = Kept(lambda: replica.start(argv, stdin=True), MARK, greeting=b"prompt\n")
        else:
            self._page = KeptShell(replica)

    def begin(self, tick: int) -> None:  # noqa: ARG002
        """Send the question."""
        if self._socket is not None:
            self._socket.ask(SERVERS.encode())
        elif self._page is not None:
            url = self._url if self._url.endswith(";csv") else f"{self._url};csv"
            self._page.command(["curl", "-fsS", "--max-time", "2", url])

    def finish(self, until: float) -> Event:
        """Take the answer and record it."""
        if self._socket is not None:
            heard = self._socket.answer(until)
        else:
            heard = code_and_text(self._page.answer(until)) if self._page else Heard(None, "it was not asked")
        servers, error = None, heard.error
        if heard.text is not None:
            servers = read(heard.text)
            if not servers:
                servers, error = None, shortened(f"no server in the answer: {heard.text.strip()}")
        return self._history.record(
            "probe.haproxy", environment=self._environment, replica=self.name, servers=servers, error=error
        )

    def close(self) -> None:
        """Close the connection."""
        for one in (self._socket, self._page):
            if one is not None:
                one.close()


def read(text: str) -> list[list[Any]]:
    """[backend, server, status, weight, sessions, seconds since the status changed last] of HAProxy's CSV."""
    start = text.find("# pxname")
    if start < 0:
        return []
    rows = csv.DictReader(io.StringIO(text[start + 2 :]))
    return [
        [
            row["pxname"],
            row["svname"],
            row["status"],
            _number(row["weight"]),
            _number(row["scur"]),
            _number(row["lastchg"]),
        ]
        for row in rows
        if row.get("type") == KIND_SERVER
    ]


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isdigit() else None
