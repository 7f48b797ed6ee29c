"""What the original gets wrong, ours must not. Many of its defects are also in the tests of what they are about."""

from __future__ import annotations

import contextlib
import socket
from typing import Any

import pytest

from suites.selftest.proxy.conftest import Make
from suites.selftest.proxy.peers import TOXICS, Api, free_port

P = {"name": "p", "listen": "127.0.0.1:0", "upstream": "127.0.0.1:9"}


def add(api: Api, **more: Any) -> Any:
    made = api("POST", "/proxies", {**P, **more})
    assert made.status == 201, made.text
    return made.json


def test_a_failed_move_leaves_the_proxy_as_it_was(ours: Api, through: Make) -> None:
    made = through()
    before = ours("GET", f"/proxies/{made.name}").json
    with made.connect() as client, socket.create_server(("127.0.0.1", 0)) as taken:
        listen = f"127.0.0.1:{taken.getsockname()[1]}"
        for wrong in (listen, "nonsense", "127.0.0.1:99999", "no-such-host.invalid:0"):
            assert ours("PATCH", f"/proxies/{made.name}", {"listen": wrong}).status == 500
        assert ours("GET", f"/proxies/{made.name}").json == before
        client.sendall(b"still there")
        assert client.recv(100) == b"still there"


def test_a_proxy_can_move_to_its_own_port_on_other_addresses(ours: Api, through: Make) -> None:
    made = through()
    moved = ours("PATCH", f"/proxies/{made.name}", {"listen": f"0.0.0.0:{made.port}"})
    assert (moved.status, moved.json["listen"]) == (200, f"0.0.0.0:{made.port}")
    with made.connect() as client:
        client.sendall(b"x")
        assert client.recv(1) == b"x"


def test_a_reset_does_not_stop_at_a_proxy_that_cannot_listen(ours: Api) -> None:
    port = free_port()
    add(ours, name="a", enabled=False, listen=f"127.0.0.1:{port}")
    add(ours, name="b", enabled=False)
    ours.toxic("b", "noop")
    with socket.create_server(("127.0.0.1", port)):
        assert ours("POST", "/reset").status == 500
    shown = ours("GET", "/proxies/b").json
    assert (shown["enabled"], shown["toxics"]) == (True, [])


@pytest.mark.parametrize("value", [-1, -(2**63), 2**63 - 1, 0])
@pytest.mark.parametrize(("type_", "attributes"), TOXICS)
def test_no_attribute_is_too_strange(
    ours: Api, through: Make, type_: str, attributes: dict[str, int], value: int
) -> None:
    made = through()
    clients = [made.connect()]
    clients[0].sendall(b"before")
    extreme = dict.fromkeys(attributes, value)
    assert made.toxic(type_, **extreme)["attributes"] == extreme
    with contextlib.suppress(ConnectionError):  # which some toxics are for
        clients[0].sendall(b"during")
        clients.append(made.connect())
        clients[1].sendall(b"more")
    made.heal(f"{type_}_downstream")
    for client in clients:
        client.close()
    with made.connect() as again:
        again.sendall(b"fine")
        assert again.recv(4) == b"fine"
