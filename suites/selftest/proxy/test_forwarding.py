"""Bytes go through a proxy as they would go without one."""

from __future__ import annotations

import contextlib
import hashlib
import random
import socket
import threading
import time

import pytest

from suites.selftest.proxy.conftest import Make
from suites.selftest.proxy.peers import (
    Api,
    answer_at_end,
    eventually,
    free_port,
    how_it_ended,
    read_all,
    read_exactly,
    reset,
    round_trip,
    service,
)

pytestmark = pytest.mark.programs


def test_bytes_come_back(through: Make) -> None:
    with through().connect() as client:
        round_trip(client, b"hello")


def test_a_large_transfer_arrives_whole(through: Make) -> None:
    data = random.Random(1).randbytes(16 << 20)
    with through(answer_at_end).connect() as client:

        def send() -> None:
            client.sendall(data)
            client.shutdown(socket.SHUT_WR)

        threading.Thread(target=send).start()
        received = read_all(client)
    assert hashlib.sha256(received[4:]).digest() == hashlib.sha256(data).digest()


def test_the_answer_arrives_after_the_client_has_closed_its_half(through: Make) -> None:
    with through(answer_at_end).connect() as client:
        client.sendall(b"question")
        client.shutdown(socket.SHUT_WR)
        assert read_all(client) == b"got question"


def test_the_client_can_send_after_the_service_has_closed_its_half(through: Make) -> None:
    got: list[bytes] = []

    def closes_first(opened: socket.socket) -> None:
        opened.sendall(b"bye")
        opened.shutdown(socket.SHUT_WR)
        got.append(read_all(opened))

    with through(closes_first).connect() as client:
        assert read_all(client) == b"bye"
        client.sendall(b"still here")
        client.shutdown(socket.SHUT_WR)
        assert eventually(lambda: got) == [b"still here"]


def test_a_service_that_speaks_first_is_heard(through: Make) -> None:
    with through(lambda opened: opened.sendall(b"220 ready")).connect() as client:
        assert read_all(client) == b"220 ready"


def test_a_reset_by_the_service_reaches_the_client(through: Make) -> None:
    made = through(reset)
    assert [made.attempt()[0] for _ in range(20)] == ["reset"] * 20


def test_a_reset_by_the_client_reaches_the_service(through: Make) -> None:
    ended: list[str] = []

    def serve(opened: socket.socket) -> None:
        opened.sendall(opened.recv(10))
        ended.append(how_it_ended(opened)[0])

    client = through(serve).connect()
    round_trip(client)
    reset(client)
    assert eventually(lambda: ended) == ["reset"]


def test_a_receiver_that_does_not_read_stops_the_sender(through: Make) -> None:
    release = threading.Event()

    def never_reads(opened: socket.socket) -> None:
        release.wait(20)

    sent = 0
    with through(never_reads).connect(timeout=1.0) as client, contextlib.suppress(TimeoutError):
        while sent < 1 << 30:
            sent += client.send(bytes(1 << 16))
    release.set()
    assert sent < 64 << 20


def test_a_small_write_is_not_held_back(through: Make) -> None:
    """Nagle's algorithm would keep the second half until the first is acknowledged, which takes 40 ms."""

    def answer_pairs(opened: socket.socket) -> None:
        while len(opened.recv(1) + opened.recv(1)) == 2:
            opened.sendall(b"!")

    times = []
    with through(answer_pairs).connect() as client:
        for _ in range(40):
            client.sendall(b"1")
            time.sleep(0.001)  # the proxy is to see two chunks
            start = time.monotonic()
            client.sendall(b"2")
            read_exactly(client, 1)
            times.append(time.monotonic() - start)
    assert sorted(times)[10] < 0.03


def test_an_upstream_that_refuses_closes_only_that_connection(api: Api, through: Make) -> None:
    other = through().connect()
    port = free_port()
    made = api("POST", "/proxies", {"name": "dead", "listen": "127.0.0.1:0", "upstream": f"127.0.0.1:{port}"}).json
    with socket.create_connection(("127.0.0.1", int(made["listen"].split(":")[1])), 10) as client:
        assert how_it_ended(client)[1] == b""
    round_trip(other)
    other.close()


@pytest.mark.parametrize("upstream", ["no-such-host.invalid:80", "nonsense", "127.0.0.1:99999", "a..b:1", "[::1:80"])
def test_an_upstream_that_is_nowhere_closes_the_connection(api: Api, upstream: str) -> None:
    made = api("POST", "/proxies", {"name": "nowhere", "listen": "127.0.0.1:0", "upstream": upstream}).json
    with socket.create_connection(("127.0.0.1", int(made["listen"].split(":")[1])), 10) as client:
        assert how_it_ended(client)[1] == b""


def test_an_upstream_may_come_after_its_proxy(api: Api) -> None:
    port = free_port()
    made = api("POST", "/proxies", {"name": "early", "listen": "127.0.0.1:0", "upstream": f"localhost:{port}"}).json
    address = ("127.0.0.1", int(made["listen"].split(":")[1]))
    with socket.create_connection(address, 10) as client:
        assert how_it_ended(client)[1] == b""
    with socket.create_server(("127.0.0.1", port)) as listener, socket.create_connection(address, 10) as client:
        accepted, _ = listener.accept()
        accepted.sendall(b"here now")
        accepted.close()
        assert read_all(client) == b"here now"


def test_disabling_refuses_connections_and_closes_open_ones(api: Api, through: Make) -> None:
    made = through()
    client = made.connect()
    round_trip(client)
    assert api("POST", f"/proxies/{made.name}", {"enabled": False}).json["enabled"] is False
    assert how_it_ended(client)[1] == b""
    with pytest.raises(ConnectionRefusedError):
        made.connect()
    assert api("PATCH", f"/proxies/{made.name}", {"enabled": True}).status == 200
    with made.connect() as again:
        round_trip(again)


def test_disabling_and_enabling_at_once_keeps_the_port(api: Api, through: Make) -> None:
    made = through()
    for _ in range(30):
        client = made.connect()
        assert api("PATCH", f"/proxies/{made.name}", {"enabled": False}).status == 200
        reply = api("PATCH", f"/proxies/{made.name}", {"enabled": True})
        assert (reply.status, reply.json["listen"]) == (200, f"127.0.0.1:{made.port}")
        client.close()


def test_a_changed_upstream_drops_connections_and_serves_the_new_one(api: Api, through: Make) -> None:
    made = through()
    client = made.connect()
    round_trip(client)
    with service(lambda opened: opened.sendall(b"other")) as port:
        assert api("PATCH", f"/proxies/{made.name}", {"upstream": f"127.0.0.1:{port}"}).status == 200
        assert how_it_ended(client)[1] == b""
        with made.connect() as again:
            assert read_all(again) == b"other"


def test_two_hundred_connections_at_once(through: Make) -> None:
    made = through()
    clients = [made.connect() for _ in range(200)]
    for number, client in enumerate(clients):
        client.sendall(b"%06d" % number)
    for number, client in enumerate(clients):
        assert read_exactly(client, 6) == b"%06d" % number
        client.close()
    with made.connect() as last:
        round_trip(last)
