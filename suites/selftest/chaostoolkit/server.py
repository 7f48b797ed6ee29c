"""A small HTTP server that remembers what it was asked."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread


@dataclass
class Asked:
    """Where it is, and the requests so far: method, path, headers, body."""

    port: int = 0
    requests: list[tuple[str, str, dict[str, str], str]] = field(default_factory=list)


@contextmanager
def serving() -> Iterator[Asked]:
    asked = Asked()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = self.rfile.read(length).decode()
            asked.requests.append((self.command, self.path, dict(self.headers), body))
            found = json.dumps({"sunset": "20:15", "items": [{"name": "a"}, {"name": "b"}]}).encode()
            self.send_response(404 if self.path == "/missing" else 503 if self.path == "/ill" else 200)
            self.send_header("Content-Type", "text/plain")
            self.send_header("Content-Length", str(len(found)))
            self.end_headers()
            self.wfile.write(found)

        do_POST = do_GET

        def log_message(self, *_: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    asked.port = server.server_port
    thread = Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
