"""nginx: its connections, its configuration, and the servers of its upstreams.

A sample is the page of `stub_status`. A fingerprint holds what `nginx -T` prints: the configuration as its files have
it, which may differ from the one that runs until nginx is reloaded.
"""

from __future__ import annotations

import hashlib
import re
import shlex
from collections.abc import Collection, Mapping
from typing import Any, ClassVar, Literal

from pydantic import Field

from harness.clock import Clock
from harness.events import ProbeNginx, ProbeServer
from harness.fingerprint import StatePart
from harness.kept import Startable
from harness.printable import shortened
from harness.servers._base import (
    Ask,
    PageAddress,
    Password,
    Sample,
    ServerAdapter,
    ServerTls,
    SimpleSampling,
    complaint,
)
from harness.servers._http import PageClient, page
from harness.stack.base import Word, wrong

_STATUS = re.compile(
    r"Active connections: (\d+)\s+server accepts handled requests\s+(\d+) (\d+) (\d+)\s+"
    r"Reading: (\d+) Writing: (\d+) Waiting: (\d+)"
)
FIGURES = ("clients", "accepted", "handled", "requests", "reading", "writing", "waiting")  # of that page, in its order
_FILE = re.compile(r"^# configuration file (.+):$", re.MULTILINE)
_COMMENT = re.compile(r"(?:^|(?<=\s))#.*$", re.MULTILINE)
_UPSTREAM = re.compile(r"\bupstream\s+(\S+)\s*\{([^}]*)\}")


class Nginx(ServerAdapter):
    """An nginx."""

    event: ClassVar[type[ProbeServer]] = ProbeNginx
    parts: ClassVar[tuple[str, ...]] = ("settings", "servers")

    kind: Literal["nginx"] = Field(description="nginx.")
    address: PageAddress | None = Field(
        default=None, description="Its page of stub_status; needed where it is watched."
    )
    user: Word | None = Field(default=None, description="Who logs in to that page.")
    password: Password | None = Field(default=None, description="The password of that page.")
    tls: ServerTls | None = Field(default=None, description="TLS of that page, for https://.")
    config: Word | None = Field(default=None, description="The main file of its configuration; left out, nginx's own.")

    @classmethod
    def shaped(cls, values: dict[str, Any]) -> dict[str, Any]:
        """What is watched has a page."""
        if "address" not in values and values.get("watch") not in (False, "false", "no", "off", "n"):
            raise wrong("`address`, its page of stub_status", "or write `watch: false`")
        return values

    def connect(self, replica: Startable) -> PageClient:
        """A shell that fetches the page."""
        password = self.password.shell() if self.password else ""
        return PageClient(replica, lambda one: page(one, user=self.user or "", password=password, tls=self.tls))

    def sample(self, replica: Startable) -> SimpleSampling:
        """Samples it."""
        return SimpleSampling(self.connect(replica), [self.address or ""], read_sample)

    def fingerprint(
        self,
        ask: Ask,
        releases: Collection[str],  # noqa: ARG002
        clock: Clock,  # noqa: ARG002
        own: Collection[str] = (),  # noqa: ARG002
    ) -> Mapping[str, StatePart]:
        """Both parts, of the files that nginx would load now."""
        answer = ask(shlex.join(["nginx", "-T", *(["-c", self.config] if self.config else [])]))
        if answer.exit_code:
            return dict.fromkeys(self.parts, StatePart(None, complaint(answer)))
        _, *found = _FILE.split(answer.stdout.decode("utf-8", "backslashreplace"))
        if not found:
            return dict.fromkeys(self.parts, StatePart(None, "nginx -T printed no configuration"))
        contents = dict(zip(found[::2], (text.strip("\n") for text in found[1::2]), strict=True))
        settings = {file: f"{len(text.splitlines())} lines, hash {_hash(text)}" for file, text in contents.items()}
        servers = upstreams("\n".join(contents.values()))
        absent = None if servers else "no upstream is configured"
        unseen = ("whether its files were loaded, on the part",)
        return {"settings": StatePart(settings, unseen=unseen), "servers": StatePart(servers or None, absent=absent)}


def read_sample(text: str) -> Sample:
    """The figures of a page of stub_status."""
    found = _STATUS.search(text)
    if found is None:
        return Sample(error=shortened(f"not a page of stub_status: {text.strip()}"))
    return Sample(dict(zip(FIGURES, map(int, found.groups()), strict=True)))


def upstreams(text: str) -> dict[str, str]:
    """The servers of every upstream: `backend/10.0.0.2:8080` -> `weight=2 backup`."""
    items: dict[str, str] = {}
    for name, block in _UPSTREAM.findall(_COMMENT.sub("", text)):
        for statement in block.split(";"):
            words = statement.split()
            if words[:1] == ["server"] and len(words) > 1:
                items[f"{name}/{words[1]}"] = " ".join(words[2:]) or "up"
    return items


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
