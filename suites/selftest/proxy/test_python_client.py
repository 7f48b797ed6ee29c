"""toxiproxy-python drives the server unchanged."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any

import pytest

from suites.selftest.proxy.peers import Api, best_trip, echo, how_it_ended, round_trip, service

toxiproxy = pytest.importorskip("toxiproxy")


@pytest.fixture
def client(api: Api) -> Iterator[Any]:
    made = toxiproxy.Toxiproxy()
    made.update_api_consumer(api.host, api.port)
    yield made
    made.destroy_all()
    made.update_api_consumer("127.0.0.1", 8474)


def test_it_runs_and_has_a_version(client: Any) -> None:
    assert client.running()
    assert b"version" in client.version()


def test_it_makes_finds_and_destroys_proxies(client: Any) -> None:
    made = client.create(upstream="127.0.0.1:9", name="a")
    assert made.listen.startswith("127.0.0.1:")
    assert client.get_proxy("a").upstream == "127.0.0.1:9"
    with pytest.raises(toxiproxy.exceptions.ProxyExists):
        client.create(upstream="127.0.0.1:9", name="a")
    assert client.destroy(made)
    assert client.get_proxy("a") is None
    populated = client.populate([{"name": "b", "upstream": "127.0.0.1:9", "listen": "127.0.0.1:0"}])
    assert [proxy.name for proxy in populated] == ["b"]


def test_it_adds_and_removes_toxics(client: Any) -> None:
    with service(echo) as port:
        made = client.create(upstream=f"127.0.0.1:{port}", name="a")
        made.add_toxic(type="latency", attributes={"latency": 200})
        assert made.get_toxic("latency_downstream").attributes["latency"] == 200
        with pytest.raises(toxiproxy.exceptions.InvalidToxic):
            made.add_toxic(type="nope")
        with pytest.raises(toxiproxy.exceptions.NotFound):
            made.destroy_toxic("nope")
        host, _, listen = made.listen.rpartition(":")
        with socket.create_connection((host, int(listen)), 5) as opened:
            assert round_trip(opened) >= 0.2
            assert made.destroy_toxic("latency_downstream")
            assert best_trip(opened) < 0.2
            with made.down():
                assert how_it_ended(opened)[1] == b""
                with pytest.raises(ConnectionRefusedError):
                    socket.create_connection((host, int(listen)), 5)
        with socket.create_connection((host, int(listen)), 5) as opened:
            round_trip(opened)
        made.add_toxic(type="noop", stream="upstream")
        assert client.reset()
        assert made.toxics() == {}
