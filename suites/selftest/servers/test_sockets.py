"""Whatever tool an image has, its servers' sockets and pages are reached by it."""

from __future__ import annotations

import http.server
import shutil
import socketserver
import subprocess
import sys
import threading
import time
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.servers._base import Client, piped
from harness.servers._http import fetching, page
from harness.servers._socket import connected
from suites.selftest.probes.local import LocalStart

pytestmark = pytest.mark.programs

BUSYBOX = f"{shutil.which('busybox')} nc" if shutil.which("busybox") else None
ANSWER = "line of an answer\n" * 5000  # more than a pipe or a socket takes at once


class Lines(socketserver.StreamRequestHandler):
    """Answers `ask` at length and ends the connection after `quit`."""

    def handle(self) -> None:
        for line in self.rfile:
            if line == b"quit\n":
                return
            self.wfile.write(ANSWER.encode() + b"END\n")


@pytest.fixture
def address(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a server on a port, or on a path."""
    place = str(tmp_path / "a socket") if request.param == "path" else ("127.0.0.1", 0)
    kind = socketserver.ThreadingUnixStreamServer if request.param == "path" else socketserver.ThreadingTCPServer
    with kind(place, Lines) as server:  # type: ignore[arg-type]
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield place if isinstance(place, str) else f"127.0.0.1:{server.socket.getsockname()[1]}"
        server.shutdown()
        thread.join(10)


def only(monkeypatch: pytest.MonkeyPatch, directory: Path, *tools: str) -> None:
    """An image that has these tools alone."""
    directory.mkdir()
    for name in (*tools, "sh", "cat", "printf", "sed", "base64", "tr", "grep"):
        found = {"python3": sys.executable, "nc": shutil.which("nc") or BUSYBOX}.get(name, shutil.which(name))
        if found is None:
            pytest.skip(f"there is no {name} on this machine")
        (directory / name).write_text(f'#!/bin/sh\nexec {found} "$@"\n')
        (directory / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(directory))


@pytest.mark.parametrize(
    ("address", "tool"),
    [(kind, tool) for kind in ("port", "path") for tool in ("socat", "nc", "bash", "perl", "python3")
     if (kind, tool) != ("path", "bash")],
    indirect=["address"],
)  # fmt: skip
def test_a_socket_is_asked_once_and_over_a_connection_that_is_kept(
    address: str, tool: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    if tool == "nc" and address.startswith("/") and shutil.which("nc") is None:
        pytest.skip("there is no nc on this machine but busybox's, which has no unix sockets")
    only(monkeypatch, tmp_path / "bin", tool)
    done = subprocess.run(piped(["ask", "quit"], connected(address)), capture_output=True, check=False, timeout=30)
    assert done.stdout.decode() == f"{ANSWER}END\n"
    client = Client(LocalStart("server-1"), connected(address), mark=b"END\n")
    for _ in range(2):
        client.ask("ask")
        assert client.answer(time.monotonic() + 20.0).text == ANSWER
    client.close()


@pytest.mark.parametrize("address", ["/run/no.sock", "127.0.0.1:1"])
def test_an_image_without_any_tool_says_so(address: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    only(monkeypatch, tmp_path / "bin")
    done = subprocess.run(piped(["ask"], connected(address)), capture_output=True, check=False, timeout=30)
    assert done.returncode == 127
    assert b"the image has none of socat, nc" in done.stdout


class Page(http.server.BaseHTTPRequestHandler):
    """Says who logged in."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write((self.headers["Authorization"] or "nobody").encode())

    def log_message(self, *_: object) -> None:
        pass


@pytest.mark.parametrize("tool", ["curl", "wget"])
def test_a_page_is_fetched_with_a_login_by_curl_or_wget(
    tool: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    only(monkeypatch, tmp_path / "bin", tool)
    password = 'a "b\\c" é'
    monkeypatch.setenv("SECRET", password)
    login = "Basic " + b64encode(f"ops:{password}".encode()).decode()
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_address[1]}/"
        for command, expected in (
            (fetching(url, 5), "nobody"),
            (["sh", "-c", page(url, user="ops", password='"$SECRET"')], login),
        ):
            done = subprocess.run(command, capture_output=True, check=False, timeout=30, text=True)
            assert done.stdout == expected, done.stderr
        server.shutdown()
