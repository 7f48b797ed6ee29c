"""What is beyond the original."""

from __future__ import annotations

import re
import socket
import time

import pytest

from suites.selftest.proxy.conftest import Make, start
from suites.selftest.proxy.peers import (
    Api,
    answer_at_end,
    best_trip,
    eventually,
    free_port,
    how_it_ended,
    on_time,
    round_trip,
)

pytestmark = [pytest.mark.usefixtures("ours"), pytest.mark.programs]
UP = "127.0.0.1:9"


def test_a_proxy_is_made_with_its_toxics(api: Api) -> None:
    toxic = {"type": "latency", "attributes": {"latency": 5}}
    body = {"name": "p", "listen": "127.0.0.1:0", "upstream": UP, "toxics": [toxic]}
    made = api("POST", "/proxies?toxics=apply", body)
    assert made.status == 201
    assert [(toxic["name"], toxic["attributes"]["latency"]) for toxic in made.json["toxics"]] == [
        ("latency_downstream", 5)
    ]
    populated = api("POST", "/populate?toxics=apply", [{**body, "name": "q"}]).json["proxies"][0]
    assert populated["toxics"] == made.json["toxics"]


@pytest.mark.parametrize("toxics", [[{"type": "nope"}], [{"type": "noop"}, {"type": "noop"}], "x", [1]])
def test_with_a_toxic_that_cannot_be_there_is_no_proxy(api: Api, toxics: object) -> None:
    body = {"name": "p", "listen": "127.0.0.1:0", "upstream": UP, "toxics": toxics}
    assert api("POST", "/proxies?toxics=apply", body).status in (400, 409)
    assert api("POST", "/populate?toxics=apply", [body]).status in (400, 409)
    assert api("GET", "/proxies").json == {}


def test_a_toxic_with_a_lease_heals_by_itself(through: Make) -> None:
    made = through()
    with made.connect() as client:
        began = time.monotonic()
        made.toxic("latency", latency=200, ttl=500)
        eventually(lambda: made.api("GET", f"/proxies/{made.name}/toxics").json == [])
        assert on_time(began, 0.5)
        assert best_trip(client) < 0.2


def test_a_lease_that_was_renewed_or_ended_or_left_behind_removes_nothing(through: Make) -> None:
    """The first lease of all of them ends after 1 s; that of `control`, the last one, shows that it has."""
    made = through()
    path = f"/proxies/{made.name}/toxics/"
    for name in ("renewed", "ended", "successor"):
        made.toxic("noop", name=name, ttl=1000)
    made.toxic("noop", name="control", ttl=1000)
    assert made.api("PATCH", path + "renewed", {"ttl": 60_000}).status == 200
    assert made.api("PATCH", path + "ended", {"ttl": 0}).status == 200
    made.heal("successor")
    made.toxic("noop", name="successor")
    eventually(lambda: "control" not in made.stats()["toxics"])
    left = {name: shown["ttl"] for name, shown in made.stats()["toxics"].items()}
    assert list(left) == ["renewed", "ended", "successor"]
    assert 30_000 < left["renewed"] <= 60_000
    assert left["ended"] is left["successor"] is None


def test_connections_show_their_bytes_and_toxics_while_they_are_open(through: Make) -> None:
    made = through()
    made.toxic("latency", latency=1)
    made.toxic("noop", toxicity=0)
    with made.connect() as client:
        round_trip(client, b"12345")
        (shown,) = made.connections()
        host, port = client.getsockname()
        assert shown["client"] == f"{host}:{port}"
        assert shown["bytes"]["upstream"] == shown["bytes"]["downstream"] == {"received": 5, "sent": 5, "held": 0}
        assert shown["toxics"] == ["latency_downstream"]
        assert 0 <= shown["age"] < 60_000
    eventually(lambda: made.connections() == [])


def test_counters_are_live_and_say_what_each_toxic_did(through: Make) -> None:
    made = through()
    with made.connect() as client:
        round_trip(client, bytes(10))
        made.toxic("latency", latency=1)
        made.toxic("timeout", stream="upstream", toxicity=0)
        round_trip(client, bytes(7))
        stats = made.stats()
        assert stats["bytes"]["upstream"] == {"received": 17, "sent": 17}
        assert stats["connections"] == {"accepted": 1, "open": 1, "unreachable": 0}
        assert stats["toxics"]["latency_downstream"] == {"connections": 1, "bytes": 7, "closed": 0, "ttl": None}
        assert stats["toxics"]["timeout_upstream"]["connections"] == 0


