"""RabbitMQ, asked over the HTTP API of its management plugin.

A sample counts messages, connections and memory, as they were up to five seconds ago: that is how often RabbitMQ does.
A fingerprint holds its definitions: queues, exchanges, bindings, users, permissions, policies, parameters.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Collection, Iterator, Mapping
from typing import Any, ClassVar, Literal
from urllib.parse import quote

from pydantic import Field

from harness import redaction
from harness.clock import Clock
from harness.events import ProbeRabbitmq, ProbeServer
from harness.fingerprint import StatePart
from harness.kept import Startable
from harness.printable import shortened
from harness.servers._base import (
    Ask,
    DeclaredQueue,
    PageAddress,
    Password,
    QueueAnswer,
    Sample,
    ServerAdapter,
    ServerTls,
    SimpleSampling,
    complaint,
)  # fmt: skip
from harness.servers._http import PageClient, page, together
from harness.stack.base import Truth, Word

TOTALS = {"messages": "messages", "ready": "messages_ready", "unacknowledged": "messages_unacknowledged"}
OBJECTS = ("connections", "channels", "queues", "consumers")
ALARMS = ("mem_alarm", "disk_free_alarm")


class RabbitQueue(DeclaredQueue):
    """A queue of this broker."""

    name: Word = Field(description="The queue's name.")
    vhost: Word = Field(default="/", description="Its virtual host.")
    oldest: Truth = Field(
        default=False, description="Whether the publishers give messages a timestamp, by which the oldest is known."
    )
    holds: Literal["time"] = Field(default="time", description="What a message's timestamp is.")


class RabbitMQ(ServerAdapter):
    """A RabbitMQ."""

    event: ClassVar[type[ProbeServer]] = ProbeRabbitmq
    parts: ClassVar[tuple[str, ...]] = ("schema", "roles", "settings")

    kind: Literal["rabbitmq"] = Field(description="RabbitMQ, with its management plugin.")
    address: PageAddress = Field(default="http://127.0.0.1:15672", description="Its management plugin, without /api.")
    user: Word = Field(default="guest", description="Who logs in; needs the tag `administrator` for definitions.")
    password: Password | None = Field(
        default=None, description="Left out: RABBITMQ_DEFAULT_PASS of the container, else `guest`."
    )
    tls: ServerTls | None = Field(default=None, description="TLS, for https://.")
    queue: RabbitQueue | None = Field(default=None, description="A queue of jobs.")

    def _page(self, path: str) -> str:
        password = self.password.shell() if self.password else '"${RABBITMQ_DEFAULT_PASS:-guest}"'
        return page(f"{self.address.rstrip('/')}/api/{path}", user=self.user, password=password, tls=self.tls)

    def connect(self, replica: Startable) -> PageClient:
        """A shell that fetches pages by their path below /api/."""
        return PageClient(replica, self._page)

    def once(self, *questions: str) -> list[str]:
        """The pages."""
        return together(questions, self._page)

    def sample(self, replica: Startable) -> SimpleSampling:
        """Samples it."""
        return SimpleSampling(self.connect(replica), ["overview", "nodes"], read_sample)

    def queue_questions(self) -> tuple[str, ...]:
        """The page of the queue."""
        return () if self.queue is None else (f"queues/{quote(self.queue.vhost, '')}/{quote(self.queue.name, '')}",)

    def read_queue(self, text: str) -> QueueAnswer:
        """Ready messages and those that a consumer has not acknowledged wait alike."""
        try:
            found = json.loads(text)
            depth = found["messages"]
        except (ValueError, TypeError, KeyError):
            return QueueAnswer(None, error=shortened(f"no number of messages in the answer: {text}"))
        if self.queue is None or not self.queue.oldest:
            return QueueAnswer(depth, known=False)
        oldest = found.get("head_message_timestamp")
        missing = "the oldest message has no timestamp" if depth and not isinstance(oldest, int) else None
        return QueueAnswer(depth, oldest if depth else None, error=missing)

    def fingerprint(
        self,
        ask: Ask,
        releases: Collection[str],  # noqa: ARG002
        clock: Clock,  # noqa: ARG002
        own: Collection[str] = (),  # noqa: ARG002
    ) -> Mapping[str, StatePart]:
        """All parts, from the definitions."""
        answer = ask(shlex.join(self.once("definitions")))
        if answer.exit_code:
            return dict.fromkeys(self.parts, StatePart(None, f"rabbitmq: {complaint(answer)}"))
        found = json.loads(answer.stdout)
        return {
            name: StatePart(dict(read(found)), unseen=("messages in queues",))
            for name, read in zip(self.parts, (_schema, _roles, _settings), strict=True)
        }


def read_sample(text: str) -> Sample:
    """The fields of the pages `overview` and `nodes`; a broker that was just started has not counted all of them."""
    decoder = json.JSONDecoder()
    try:
        overview, end = decoder.raw_decode(text.lstrip())
        nodes, _ = decoder.raw_decode(text.lstrip()[end:].lstrip())
        node = next(one for one in nodes if one["name"] == overview["node"])
        totals, objects = overview["queue_totals"], overview["object_totals"]
    except (ValueError, TypeError, KeyError, StopIteration):
        return Sample(error=shortened(f"not an overview and its nodes: {text.strip()}"))
    found = {name: totals.get(key) for name, key in TOTALS.items()} | {name: objects.get(name) for name in OBJECTS}
    uptime = node.get("uptime")
    return Sample({
        **found,
        "memory": node.get("mem_used"),
        "memory_limit": node.get("mem_limit"),
        "alarms": [name for name in ALARMS if node.get(name)],
        "uptime": None if uptime is None else uptime // 1000,
    })  # fmt: skip


Items = Iterator[tuple[str, str]]


def _schema(found: Mapping[str, Any]) -> Items:
    for kind in ("queues", "exchanges"):
        for one in found.get(kind, ()):
            yield f"{kind[:-1]} {_name(one)}", _rest(one)
    for one in found.get("bindings", ()):
        way = f"{one['source']} -> {one['destination_type']} {one['destination']}"
        yield f"binding {_of(one, way)} by {one['routing_key'] or 'no key'}", _rest(one, *BINDING)


BINDING = ("source", "destination", "destination_type", "routing_key")


def _roles(found: Mapping[str, Any]) -> Items:
    for one in found.get("users", ()):
        tags = one["tags"] if isinstance(one["tags"], str) else ", ".join(one["tags"])
        yield f"user {one['name']}", f"{tags or 'no tag'}, {redaction.setting('password', one['password_hash'])}"
    for kind in ("permissions", "topic_permissions"):
        for one in found.get(kind, ()):
            where = f" in {one['exchange']}" if "exchange" in one else ""
            yield f"{kind} of {one['user']} on {one['vhost']}{where}", _rest(one, "user", "exchange")


def _settings(found: Mapping[str, Any]) -> Items:
    for one in found.get("vhosts", ()):
        yield f"vhost {one['name']}", _rest(one)
    for one in found.get("policies", ()):
        yield f"policy {_name(one)}", _rest(one)
    for one in found.get("parameters", ()):
        yield f"parameter {one['component']} {_name(one)}", redaction.setting(one["name"], _rest(one, "component"))
    for one in found.get("global_parameters", ()):
        yield f"parameter {one['name']}", redaction.setting(one["name"], _rest(one))


def _name(one: Mapping[str, Any]) -> str:
    return _of(one, str(one["name"]))


def _of(one: Mapping[str, Any], what: str) -> str:
    """A thing, with its virtual host where that is not the usual one."""
    vhost = one.get("vhost", "/")
    return what if vhost == "/" else f"{what} of {vhost}"


def _rest(one: Mapping[str, Any], *known: str) -> str:
    """What else is said of a thing."""
    said = {key: value for key, value in sorted(one.items()) if key not in ("name", "vhost", *known) and value != {}}
    return json.dumps(said, sort_keys=True)[1:-1] if said else ""
