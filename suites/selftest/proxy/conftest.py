"""A server for the tests of a process, and proxies on it.

`pytest suites/selftest/proxy --toxiproxy=host:port` points the tests at a server that runs already on this machine, of
whatever make. Its proxies are then removed; the tests of what is beyond the original are skipped unless it is ours.
"""

from __future__ import annotations

import itertools
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from urllib.parse import quote

import pytest

from suites.selftest.proxy.peers import Api, Serve, Through, echo, service

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
