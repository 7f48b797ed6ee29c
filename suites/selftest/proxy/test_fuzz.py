"""No input to the API stops the server or takes it long."""

from __future__ import annotations

import contextlib
import json
import random
import socket
from typing import Any

import pytest

from harness.proxy.bodies import Chunked
from suites.selftest.proxy.conftest import Make
from suites.selftest.proxy.peers import Api, round_trip
from suites.soak import many

pytestmark = pytest.mark.programs

TYPES = [
    "latency", "bandwidth", "slow_close", "timeout", "reset_peer", "slicer", "limit_data", "noop", "slow_connect",
    "drop_connections", "cut_after", "", "nope", "redis_stale", "http_status",
]  # fmt: skip
KEYS = [
    "name", "NAME", "type", "stream", "toxicity", "attributes", "latency", "jitter", "rate", "bytes", "delay", "ttl",
    "timeout", "average_size", "listen", "upstream", "enabled", "toxics", "first", "reset", "", "\ud800", "é",
]  # fmt: skip


def value(chance: random.Random, depth: int = 0) -> Any:
    """Any JSON value; often one that nearly makes sense."""
    choice = chance.randrange(12 if depth < 4 else 9)
    simple: list[Any] = [
        None, True, False, chance.randint(-5, 5), chance.choice([2**63 - 1, -(2**63), 2**64, 10**30]),
        chance.choice([0.5, 1e400, -1e-9, 3.5e38]), chance.choice([*TYPES, "p", "a/b", "\x00", "\ud800", "x" * 500]),
        chance.choice(["upstream", "downstream", "127.0.0.1:0", ":0", "[::1]:0", "nope", "1.2.3.4:5"]),
        chance.choice([[], {}]),
    ]  # fmt: skip
    if choice < 9:
        return simple[choice]
    if choice == 9:
        return [value(chance, depth + 1) for _ in range(chance.randrange(4))]
    return {chance.choice(KEYS): value(chance, depth + 1) for _ in range(chance.randrange(6))}


def body(chance: random.Random) -> bytes:
    good: dict[str, Any] = {
        "type": chance.choice(TYPES),
        "name": chance.choice(["a", "b", None]),
        "attributes": {key: value(chance) for key in chance.sample(KEYS, 3)},
        "upstream": "127.0.0.1:9",
    }
    sent = good if chance.random() < 0.6 else value(chance)
    data = json.dumps(sent).encode()
    if chance.random() < 0.2:
        at = chance.randrange(len(data) + 1)
        data = data[:at] + chance.randbytes(chance.randrange(4)) + data[at + chance.randrange(3) :]
    return data


PATHS = [
    "/proxies", "/proxies/{p}", "/proxies/{p}/toxics", "/proxies/{p}/toxics/a", "/proxies/{p}/toxics/b", "/populate",
    "/proxies/{p}/connections", "/proxies/{p}/stats", "/proxies/x", "/metrics", "/version", "/%00", "/proxies//", "//",
]  # fmt: skip


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(1, 1 + many(3)))
def test_no_request_stops_it(api: Api, through: Make, seed: int) -> None:
    chance = random.Random(seed)
    made = through()
    steady = through()
    client = steady.connect()
    for _ in range(400):
        path = chance.choice(PATHS).format(p=made.name)
        method = chance.choice(["GET", "POST", "POST", "POST", "PATCH", "DELETE", "PUT"])
        if path == f"/proxies/{made.name}":
            method = "GET"
        reply = api(method, path, raw=body(chance))
        assert reply.status in (200, 201, 204, 400, 404, 405, 409, 500), (method, path, reply)
        assert "internal error" not in reply.text
        if chance.random() < 0.1:
            with contextlib.suppress(OSError), made.connect() as other:
                other.settimeout(0.001)
                other.sendall(b"x")
                other.recv(1)
    round_trip(client)
    client.close()
    assert api("GET", "/proxies").status == 200
    assert api("POST", "/reset").status in (204, 500)


@pytest.mark.parametrize(
    "sent",
    [
        b"\x00\xff\xfe" * 100 + b"\r\n\r\n", b"GET\r\n\r\n", b"GET / HTTP/9\r\n\r\n",
        b"GET /version HTTP/1.1\r\nx\r\n\r\n",
        b"POST /reset HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"POST /reset HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n",
        b"POST /reset HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", b"A" * 70_000,
        b"POST /proxies HTTP/1.1\r\nContent-Length: 100000\r\n\r\n" + b"[" * 100_000,
        b"POST /reset HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1" * 2000,
        b"POST /reset HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nxx\r\n",
        b"POST /reset HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n" + b"a: b\r\n" * 10_000,
    ],
)  # fmt: skip
def test_what_is_no_request_is_answered_and_closed(ours: Api, sent: bytes) -> None:
    with socket.create_connection((ours.host, ours.port), 5) as client:
        client.sendall(sent)
        client.shutdown(socket.SHUT_WR)
        got = b""
        try:
            while piece := client.recv(65536):
                got += piece
        except ConnectionResetError:
            pass
    assert got.startswith(b"HTTP/1.1 4"), got
    assert json.loads(got.partition(b"\r\n\r\n")[2])["error"]
    assert ours("GET", "/version").status == 200


def test_a_client_that_does_not_read_is_waited_for_and_misses_nothing(ours: Api) -> None:
    request, sent, count = (b"GET /nope?" + b"x" * 600 + b" HTTP/1.1\r\n\r\n") * 100, 0, 0
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.settimeout(1)
        client.connect((ours.host, ours.port))
        with contextlib.suppress(TimeoutError):
            while sent < 64 << 20:
                sent += client.send(request[sent % len(request) :])
        assert sent < 64 << 20
        assert ours("GET", "/version").status == 200
        client.settimeout(30)
        client.shutdown(socket.SHUT_WR)
        rest = b""
        while piece := client.recv(1 << 18):
            count += (rest + piece).count(b"HTTP/1.1 404")
            rest = piece[-11:] if len(piece) >= 11 else rest + piece
    assert count == sent // (len(request) // 100)


def test_every_byte_of_a_body_in_chunks_is_read_once() -> None:
    wire, made, buffer = b"1;x\r\na\r\n" * 3000 + b"0\r\nT: 1\r\n\r\nrest", Chunked(), bytearray()
    chance, at, done = random.Random(1), 0, False
    while not done:
        size = chance.choice([1, 2, 3, 1000])
        buffer += wire[at : at + size]
        at += size
        done = made.take(buffer)
        assert done or len(buffer) <= 5  # what it cannot be asked about again
    assert bytes(made.data) == b"a" * 3000
    assert bytes(buffer + wire[at:]) == b"rest"


def test_chunked_pipelined_and_byte_by_byte_requests_are_read(ours: Api) -> None:
    chunked = (
        b"POST /proxies/x/toxics HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"5\r\n{\"a\":\r\n3;x=y\r\n 1}\r\n0\r\nTrailer: 1\r\n\r\n"
    )  # fmt: skip
    plain = b"GET /version HTTP/1.1\r\nConnection: close\r\n\r\n"
    with socket.create_connection((ours.host, ours.port), 5) as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for at in range(len(chunked)):
            client.sendall(chunked[at : at + 1])
        client.sendall(chunked + plain)
        got = b""
        while piece := client.recv(65536):
            got += piece
    assert got.count(b"404 Not Found") == 2
    assert got.endswith(b"}\n")
    assert b"200 OK" in got
