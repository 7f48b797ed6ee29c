"""HAProxy, before the proxy and behind it, with a client that keeps its connections."""

from __future__ import annotations

import http.client
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from suites.selftest.proxy.conftest import front
from suites.selftest.proxy.peers import Api, eventually, free_port
from suites.selftest.proxy.toxics.test_http_status import ask, serving

CONFIG = """
global
    maxconn 100
defaults
    mode http
    timeout connect 5s
    timeout client 30s
    timeout server 30s
    http-reuse always
frontend web
    bind 127.0.0.1:{port}
    default_backend services
backend services
    option httpchk GET /healthz
    server one 127.0.0.1:{upstream} check inter 50ms fall 2 rise 2
"""
Balance = Callable[[int], int]


@pytest.fixture
def haproxy(tmp_path: Path) -> Iterator[Balance]:
    """Starts a HAProxy in front of a port; the port that it listens on."""
    program = shutil.which("haproxy", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if program is None:
        pytest.skip("there is no haproxy on this machine")
    started = []

    def start(upstream: int) -> int:
        port = free_port()
        config = tmp_path / f"{port}.cfg"
        config.write_text(CONFIG.format(port=port, upstream=upstream))
        started.append(subprocess.Popen([program, "-db", "-q", "-f", str(config)], stderr=subprocess.DEVNULL))
        eventually(lambda: status(port, "/") == 200)
        return port

    yield start
    for process in started:
        process.terminate()
        process.wait(10)


def status(port: int, path: str) -> int:
    """Of one request; 0 if nobody listens."""
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        return ask(client, "GET", path)[0]
    except ConnectionRefusedError:
        return 0
    finally:
        client.close()


def test_behind_the_proxy_it_keeps_the_clients_connection(ours: Api, haproxy: Balance) -> None:
    with serving() as service:
        made = front(ours, "behind", haproxy(service))
        made.toxic("http_status", paths=["/nothing"])
        client = http.client.HTTPConnection("127.0.0.1", made.port, timeout=10)
        for number in range(200):
            assert ask(client, "GET", f"/{number}") == (200, f"GET /{number} ".encode())
            assert ask(client, "POST", "/", bytes(number * 100)) == (200, b"POST / " + bytes(number * 100))
        client.close()
    assert made.stats()["connections"]["accepted"] == 1
    assert made.stats()["toxics"]["http_status_upstream"]["bytes"] == 0


def test_before_the_proxy_it_keeps_its_connections_and_notices_what_a_toxic_does(ours: Api, haproxy: Balance) -> None:
    with serving() as service:
        made = front(ours, "before", service)
        port = haproxy(made.port)
        client = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        before = made.stats()["bytes"]["upstream"]["received"]
        for number in range(200):
            assert ask(client, "POST", f"/{number}", b"x" * number) == (
                200,
                f"POST /{number} ".encode() + b"x" * number,
            )
        assert made.stats()["bytes"]["upstream"]["received"] - before > sum(range(200))
        made.toxic("http_status", paths=["/bad"], status=418, body="teapot")
        assert [ask(client, "GET", path) for path in ("/bad", "/ok", "/bad")] == [
            (418, b"teapot"), (200, b"GET /ok "), (418, b"teapot"),
        ]  # fmt: skip
        ours("POST", "/proxies/before", {"enabled": False})
        eventually(lambda: status(port, "/") == 503)
        ours("POST", "/proxies/before", {"enabled": True})
        eventually(lambda: status(port, "/") == 200)
        made.toxic("http_status", name="sick", paths=["/healthz"])
        eventually(lambda: status(port, "/ok") == 503)
        made.heal("sick")
        eventually(lambda: status(port, "/ok") == 200)
        client.close()
