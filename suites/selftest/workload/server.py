"""A server on 127.0.0.1 that behaves as a test wants, in a thread of its own."""

from __future__ import annotations

import shutil
import socket
import socketserver
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

Behaviour = Callable[["Handler", bytes], bytes | None]


class Handler(socketserver.StreamRequestHandler):
    """Reads a request, and lets the behaviour say the answer; None closes the connection."""

    disable_nagle_algorithm = True

    def handle(self) -> None:
        counted: Any = self.server
        with counted.guard:
            counted.connections += 1
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
        self.connections = 0
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


class TlsServer(Server):
    """Speaks TLS; each handshake is made in the connection's own thread."""

    def __init__(self, behaviour: Behaviour, file: Path) -> None:
        super().__init__(behaviour)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(file)

    def finish_request(self, request: Any, client_address: Any) -> None:
        try:
            with self.context.wrap_socket(request, server_side=True) as spoken:
                Handler(spoken, client_address, self)
        except (ssl.SSLError, OSError):
            return  # what a client thinks of our certificate is its own business


@contextmanager
def tls_serving(behaviour: Behaviour, file: Path) -> Iterator[Server]:
    """The same over TLS, with the certificate and the key of a file."""
    with TlsServer(behaviour, file) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def certificate(folder: Path) -> Path:
    """A file with a key and a certificate for `localhost`, by openssl."""
    if shutil.which("openssl") is None:
        pytest.skip("there is no openssl on this machine")
    file = folder / "server.pem"
    words = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=localhost"]
    words += ["-addext", "subjectAltName=DNS:localhost", "-keyout", str(folder / "key.pem"), "-out", str(file)]
    subprocess.run(words, check=True, capture_output=True)
    file.write_text((folder / "key.pem").read_text() + file.read_text())
    return file
