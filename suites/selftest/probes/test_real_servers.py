"""Probes of real servers on this machine: those that refuse, are not ready yet, or are asked in another way."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.history import Event, History
from harness.probes.haproxy import HAProxy
from harness.probes.postgres import Postgres
from harness.probes.redis import Redis
from suites.selftest.probes.local import LocalStart, until
from suites.selftest.proxy.conftest import answers, postgres_programs
from suites.selftest.proxy.peers import free_port

QUIET = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}


def told(place: Any, good: Callable[[Event], bool]) -> Event:
    """Look until an event is as it should be; the last one."""
    seen: list[Event] = []

    def look() -> bool:
        place.begin(len(seen))
        seen.append(place.finish(time.monotonic() + 1.0))
        return good(seen[-1])

    assert until(look, 60.0), seen[-1].data
    place.close()
    return seen[-1]


def answered(event: Event) -> bool:
    return event.data["error"] is None


@contextlib.contextmanager
def running(command: list[Any], **options: Any) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen([str(word) for word in command], **{**QUIET, **options})
    try:
        yield process
    finally:
        process.send_signal(signal.SIGINT)  # which PostgreSQL takes as: now, whoever is connected
        process.wait(20)


@pytest.fixture(scope="module")
def database() -> Iterator[int]:
    """A PostgreSQL that asks for a password, and counts statements; its port."""
    programs = postgres_programs()
    if programs is None:
        pytest.skip("there is no PostgreSQL on this machine")
    user = "nobody" if os.geteuid() == 0 else None  # PostgreSQL refuses to run as root
    with tempfile.TemporaryDirectory() as place:
        data, port = Path(place, "data"), free_port()
        Path(place, "password").write_text("right")
        if user:
            shutil.chown(place, user)
        initialise = [programs / "initdb", "-D", data, "-U", "app", "-A", "scram-sha-256", f"--pwfile={place}/password"]
        subprocess.run(initialise, check=True, cwd=place, user=user, **QUIET)  # type: ignore[call-overload]
        serve = [programs / "postgres", "-D", data, "-p", port, "-h", "127.0.0.1", "-k", place, "-F"]
        serve += ["-c", "shared_preload_libraries=pg_stat_statements"]
        with running(serve, cwd=place, user=user):
            yield port


@pytest.fixture
def app(database: int, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Runs statements as `app`, whose password the client knows from its surroundings."""
    for name, value in (("PGHOST", "127.0.0.1"), ("PGPORT", str(database)), ("PGPASSWORD", "right")):
        monkeypatch.setenv(name, value)

    command = ["psql", "-X", "-w", "-q", "-U", "app", "-d", "postgres", "-v", "ON_ERROR_STOP=1", "-c"]

    def ran(statements: str) -> str:
        return subprocess.run([*command, statements], check=False, capture_output=True, text=True).stderr

    def run(statements: str) -> None:
        assert "ERROR" not in (said := ran(statements)), said

    assert until(lambda: ran("SELECT 1") == "")

    return run


def probe() -> Postgres:
    return Postgres(History(), LocalStart("database-1"), "h1", "app", "postgres")


