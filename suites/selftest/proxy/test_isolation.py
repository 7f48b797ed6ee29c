"""Who may use the API, and where connections may be made to: a token, and the networks of `-upstreams`."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from harness.errors import ProxyError
from harness.proxy.client import ProxyClient, Toxic
from suites.selftest.proxy.conftest import start
from suites.selftest.proxy.peers import Api, Through, echo, how_it_ended, round_trip, service

TOKEN = "t-0ken_of.this"
ROUTES = [
    ("GET", "/version"), ("GET", "/proxies"), ("POST", "/proxies"), ("POST", "/reset"), ("POST", "/populate"),
    ("GET", "/metrics"), ("GET", "/proxies/p"), ("DELETE", "/proxies/p"), ("POST", "/proxies/p/toxics"),
    ("GET", "/proxies/p/stats"), ("GET", "/nothing"), ("HEAD", "/version"), ("OPTIONS", "/proxies"),
]  # fmt: skip


@contextlib.contextmanager
def server(*flags: str) -> Iterator[Api]:
    process, api = start(*flags)
    assert process.stderr is not None
    try:
        yield api
    finally:
        process.terminate()
        process.stderr.close()
        process.wait(10)


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """A server that asks for a token."""
    file = tmp_path_factory.mktemp("token") / "token"
    file.write_text(TOKEN + "\n")
    with server("-proxy-metrics", "-token-file", str(file)) as api:
        yield api


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_without_the_token_nothing_is_answered(guarded: Api, method: str, path: str) -> None:
    body = {"name": "new", "listen": "127.0.0.1:0", "upstream": "127.0.0.1:1"} if method == "POST" else None
    reply = guarded(method, path, body)
    assert (reply.status, reply.headers["www-authenticate"]) == (401, "Bearer")
    if method != "HEAD":
        assert "Authorization: Bearer" in reply.json["error"]
    assert guarded("GET", "/proxies", headers={"Authorization": f"Bearer {TOKEN}"}).json == {}


@pytest.mark.parametrize(
    "sent", [f"Bearer {TOKEN}x", f"Bearer {TOKEN[:-1]}", "Bearer", "Bearer ", TOKEN, f"Basic {TOKEN}", "Bearer \xff"]
)
def test_another_token_is_no_token(guarded: Api, sent: str) -> None:
    assert guarded("GET", "/version", headers={"Authorization": sent}).status == 401
    assert guarded("GET", "/version", headers={"Authorization": f"Bearer {TOKEN}"}).status == 200


def test_the_client_sends_the_token_with_everything_that_it_asks(guarded: Api) -> None:
    client = ProxyClient(guarded.host, guarded.port, environment="h1", token=TOKEN)
    made = client.create("mine", "127.0.0.1:0", "127.0.0.1:1")
    client.add("mine", Toxic("slow", "latency", attributes={"latency": 1}), ttl=5)
    client.renew("mine", "slow", 9)
    client.take_down("mine", "me")
    client.let_up("mine", "me")
    assert client.remove("mine", "slow")
    assert client.proxy("mine").listen == made.listen
    assert "toxiproxy_proxy_" in (client.metrics() or "")
    client.reset()
    client.delete("mine")


def test_a_client_without_the_token_is_told_what_is_missing(guarded: Api) -> None:
    with pytest.raises(ProxyError, match="refuses") as caught:
        ProxyClient(guarded.host, guarded.port, environment="h1").proxies()
    assert "401" in str(caught.value.got)
    assert "token" in str(caught.value.got)


@pytest.fixture(scope="module")
def limited() -> Iterator[Api]:
    """A server that connects to 127.0.0.0/31 and nothing else, by whatever name."""
    with server("-upstreams", "127.0.0.0/31, 10.0.0.0/8") as api:
        yield api


def through(api: Api, name: str, upstream: str) -> Through:
    made = api("POST", "/proxies", {"name": name, "listen": "127.0.0.1:0", "upstream": upstream})
    assert made.status == 201, made.text
    return Through(api, name, int(made.json["listen"].rpartition(":")[2]))


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_an_upstream_in_the_networks_is_reached_by_address_and_by_name(limited: Api, host: str) -> None:
    with service(echo) as port, through(limited, f"in-{host}", f"{host}:{port}").connect() as client:
        assert round_trip(client) > 0


def test_an_upstream_elsewhere_is_never_connected_to(limited: Api) -> None:
    with socket.create_server(("127.0.0.2", 0)) as outside:
        made = through(limited, "out", f"127.0.0.2:{outside.getsockname()[1]}")
        with made.connect() as client:
            assert how_it_ended(client)[1] == b""
        assert made.stats()["connections"]["unreachable"] == 1
        outside.setblocking(False)
        with pytest.raises(BlockingIOError):
            outside.accept()


def test_a_name_that_leads_elsewhere_is_no_way_around() -> None:
    with server("-upstreams", "10.0.0.0/8") as api, socket.create_server(("127.0.0.1", 0)) as outside:
        made = through(api, "name", f"localhost:{outside.getsockname()[1]}")
        with made.connect() as client:
            assert how_it_ended(client)[1] == b""
        assert made.stats()["connections"]["unreachable"] == 1
        outside.setblocking(False)
        with pytest.raises(BlockingIOError):
            outside.accept()


def test_a_toxic_that_looks_for_itself_looks_nowhere_else(limited: Api) -> None:
    with socket.create_server(("127.0.0.2", 0)) as outside:
        made = through(limited, "stale", f"127.0.0.2:{outside.getsockname()[1]}")
        reply: Any = limited("POST", "/proxies/stale/toxics", {"type": "redis_stale", "attributes": {"keys": ["*"]}})
        assert (reply.status, "-upstreams" in reply.json["error"]) == (500, True)
        outside.setblocking(False)
        with pytest.raises(BlockingIOError):
            outside.accept()
    assert made.api("GET", "/proxies/stale/toxics").json == []
