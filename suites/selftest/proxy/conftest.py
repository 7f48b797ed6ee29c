"""A server for the tests of a process, and proxies on it.

`pytest suites/selftest/proxy --toxiproxy=host:port` points the tests at a server that runs already on this machine, of
whatever make. Its proxies are then removed; the tests of what is beyond the original are skipped unless it is ours.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from suites.selftest.proxy.peers import Api, Serve, Through, echo, eventually, free_port, service

NUMBERS = itertools.count(1)
Make = Callable[..., Through]


def start(*flags: str) -> tuple[subprocess.Popen[str], Api]:
    """A server of its own, on a free port. It ends with its process."""
    command = [sys.executable, "-m", "harness.proxy", "-host", "127.0.0.1", "-port", "0", *flags]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env={**os.environ, "LOG_LEVEL": "info"})
    assert process.stderr is not None
    for line in process.stderr:
        found = re.search(r"listening address=127\.0\.0\.1:(\d+)", line)
        if found:
            return process, Api("127.0.0.1", int(found[1]))
    raise AssertionError("the server did not start")


@pytest.fixture(scope="session")
def shared_server(request: pytest.FixtureRequest) -> Iterator[Api]:
    given = request.config.getoption("--toxiproxy")
    if given:
        yield Api(*given)
        return
    process, api = start("-seed", "1", "-proxy-metrics", "-runtime-metrics")
    assert process.stderr is not None
    process.stderr.close()
    yield api
    process.terminate()
    assert process.wait(10) == 0


@pytest.fixture
def api(shared_server: Api) -> Iterator[Api]:
    """A server without proxies."""
    yield shared_server
    for name in shared_server("GET", "/proxies").json:
        shared_server("DELETE", f"/proxies/{quote(name)}")


@pytest.fixture
def ours(api: Api) -> Api:
    """A server that has what is beyond the original."""
    if not api.ours():
        pytest.skip("the server is not one of ours")
    return api


@pytest.fixture
def metrics(ours: Api) -> Api:
    """A server that shows all its metrics."""
    if "process_open_fds" not in (text := ours("GET", "/metrics").text) or "toxiproxy_proxy_" not in text:
        pytest.skip("the server runs without -proxy-metrics or without -runtime-metrics")
    return ours


@pytest.fixture
def through(api: Api) -> Iterator[Make]:
    """Makes a service, an echo unless told, and a proxy in front of it."""
    opened = []

    def make(serve: Serve = echo) -> Through:
        serving = service(serve)
        port = serving.__enter__()
        opened.append(serving)
        name = f"p{next(NUMBERS)}"
        made = api("POST", "/proxies", {"name": name, "listen": "127.0.0.1:0", "upstream": f"127.0.0.1:{port}"})
        assert made.status == 201, made.text
        return Through(api, name, int(made.json["listen"].rpartition(":")[2]))

    yield make
    for serving in opened:
        serving.__exit__(None, None, None)


# Real services behind a proxy, where this machine has them.


def answers(port: int, question: bytes, answer: bytes) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1) as asked:
        asked.sendall(question)
        return asked.recv(100).startswith(answer)
    return False


@pytest.fixture(scope="session")
def redis_port() -> Iterator[int]:
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("there is no redis-server on this machine")
    for _ in range(3):  # between the search for a free port and its use, somebody else may take it
        port = free_port()
        command = [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, cwd=tempfile.gettempdir())
        eventually(lambda: answers(port, b"PING\r\n", b"+PONG") or process.poll() is not None, 60)  # noqa: B023
        if process.poll() is None:
            break
    else:
        raise AssertionError(f"redis-server ended by itself three times, at last with {process.returncode}")
    yield port
    process.terminate()
    process.wait(20)


def postgres_programs() -> Path | None:
    found = shutil.which("initdb")
    places = [Path(found).resolve().parent] if found else sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    return next((place for place in reversed(places) if (place / "initdb").exists()), None)


@pytest.fixture(scope="session")
def postgres_port() -> Iterator[int]:
    programs = postgres_programs()
    if programs is None:
        pytest.skip("there is no PostgreSQL on this machine")
    user = "nobody" if os.geteuid() == 0 else None  # PostgreSQL refuses to run as root
    port = free_port()
    with tempfile.TemporaryDirectory() as place:
        if user:
            shutil.chown(place, user)
        data = f"{place}/data"
        settings = {"cwd": place, "user": user, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        initialise = [programs / "initdb", "-D", data, "-U", "app", "-A", "trust", "-N", "-E", "UTF8", "--locale=C"]
        subprocess.run(initialise, check=True, **settings)  # type: ignore[call-overload]
        command = [programs / "postgres", "-D", data, "-p", str(port), "-h", "127.0.0.1", "-k", place, "-F"]
        process = subprocess.Popen(command, **settings)  # type: ignore[call-overload]
        greeting = b"\0\3\0\0user\0app\0database\0postgres\0\0"
        greeting = (len(greeting) + 4).to_bytes(4, "big") + greeting
        eventually(lambda: answers(port, greeting, b"R"), 60)  # before it is ready, it answers with an error
        yield port
        process.terminate()
        process.wait(20)


def front(api: Api, name: str, upstream: int) -> Through:
    made = api("POST", "/proxies", {"name": name, "listen": "127.0.0.1:0", "upstream": f"127.0.0.1:{upstream}"})
    assert made.status == 201, made.text
    return Through(api, name, int(made.json["listen"].rpartition(":")[2]))


@pytest.fixture
def cache(ours: Api, redis_port: int) -> Through:
    """A proxy in front of an empty Redis."""
    with socket.create_connection(("127.0.0.1", redis_port), 5) as direct:
        direct.sendall(b"FLUSHALL\r\n")
        assert direct.recv(10) == b"+OK\r\n"
    return front(ours, "cache", redis_port)


@pytest.fixture
def database(ours: Api, postgres_port: int) -> Through:
    """A proxy in front of a PostgreSQL."""
    return front(ours, "database", postgres_port)
