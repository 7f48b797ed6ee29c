"""Memcached: read as it answers, and a real one, over its port and its unix socket."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from harness.servers import memcached as adapter
from harness.servers.memcached import Memcached, _keys, _ttl, read_sample
from suites.selftest.proxy.conftest import answers
from suites.selftest.proxy.peers import free_port
from suites.selftest.servers.real import fingerprint, items, program, running, sampled, sh, up


def declared(address: str) -> Memcached:
    return Memcached(kind="memcached", address=address)


def test_stats_become_figures_and_anything_else_its_words() -> None:
    found = read_sample("STAT pid 7\r\nSTAT uptime 5\r\nSTAT curr_items 3\r\nSTAT bytes x\r\nEND\r\n").fields
    assert (found["uptime"], found["keys"], found["memory"], found["hits"]) == (5, 3, None, None)
    assert read_sample("ERROR\r\n").error == "not what stats says: ERROR"


@pytest.mark.parametrize(("left", "kind"), [(59, 1), (60, 2), (3600, 3), (86400, 4)])
def test_a_time_to_live_has_its_class(left: int, kind: int) -> None:
    assert _ttl(1000 + left, 1000) == kind
    assert _ttl(-1, 1000) == 0


@pytest.mark.parametrize("text", ["", "key=a exp=-1 size=1\r\nkey=b exp=-1", "ERROR metadump not allowed\r\n"])
def test_a_dump_that_is_cut_off_or_refused_is_never_a_cache_with_fewer_keys(text: str) -> None:
    assert _keys(text, {"time": "1"}, ()).items is None


@pytest.fixture
def command() -> list[str]:
    return [program("memcached", "memcached"), *(["-u", "root"] if os.geteuid() == 0 else [])]


@pytest.fixture
def port(command: list[str]) -> Iterator[int]:
    made = free_port()
    with running([*command, "-l", "127.0.0.1", "-p", made, "-U", "0"]) as process:
        up(process, lambda: answers(made, b"version\r\n", b"VERSION"))
        yield made


@pytest.fixture
def store(port: int) -> Callable[..., None]:
    """Stores a value, by its key, for so many seconds."""

    def run(key: str, seconds: int = 0, value: str = "x") -> None:
        line = f"set {key} 0 {seconds} {len(value)}\\r\\n{value}\\r\\nquit\\r\\n"
        assert "STORED" in sh(f"printf '{line}' | socat -t 5 - TCP:127.0.0.1:{port}")

    program("socat", "socat")
    return run


def test_it_is_sampled_and_its_kinds_of_keys_and_settings_are_told(port: int, store: Callable[..., None]) -> None:
    server = declared(f"127.0.0.1:{port}")
    assert items(server, "keys") == {}
    for key, seconds in (("plan:4.1.0:17", 0), ("plan:4.1.0:18", 0), ("session:0a1b2c3d4e5f", 900)):
        store(key, seconds)
    seen = sampled(server)
    assert (seen["keys"], seen["evicted"], seen["memory_limit"]) == (3, 0, 64 * 1024 * 1024)
    assert items(server, "keys", "4.1.0") == {
        "plan:4.1.0:<n>": {"type": "item", "ttl": "none", "format": [], "count": 2},
        "session:<n>": {"type": "item", "ttl": "< 1 h", "format": [], "count": 1},
    }
    assert items(server, "settings")["item_size_max"] == "1048576"
    assert fingerprint(server) == fingerprint(server)


def test_of_many_keys_some_are_looked_at_and_it_says_so(
    port: int, store: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(12):
        store(f"user:{number}")
    monkeypatch.setattr(adapter, "MAX_KEYS", 5)
    part = fingerprint(declared(f"127.0.0.1:{port}"))["keys"]
    assert part.partial
    assert part.note == "5 of 12 keys were looked at: a sample, which shows nothing to be gone or new"


def test_its_unix_socket_is_asked_too_and_one_that_is_not_there_is_an_error(command: list[str], tmp_path: Path) -> None:
    socket = tmp_path / "cache.sock"
    with running([*command, "-s", socket, "-a", "777"], cwd=tmp_path) as process:
        up(process, socket.exists)
        server = declared(str(socket))
        assert sampled(server)["keys"] == 0
        assert items(server, "keys") == {}
    assert sampled(server, lambda event: "refused" in str(event.data["error"]))["keys"] is None
    assert "refused" in str(fingerprint(server)["settings"].error)
