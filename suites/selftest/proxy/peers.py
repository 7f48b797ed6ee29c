"""Whoever is at the two ends of a proxy: services in threads on 127.0.0.1, and a client of the API."""

from __future__ import annotations

import contextlib
import http.client
import itertools
import json
import os
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

SECONDS = 10.0
# How late a thing may be on a machine that is busy with something else; never early is exact. How late it really is,
# the benchmark shows.
SLACK = 2.0

# The original's toxics, with their attributes as they are by default.
TOXICS = [
    ("latency", {"latency": 0, "jitter": 0}), ("bandwidth", {"rate": 0}), ("slow_close", {"delay": 0}),
    ("timeout", {"timeout": 0}), ("reset_peer", {"timeout": 0}), ("limit_data", {"bytes": 0}), ("noop", {}),
    ("slicer", {"average_size": 0, "size_variation": 0, "delay": 0}),
]  # fmt: skip


@dataclass(frozen=True)
class Reply:
    """What the API answered."""

    status: int
    headers: dict[str, str]
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)


class Api:
    """Asks a Toxiproxy server, one connection for each request."""

    def __init__(self, host: str, port: int) -> None:
        self.host, self.port = host, port

    def __call__(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None, raw: bytes | None = None
    ) -> Reply:
        connection = http.client.HTTPConnection(self.host, self.port, timeout=SECONDS)
        try:
            data = raw if raw is not None else None if body is None else json.dumps(body).encode()
            connection.request(method, path, data, headers or {})
            answer = connection.getresponse()
            names = {name.lower(): value for name, value in answer.getheaders()}
            return Reply(answer.status, names, answer.read().decode())
        finally:
            connection.close()

    def ours(self) -> bool:
        """Whether the server has what is beyond the original."""
        return "rollback-harness" in self("GET", "/version").text

    def toxic(self, proxy: str, type_: str, *, expect: int = 200, **more: Any) -> dict[str, Any]:
        """Add a toxic; keywords that the API does not know are attributes."""
        known = {key: more.pop(key) for key in ("name", "stream", "toxicity", "ttl") if key in more}
        reply = self("POST", f"/proxies/{proxy}/toxics", {"type": type_, "attributes": more, **known})
        assert reply.status == expect, reply.text
        shape: dict[str, Any] = reply.json
        return shape


@dataclass(frozen=True)
class Through:
    """A proxy in front of a service."""

    api: Api
    name: str
    port: int

    def connect(self, timeout: float = SECONDS) -> socket.socket:
        opened = socket.create_connection((self.api.host, self.port), timeout)
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return opened

    def attempt(self) -> tuple[str, bytes]:
        """How a new connection ends by itself. A reset may come as early as in the connect."""
        try:
            with self.connect() as client:
                return how_it_ended(client)
        except ConnectionResetError:
            return "reset", b""

    def toxic(self, type_: str, **more: Any) -> dict[str, Any]:
        return self.api.toxic(self.name, type_, **more)

    def heal(self, toxic: str) -> None:
        assert self.api("DELETE", f"/proxies/{self.name}/toxics/{toxic}").status == 204

    def change(self, toxic: str, **attributes: Any) -> None:
        path = f"/proxies/{self.name}/toxics/{toxic}"
        assert self.api("PATCH", path, {"attributes": attributes}).status == 200

    def stats(self) -> Any:
        return self.api("GET", f"/proxies/{self.name}/stats").json

    def wait_received(self, count: int) -> None:
        """Wait until the proxy has so many bytes from the service. One that cannot be asked is given a moment."""
        if self.api.ours():
            eventually(lambda: self.stats()["bytes"]["downstream"]["received"] >= count)
        else:
            time.sleep(0.2)

    def connections(self) -> Any:
        return self.api("GET", f"/proxies/{self.name}/connections").json


Serve = Callable[[socket.socket], None]


@contextlib.contextmanager
def service(serve: Serve) -> Iterator[int]:
    """A service on a port of its own, one thread for each connection."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=512)

    def one(opened: socket.socket) -> None:
        with opened, contextlib.suppress(OSError):
            opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            opened.settimeout(60)
            serve(opened)

    def accept() -> None:
        while True:
            try:
                opened, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=one, args=(opened,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield listener.getsockname()[1]
    finally:
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()


def echo(opened: socket.socket) -> None:
    """Send back what comes, and end when the client does."""
    while data := opened.recv(65536):
        opened.sendall(data)


def answer_at_end(opened: socket.socket) -> None:
    """Read to the end, then send all of it back: works only over a connection that can be half-closed."""
    data = bytearray()
    while piece := opened.recv(65536):
        data += piece
    opened.sendall(b"got " + data)


def read_all(opened: socket.socket) -> bytes:
    data = bytearray()
    while piece := opened.recv(1 << 18):
        data += piece
    return bytes(data)


def read_exactly(opened: socket.socket, count: int) -> bytes:
    data = bytearray()
    while len(data) < count:
        piece = opened.recv(min(count - len(data), 1 << 18))
        assert piece, f"the connection ended after {len(data)} of {count} bytes"
        data += piece
    return bytes(data)


def round_trip(opened: socket.socket, data: bytes = b"ping") -> float:
    """Seconds until an echo is back."""
    start = time.monotonic()
    opened.sendall(data)
    assert read_exactly(opened, len(data)) == data
    return time.monotonic() - start


def reset(opened: socket.socket) -> None:
    """End a connection with a reset."""
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    opened.close()


def how_it_ended(opened: socket.socket) -> tuple[str, bytes]:
    """("closed" or "reset", the bytes that came before)."""
    data = bytearray()
    try:
        while piece := opened.recv(65536):
            data += piece
    except ConnectionResetError:
        return "reset", bytes(data)
    return "closed", bytes(data)


def on_time(since: float, due: float) -> bool:
    """Whether so many seconds have gone by since a time of `time.monotonic`, and hardly more: not early at all, and
    not later than a machine may stall."""
    return due <= time.monotonic() - since < due + SLACK


def best_trip(opened: socket.socket, count: int = 5) -> float:
    """The shortest of some round trips: what it takes when nothing else is in the way."""
    return min(round_trip(opened) for _ in range(count))


def eventually(claim: Callable[[], Any], seconds: float = SECONDS) -> Any:
    """The first true value of the claim. Fails after so many seconds."""
    deadline = time.monotonic() + seconds
    while not (value := claim()):
        assert time.monotonic() < deadline, f"not true after {seconds} s: {value!r}"
        time.sleep(0.005)
    return value


# Below the ports that the kernel gives to connections, which may take a free one before a server has it; each process
# of tests goes on from a place of its own.
FIRST = os.getpid() * 97 % 17000
PORTS: Iterator[int] = itertools.cycle([*range(15000 + FIRST, 32000), *range(15000, 15000 + FIRST)])


def free_port() -> int:
    """One on which nothing listens, for a server that cannot choose for itself."""
    for port in PORTS:
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port
    raise AssertionError("they come again and again")
