"""A server on 127.0.0.1 that behaves as a test wants, in a thread of its own."""

from __future__ import annotations

import socket
import socketserver
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

Behaviour = Callable[["Handler", bytes], bytes | None]


class Handler(socketserver.StreamRequestHandler):
    """Reads a request, and lets the behaviour say the answer; None closes the connection."""

    disable_nagle_algorithm = True

    def handle(self) -> None:
        while True:
            head = b""
            try:
                while line := self.rfile.readline():
                    head += line
                    if line == b"\r\n":
                        break
                if not head:
                    return
                server: Any = self.server
                with server.guard:
                    server.requests.append(head)
                answer = server.behaviour(self, head)
                if answer is None:
                    return
                self.wfile.write(answer)
            except OSError:
                return


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, behaviour: Behaviour) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.behaviour = behaviour
        self.requests: list[bytes] = []
        self.guard = threading.Lock()

    @property
    def port(self) -> int:
        return int(self.server_address[1])


def answer(status: int = 202, extra: str = "") -> bytes:
    return f"HTTP/1.1 {status} Whatever\r\nContent-Length: 2\r\n{extra}\r\nok".encode()


def good(handler: Handler, head: bytes) -> bytes | None:
    return answer()


def telling(data: bytes) -> Behaviour:
    """Answers every request with these bytes."""

    def behave(handler: Handler, head: bytes) -> bytes | None:
        return data

    return behave


def stalling(seconds: float, after: float) -> Behaviour:
    """Answers, but for one stall of every request, `after` seconds after the first one came."""
    began: list[float] = []

    def behave(handler: Handler, head: bytes) -> bytes | None:
        now = time.monotonic()
        began.append(now)
        into = now - began[0] - after
        if 0 <= into < seconds:
            time.sleep(seconds - into)
        return answer()

    return behave


def silent(handler: Handler, head: bytes) -> bytes | None:
    handler.connection.recv(1)  # until the client goes
    return None


@contextmanager
def serving(behaviour: Behaviour) -> Iterator[Server]:
    with Server(behaviour) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def closed_port() -> int:
    """A port of 127.0.0.1 on which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
