"""HAProxy: its servers, and which of them are up, drained or down.

Asked over its runtime API, which is kept open, or over its statistics page. The HAProxy that is watched is taken for
the load balancer in front of the fleet.
"""

from __future__ import annotations

import csv
import shlex
from collections.abc import Collection, Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, WithJsonSchema

from harness.clock import Clock
from harness.events import ProbeHaproxy, ProbeServer
from harness.fingerprint import StatePart
from harness.kept import Startable
from harness.printable import shortened
from harness.servers import _haproxy_settings
from harness.servers._base import (
    HOST_PORT,
    PAGE,
    PATH,
    Ask,
    Client,
    Password,
    Sample,
    ServerAdapter,
    ServerConnection,
    ServerTls,
    SimpleSampling,
    complaint,
    piped,
)  # fmt: skip
from harness.servers._http import PageClient, page, together
from harness.servers._socket import connected
from harness.stack.base import Word, of_form

QUESTION = "show stat -1 4 -1"  # every proxy, servers alone
PROMPT = b"\n> "
SERVER = "2"  # the type of a row; others are of frontends, backends and sockets
ADDRESS = f"{HOST_PORT}|{PATH}|{PAGE}"


class HAProxy(ServerAdapter):
    """An HAProxy."""

    event: ClassVar[type[ProbeServer]] = ProbeHaproxy
    parts: ClassVar[tuple[str, ...]] = ("servers", "settings")

    kind: Literal["haproxy"] = Field(description="HAProxy.")
    address: Annotated[
        str,
        of_form(ADDRESS, "address:port or the path of its runtime API, or a statistics page (http://...)"),
        WithJsonSchema({"type": "string", "pattern": f"^({ADDRESS})$"}),
    ] = Field(description="Its runtime API, address:port or a path; or its statistics page, http://...")
    user: Word | None = Field(default=None, description="Who logs in to the statistics page.")
    password: Password | None = Field(default=None, description="The password of that page.")
    tls: ServerTls | None = Field(default=None, description="TLS of that page, for https://.")

    @property
    def _is_page(self) -> bool:
        return "://" in self.address

    def _page(self, address: str) -> str:
        password = self.password.shell() if self.password else ""
        return page(address, user=self.user or "", password=password, tls=self.tls)

    @property
    def _question(self) -> str:
        if not self._is_page:
            return QUESTION
        return self.address if self.address.endswith(";csv") else f"{self.address};csv"

    def connect(self, replica: Startable) -> ServerConnection:
        """The runtime API in its interactive mode, or a shell that fetches the page."""
        if self._is_page:
            return PageClient(replica, self._page)
        return Client(replica, connected(self.address), mark=PROMPT, greeting="prompt\n")

    @property
    def has_runtime(self) -> bool:
        """It is asked over its runtime API, which takes commands."""
        return not self._is_page

    def command(self, text: str) -> list[str]:
        """The command that gives it one of its runtime API's commands and prints the answer."""
        return piped((text,), connected(self.address))

    def once(self, *questions: str) -> list[str]:
        """One command of the runtime API, or the page."""
        return together(questions, self._page) if self._is_page else piped(questions, connected(self.address))

    def sample(self, replica: Startable) -> SimpleSampling:
        """Samples it."""
        return SimpleSampling(self.connect(replica), [self._question], read_sample)

    def fingerprint(
        self,
        ask: Ask,
        releases: Collection[str],  # noqa: ARG002
        clock: Clock,  # noqa: ARG002
        own: Collection[str] = (),  # noqa: ARG002
    ) -> Mapping[str, StatePart]:
        """The servers: `backends/backend-1` -> `UP, weight 1`; and what is configured."""
        answer = ask(shlex.join(self.once(self._question)))
        text = answer.stdout.decode("utf-8", "replace").strip()
        if answer.exit_code:
            return dict.fromkeys(self.parts, StatePart(None, complaint(answer)))
        if not text.startswith("#"):
            return dict.fromkeys(self.parts, StatePart(None, f"HAProxy answered {text[:80]!r}, not its statistics"))
        items = {f"{row['pxname']}/{row['svname']}": _state(row) for row in rows(text)}
        servers = StatePart(items) if items else StatePart(None, "HAProxy has no servers")
        return {"servers": servers, "settings": self._settings(ask, text)}

    def _settings(self, ask: Ask, text: str) -> StatePart:
        """What is configured: of a page, what it shows; else as the runtime API tells, with its maps and lists."""
        if self._is_page:
            return _haproxy_settings.part(_haproxy_settings.settings(text), page=True)
        answer = ask(shlex.join(self.command(";".join(_haproxy_settings.ASKED))))
        if answer.exit_code:
            return StatePart(None, complaint(answer))
        told = answer.stdout.decode("utf-8", "replace")
        items = _haproxy_settings.settings(told)
        for question, name in _haproxy_settings.lists(told).items():
            answer = ask(shlex.join(self.command(question)))
            if answer.exit_code:
                return StatePart(None, complaint(answer))
            items |= _haproxy_settings.entries(name, answer.stdout.decode("utf-8", "replace"))
        return _haproxy_settings.part(items, page=False)


def rows(text: str) -> list[dict[str, str]]:
    """The servers in HAProxy's CSV; none where it is something else."""
    _, head, rest = text.partition("# pxname")
    found = csv.DictReader((head.removeprefix("# ") + rest).strip().splitlines())
    return [row for row in found if row.get("type") == SERVER]


def read_sample(text: str) -> Sample:
    """[backend, server, status, weight, sessions, seconds since the status changed last], by server."""
    found = [
        [
            row["pxname"],
            row["svname"],
            row["status"],
            *(_number(row.get(name)) for name in ("weight", "scur", "lastchg")),
        ]
        for row in rows(text)
    ]
    return Sample({"servers": found}) if found else Sample(error=shortened(f"no server in the answer: {text.strip()}"))


def _state(row: Mapping[str, Any]) -> str:
    # `UP 1/2` is a server that is up and failed a check or two: it is up. `no check` stands as it is.
    status = (row.get("status") or "").split("/")[0].rstrip("0123456789 ") or "unknown"
    return f"{status}, weight {row.get('weight') or 0}"


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isdigit() else None
