"""A daemon that answers what it is told to, on a socket; for what a real one does not do on demand."""

from __future__ import annotations

import json
import socketserver
import ssl
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

VERSION = {"Version": "29.1.0", "ApiVersion": "1.52", "MinAPIVersion": "1.44", "Os": "linux", "Arch": "amd64"}


class _Server(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True


@contextmanager
def daemon(path: Path, answers: Mapping[str, Any]) -> Iterator[None]:
    """Serve JSON answers by path on a socket, each 200; everything else is 404. Gone when the block ends."""
    with _Server(str(path), _handler(answers)) as server, _serving(server):
        yield
    path.unlink()


@contextmanager
def tls_daemon(certificates: Path, answers: Mapping[str, Any]) -> Iterator[int]:
    """The same on a port of 127.0.0.1, which is yielded, behind TLS that asks for a client's certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates / "cert.pem", certificates / "key.pem")
    context.load_verify_locations(certificates / "ca.pem")
    context.verify_mode = ssl.CERT_REQUIRED
    with ThreadingHTTPServer(("127.0.0.1", 0), _handler(answers)) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        with _serving(server):
            yield server.server_address[1]


@contextmanager
def _serving(server: socketserver.BaseServer) -> Iterator[None]:
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()


def _handler(answers: Mapping[str, Any]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            found = answers.get(self.path)
            body = json.dumps({"message": "page not found"} if found is None else found).encode()
            self.send_response(404 if found is None else 200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            """Nothing: the tests' output is theirs."""

        def address_string(self) -> str:
            return "somebody"

    return Handler


def certificates(directory: Path) -> None:
    """A certificate for 127.0.0.1, signed by itself, for both sides: ca.pem, cert.pem, key.pem."""
    call = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=127.0.0.1"]
    call += ["-addext", "subjectAltName=IP:127.0.0.1"]
    call += ["-keyout", str(directory / "key.pem"), "-out", str(directory / "cert.pem")]
    subprocess.run(call, check=True, capture_output=True)
    (directory / "ca.pem").write_bytes((directory / "cert.pem").read_bytes())