def test_a_wrong_password_is_told_in_postgresqls_words(
    app: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    app("SELECT 1")
    assert told(probe(), answered).data["role"] == "primary"
    for wrong, words in (("wrong", "password authentication failed"), (None, "no password supplied")):
        monkeypatch.delenv("PGPASSWORD", raising=False)
        if wrong:
            monkeypatch.setenv("PGPASSWORD", wrong)
        refused = told(probe(), lambda event: words in str(event.data["error"])).data  # noqa: B023
        assert words in refused["error"]
        assert (refused["connections"], refused["schema"]) == (None, None)


@pytest.mark.parametrize(("schema", "source"), [("public", "pg_stat_statements"), ("away", "pg_stat_activity")])
def test_statements_come_from_the_extension_where_it_can_be_asked(
    app: Callable[[str], None], schema: str, source: str
) -> None:
    app("CREATE SCHEMA IF NOT EXISTS away; DROP EXTENSION IF EXISTS pg_stat_statements")
    app(f"CREATE EXTENSION pg_stat_statements SCHEMA {schema}")
    app("SELECT pg_sleep(0.2)")
    seen = told(probe(), answered).data
    assert seen["slowest_from"] == source
    slow = [seconds for seconds, statement in seen["slowest"] or () if "pg_sleep" in statement]
    assert all(seconds > 0.15 for seconds in slow)
    assert bool(slow) == (source == "pg_stat_statements")


def test_a_statement_that_the_server_cannot_prepare_is_told_in_its_words(app: Callable[[str], None]) -> None:
    app("SELECT 1")
    one = probe()
    one._slowest = "activity"
    one._client.ask("SELECT 1")
    assert one._client.answer(time.monotonic() + 20.0).text == "1\n"
    one._client.ask("DEALLOCATE ALL", "CREATE TEMP TABLE pg_locks (x int)", "SELECT 2")
    assert one._client.answer(time.monotonic() + 20.0).text == "2\n"
    errors = []
    for tick in (1, 2):
        one.begin(tick)
        errors.append(one.finish(time.monotonic() + 10.0).data["error"])
    one.close()
    assert 'prepared statement "look_activity_schema" does not exist' in errors[0]
    assert 'column "granted" does not exist' in errors[1]


@pytest.fixture
def redis(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The command of a Redis on a port to which `redis-cli` goes by itself."""
    server, client = shutil.which("redis-server"), shutil.which("redis-cli")
    if server is None or client is None:
        pytest.skip("there is no Redis on this machine")
    port = free_port()
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "redis-cli").write_text(f'#!/bin/sh\nexec {client} -p {port} "$@"\n')
    (programs / "redis-cli").chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    return [
        server,
        "--port",
        str(port),
        "--bind",
        "127.0.0.1",
        "--dir",
        str(tmp_path),
        "--save",
        "",
        "--appendonly",
        "no",
    ]


def test_a_redis_that_loads_its_data_says_so_until_it_is_ready(redis: list[str], tmp_path: Path) -> None:
    port = int(redis[2])
    with running(redis):
        assert until(lambda: answers(port, b"PING\r\n", b"+PONG"))
        for command in (["EVAL", "for i=1,3000 do redis.call('SET','k'..i,string.rep('x',100)) end", "0"], ["SAVE"]):
            assert subprocess.run(["redis-cli", *command], check=False, **QUIET).returncode == 0  # type: ignore[call-overload]
    assert (tmp_path / "dump.rdb").exists()
    slowly = ["--key-load-delay", "1000", "--loading-process-events-interval-bytes", "1024"]  # µs for each key
    with running([*redis, *slowly]):
        loading = told(
            Redis(History(), LocalStart("cache-1"), "h1"),
            lambda event: "is loading its data" in str(event.data["error"]),
        )
        assert loading.data["keys"] is None
        ready = told(Redis(History(), LocalStart("cache-1"), "h1"), answered)
    assert (ready.data["keys"], ready.data["role"]) == (3000, "master")


CONFIG = """
global
    stats socket {socket} mode 600 level operator
defaults
    mode http
    timeout connect 5s
    timeout client 30s
    timeout server 30s
frontend page
    bind 127.0.0.1:{port}
    stats enable
    stats uri /stats
backend services
    server one 127.0.0.1:1 weight 3
    server two 127.0.0.1:1 disabled
"""


@pytest.fixture
def haproxy(tmp_path: Path) -> Iterator[tuple[str, str]]:
    """Socket and statistics page of a HAProxy."""
    program = shutil.which("haproxy", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if program is None:
        pytest.skip("there is no HAProxy on this machine")
    port, socket, config = free_port(), tmp_path / "api.sock", tmp_path / "haproxy.cfg"
    config.write_text(CONFIG.format(socket=socket, port=port))
    with running([program, "-db", "-q", "-f", config]):
        yield str(socket), f"http://127.0.0.1:{port}/stats"


@pytest.mark.parametrize("way", ["socket", "url"])
def test_haproxys_servers_are_the_same_by_its_socket_and_by_its_page(haproxy: tuple[str, str], way: str) -> None:
    tools = {"socket": ("socat", "nc"), "url": ("curl",)}[way]
    if not any(map(shutil.which, tools)):
        pytest.skip(f"there is no {' and no '.join(tools)} on this machine")
    where = dict(zip(("socket", "url"), haproxy, strict=True))[way]
    seen = told(HAProxy(History(), LocalStart("lb-1"), "h1", **{way: where}), answered).data
    assert [row[:5] for row in seen["servers"]] == [
        ["services", "one", "no check", 3, 0],
        ["services", "two", "MAINT", 1, 0],
    ]


def test_a_page_that_is_none_is_told_in_curls_words(haproxy: tuple[str, str]) -> None:
    lost = HAProxy(History(), LocalStart("lb-1"), "h1", url=haproxy[1].replace("/stats", "/nothing"))
    seen = told(lost, lambda event: "503" in str(event.data["error"])).data
    assert "503" in seen["error"]
    assert seen["servers"] is None
