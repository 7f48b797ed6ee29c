"""No byte is lost, repeated or put out of order, whatever is done to the toxics while it is on its way."""

from __future__ import annotations

import random
import resource
import socket
import threading
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from typing import Any

import pytest

from suites.selftest.proxy.conftest import Make
from suites.selftest.proxy.peers import Api, Through, echo, eventually, read_exactly
from suites.soak import many

pytestmark = pytest.mark.programs

CONNECTIONS, CHANGES = 50, 1500
KINDS: dict[str, dict[str, tuple[int, int]]] = {
    "latency": {"latency": (0, 30), "jitter": (0, 30)},
    "bandwidth": {"rate": (2_000, 50_000)},
    "slicer": {"average_size": (0, 20_000), "size_variation": (0, 5_000), "delay": (0, 500)},
    "slow_close": {"delay": (0, 50)},
    "noop": {},
}


def change(chance: random.Random, api: Api, proxy: str) -> None:
    """Add, alter or remove a toxic of those that only delay."""
    type_ = chance.choice(list(KINDS))
    stream = chance.choice(["upstream", "downstream"])
    attributes = {key: chance.randint(*limits) for key, limits in KINDS[type_].items()}
    toxicity = chance.choice([1, 1, 0.5, 0])
    name = f"{type_}_{stream}_{chance.randint(1, 2)}"
    path = f"/proxies/{proxy}/toxics"
    body: dict[str, Any] = {"attributes": attributes, "toxicity": toxicity}
    action = chance.random()
    if action < 0.4:
        reply = api("POST", path, {"name": name, "type": type_, "stream": stream, **body})
        assert reply.status in (200, 409), reply.text
    elif action < 0.6:
        assert api("PATCH", f"{path}/{name}", body).status in (200, 404)
    else:
        assert api("DELETE", f"{path}/{name}").status in (204, 404)


def change_often(host: str, port: int, proxy: str, seed: int) -> None:
    """In a process of its own, which need not take turns with the threads of the connections."""
    chance, api = random.Random(seed), Api(host, port)
    for _ in range(CHANGES):
        change(chance, api, proxy)


def exchange(made: Through, number: int) -> bool:
    """Send what only this connection has, in pieces, half-close, and read it back to its end.

    One in ten sends 4 MB at once, far more than is kept on the way."""
    chance = random.Random(number)
    large = number % 10 == 0
    data = chance.randbytes(4 << 20 if large else 1 << 17)
    with made.connect(timeout=60) as client:

        def send() -> None:
            at = 0
            while at < len(data):
                size = len(data) if large else chance.choice([1, 100, 5_000, 20_000])
                client.sendall(data[at : at + size])
                at += size
                time.sleep(chance.random() * 0.05)  # or the other threads would have no turn
            client.shutdown(socket.SHUT_WR)

        sender = threading.Thread(target=send)
        sender.start()
        received = read_exactly(client, len(data))
        assert client.recv(1) == b""
        sender.join()
    return received == data


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(1, 1 + many(2)))
def test_every_byte_arrives_in_order_while_toxics_come_and_go(api: Api, through: Make, seed: int) -> None:
    made = through(echo)
    over = threading.Event()

    def exchanges(number: int) -> int:
        count = 0
        while not over.is_set():
            assert exchange(made, number if count == 0 else 10 * number + count)
            count += 1
        return count

    with ProcessPoolExecutor(1, get_context("spawn")) as changer, ThreadPoolExecutor(CONNECTIONS) as pool:
        running = [pool.submit(exchanges, number) for number in range(CONNECTIONS)]
        try:
            changer.submit(change_often, api.host, api.port, made.name, seed).result(120)
        finally:
            over.set()
            assert api("POST", "/reset").status == 204
        done = [task.result(60) for task in running]
    assert min(done) >= 1


def test_nothing_is_left_behind_by_two_thousand_connections(ours: Api, through: Make) -> None:
    made = through(echo)
    made.toxic("latency", latency=1)

    def visit(number: int) -> None:
        with made.connect() as client:
            client.sendall(b"%d" % number)
            if number % 2:
                client.recv(10)

    with ThreadPoolExecutor(20) as pool:
        list(pool.map(visit, range(2000)))
    eventually(lambda: made.connections() == [])
    assert made.stats()["connections"] == {"accepted": 2000, "open": 0, "unreachable": 0}


def resident(api: Api) -> int:
    """Bytes of memory that the server has."""
    lines = api("GET", "/metrics").text.splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("process_resident_memory_bytes "))


def test_memory_is_flat_over_a_thousand_connections_again_and_again(metrics: Api, through: Make) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(max(soft, 8192), hard), hard))
    made = through(echo)
    made.toxic("latency", latency=1)
    after = []
    for _ in range(4):
        clients = [made.connect() for _ in range(1000)]
        for client in clients:
            client.sendall(bytes(5000))
        for client in clients:
            read_exactly(client, 5000)
            client.close()
        eventually(lambda: made.connections() == [], 30)
        after.append(resident(metrics))
    assert max(after[1:]) - after[0] < 6 << 20