def test_metrics_are_live(metrics: Api, through: Make) -> None:
    made = through()
    with made.connect() as client:
        round_trip(client, bytes(1000))
        text = metrics("GET", "/metrics").text
    labels = f'direction="upstream",listener="127.0.0.1:{made.port}",proxy="{made.name}",upstream="[^"]+"'
    assert re.search(rf"^toxiproxy_proxy_received_bytes_total\{{{labels}\}} 1000$", text, re.M)
    assert re.search(rf"^toxiproxy_proxy_sent_bytes_total\{{{labels}\}} 1000$", text, re.M)
    assert re.search(r"^process_resident_memory_bytes \d+$", text, re.M)
    assert all(re.fullmatch(r"(#.*|\w+(\{.*\})? [\d.e+-]+)", line) for line in text.splitlines())


def test_a_half_close_goes_through_a_toxic_that_is_gone(through: Make) -> None:
    made = through(answer_at_end)
    with made.connect() as client:
        made.toxic("latency", latency=10, stream="upstream")
        client.sendall(b"x")
        made.heal("latency_upstream")
        client.shutdown(1)
        assert how_it_ended(client) == ("closed", b"got x")


def pattern(seed: str) -> list[bool]:
    """Which of the connections a toxic of half toxicity met."""
    process, api = start("-seed", seed)
    try:
        listen = f"127.0.0.1:{free_port()}"
        assert api("POST", "/proxies", {"name": "p", "listen": listen, "upstream": api_address(api)}).status == 201
        api.toxic("p", "reset_peer", toxicity=0.5, timeout=60_000)
        shown = []
        for _ in range(30):
            through = Api("127.0.0.1", int(listen.split(":")[1]))
            with socket.create_connection((through.host, through.port)):
                shown.append(bool(eventually(lambda: api("GET", "/proxies/p/connections").json)[-1]["toxics"]))
        return shown
    finally:
        process.kill()
        process.wait()
        assert process.stderr is not None
        process.stderr.close()


def draws(seed: str) -> list[bytes]:
    """What came of 20 requests on each of two connections, of which a toxic that draws by itself lets half pass."""
    process, api = start("-seed", seed)
    try:
        listen = f"127.0.0.1:{free_port()}"
        assert api("POST", "/proxies", {"name": "p", "listen": listen, "upstream": api_address(api)}).status == 201
        api.toxic("p", "http_status", status=418, fraction=0.5)
        seen = []
        for _ in range(2):
            with socket.create_connection(("127.0.0.1", int(listen.split(":")[1])), 10) as client:
                for _ in range(20):
                    client.sendall(b"GET /version HTTP/1.1\r\n\r\n")
                    seen.append(client.recv(1000)[:12])
        return seen
    finally:
        process.kill()
        process.wait()
        assert process.stderr is not None
        process.stderr.close()


def test_the_same_seed_gives_the_same_fractions_and_each_connection_its_own() -> None:
    first = draws("7")
    assert first == draws("7") != draws("8")
    assert first[:20] != first[20:]
    assert {b"HTTP/1.1 200", b"HTTP/1.1 418"} == set(first)


def api_address(api: Api) -> str:
    return f"{api.host}:{api.port}"


def test_the_same_seed_gives_the_same_draws() -> None:
    first = pattern("7")
    assert first == pattern("7") != pattern("8")
    assert 3 < sum(first) < 27


def test_a_change_does_not_draw_again(through: Make) -> None:
    made = through()
    clients = [made.connect() for _ in range(20)]
    for client in clients:
        round_trip(client)
    made.toxic("latency", toxicity=0.5)
    before = [shown["toxics"] for shown in made.connections()]
    for toxicity, attributes in ((0.5, {}), (1, {}), (0, {}), (0.5, {"latency": 1})):
        path = f"/proxies/{made.name}/toxics/latency_downstream"
        assert made.api("PATCH", path, {"toxicity": toxicity, "attributes": attributes}).status == 200
    assert [shown["toxics"] for shown in made.connections()] == before
    assert 0 < sum(map(bool, before)) < 20
    for client in clients:
        round_trip(client)
        client.close()
