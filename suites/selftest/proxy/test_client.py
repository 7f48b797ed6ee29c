"""The verified client: several at once, every status checked, every change read back, errors that name the place."""

from __future__ import annotations

import gc
import json
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import toxiproxy

from harness.errors import ProxyError, ProxyGone, ProxyMissing
from harness.proxy.client import ProxyClient, Toxic
from suites.selftest.proxy.conftest import Make, start
from suites.selftest.proxy.peers import Api, free_port, how_it_ended, round_trip

pytestmark = pytest.mark.programs

SLOW = Toxic("slow", "latency", "downstream", {"latency": 40})
LATENCY = {"attributes": {"latency": 40}, "name": "slow", "type": "latency", "stream": "downstream", "toxicity": 1}
Answers = Callable[[str, str], tuple[int, str]]
Act = Callable[[ProxyClient], Any]
ACTS: dict[str, Act] = {
    "proxies": lambda c: c.proxies(), "proxy": lambda c: c.proxy("a"), "create": lambda c: c.create("b", "x:0", "x:1"),
    "delete": lambda c: c.delete("a"), "add": lambda c: c.add("a", SLOW), "update": lambda c: c.update("a", SLOW),
    "remove": lambda c: c.remove("a", "slow"), "renew": lambda c: c.renew("a", "slow", 5),
    "take_down": lambda c: c.take_down("a", "me"), "let_up": lambda c: c.let_up("a", "me"),
    "lead": lambda c: c.lead("a", "x:1"),
    "reset": lambda c: c.reset(), "version": lambda c: c.version, "stats": lambda c: c.stats("a"),
    "connections": lambda c: c.connections("a"),
}  # fmt: skip


@pytest.fixture
def client(api: Api) -> ProxyClient:
    return ProxyClient(api.host, api.port, environment="h1")


@pytest.fixture
def pretender() -> Iterator[Callable[[Answers], ProxyClient]]:
    """A server that answers as a test says: (method, path) -> (status, body)."""
    servers: list[ThreadingHTTPServer] = []

    def make(answers: Answers, timeout: float = 10.0) -> ProxyClient:
        class Handler(BaseHTTPRequestHandler):
            def answer(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                status, body = answers(self.command, self.path)
                self.send_response(status)
                self.send_header("Content-Length", str(len(body.encode())))
                self.end_headers()
                self.wfile.write(body.encode())

            do_GET = do_POST = do_DELETE = answer

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's word
                """Tests need no log."""

        servers.append(ThreadingHTTPServer(("127.0.0.1", 0), Handler))
        threading.Thread(target=servers[-1].serve_forever, args=(0.01,), daemon=True).start()
        return ProxyClient("127.0.0.1", servers[-1].server_port, environment="h1", timeout=timeout)

    yield make
    for server in servers:
        server.shutdown()
        server.server_close()


def stock(*toxics: Any, metrics: str | None = None, enabled: bool = True) -> Answers:
    """A server of another make, that has these toxics whatever it is told."""
    shown = {"name": "a", "listen": "127.0.0.1:1", "upstream": "x:1", "enabled": enabled, "toxics": list(toxics)}

    def answers(method: str, path: str) -> tuple[int, str]:
        if path == "/metrics" and metrics is None:
            return 404, "404 page not found"
        known = {
            "/version": {"version": "2.12.0"},
            "/proxies": {"a": shown},
            "/proxies/a": shown,
            "/proxies/a/toxics/slow": toxics[0] if toxics else {},
        }
        return 200, metrics if path == "/metrics" and metrics else json.dumps(known.get(path, {}))

    return answers


def leased(client: ProxyClient, link: str, toxic: str) -> int | None:
    ttl: int | None = client.stats(link)["toxics"][toxic]["ttl"]
    return ttl


# -- several at once -------------------------------------------------------------------------------------------------


def test_clients_of_two_servers_in_threads_do_not_meet() -> None:
    servers = [start() for _ in range(2)]
    try:
        clients = [ProxyClient(api.host, api.port, environment=f"h{n}") for n, (_, api) in enumerate(servers)]

        def work(number: int) -> None:
            own = clients[number % 2]
            name = f"{own.environment}-{number}"
            own.create(name, "127.0.0.1:0", "127.0.0.1:9")
            own.add(name, replace(SLOW, attributes={"latency": number}), ttl=60)
            own.add(name, Toxic("other", "noop"))
            own.update(name, replace(SLOW, attributes={"latency": number + 1}))
            own.take_down(name, "me")

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(work, range(24)))
        for number, own in enumerate(clients):
            found = own.proxies()
            assert set(found) == {f"h{number}-{made}" for made in range(24) if made % 2 == number}
            for name, state in found.items():
                slow = next(toxic for toxic in state.toxics if toxic.name == "slow")
                assert slow.attributes["latency"] == int(name.split("-")[1]) + 1
                assert not state.enabled
    finally:
        for process, _ in servers:
            process.terminate()
            process.wait(10)
            assert process.stderr is not None
            process.stderr.close()


def test_what_all_users_of_the_library_share_is_left_alone(client: ProxyClient, api: Api) -> None:
    client.create("a", "127.0.0.1:0", "127.0.0.1:9")
    assert toxiproxy.api.APIConsumer.port == 8474
    toxiproxy.Toxiproxy().update_api_consumer("127.0.0.1", free_port())
    try:
        client.take_down("a", "me")
        assert not client.proxy("a").enabled
    finally:
        toxiproxy.Toxiproxy().update_api_consumer("127.0.0.1", 8474)


def test_the_copy_of_the_library_goes_with_its_client(api: Api) -> None:
    def copies() -> set[str]:
        gc.collect()
        return {name for name in sys.modules if name.startswith("_toxiproxy_")}

    before = copies()
    mine = ProxyClient(api.host, api.port)
    assert len(copies() - before) >= 3
    assert mine.proxies() == {}
    del mine
    assert copies() == before


def test_clients_come_and_go_in_threads(api: Api) -> None:
    def come_and_go(_: int) -> int:
        return len([ProxyClient(api.host, api.port).proxies() for _ in range(5)])

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(come_and_go, range(16))) == 80


# -- what it does ----------------------------------------------------------------------------------------------------


def test_proxies_are_made_shown_and_removed(client: ProxyClient) -> None:
    made = client.create("a", "127.0.0.1:0", "127.0.0.1:9")
    assert (made.name, made.upstream, made.enabled, made.toxics) == ("a", "127.0.0.1:9", True, ())
    assert client.proxies() == {"a": made}
    with pytest.raises(ProxyError, match="already"):
        client.create("a", "127.0.0.1:0", "127.0.0.1:9")
    client.delete("a")
    assert client.proxies() == {}
    with pytest.raises(ProxyMissing):
        client.proxy("a")


def test_toxics_are_added_changed_and_removed(client: ProxyClient, through: Make) -> None:
    link = through().name
    wanted = replace(SLOW, toxicity=0.3)
    assert not wanted.differs(client.add(link, wanted))
    changed = client.update(link, replace(SLOW, attributes={"jitter": 5}, toxicity=0.5))
    assert (changed.attributes, changed.toxicity) == ({"latency": 40, "jitter": 5}, 0.5)
    assert client.remove(link, "slow") is True
    assert client.remove(link, "slow") is False
    assert client.proxy(link).toxics == ()


def test_a_lease_is_taken_renewed_and_missed_when_it_has_ended(client: ProxyClient, ours: Api, through: Make) -> None:
    link = through().name
    client.add(link, SLOW, ttl=60)
    client.add(link, Toxic("for good", "noop"))
    assert leased(client, link, "for good") is None
    assert (leased(client, link, "slow") or 99_999) <= 60_000
    client.renew(link, "slow", 120)
    assert (leased(client, link, "slow") or 0) > 60_000  # the machine would have to stall for a minute
    client.remove(link, "slow")
    with pytest.raises(ProxyMissing):
        client.renew(link, "slow", 60)


def test_a_link_leads_elsewhere_and_back_and_its_connections_end(client: ProxyClient, through: Make) -> None:
    link = through()
    before = client.proxy(link.name).upstream
    with link.connect() as open_before:
        round_trip(open_before)
        client.lead(link.name, "127.0.0.1:1")
        assert client.proxy(link.name).upstream == "127.0.0.1:1"
        assert how_it_ended(open_before)[1] == b""
    client.lead(link.name, before)
    with link.connect() as again:
        round_trip(again)


def test_a_link_that_leads_where_it_did_is_not_believed_to_lead_elsewhere(pretender: Any) -> None:
    with pytest.raises(ProxyError, match="does not lead where it was to"):
        pretender(stock(LATENCY)).lead("a", "10.0.0.9:5432")


def test_a_link_is_down_until_the_last_holder_lets_it_up(client: ProxyClient, through: Make) -> None:
    link = through().name
    for holder in ("a", "b", "b"):
        client.take_down(link, holder)
    client.let_up(link, "b")
    assert client.held_down(link)
    assert not client.proxy(link).enabled
    client.let_up(link, "b")
    assert not client.proxy(link).enabled
    client.let_up(link, "a")
    assert client.proxy(link).enabled
    assert not client.held_down(link)


def test_a_take_down_that_failed_takes_nothing_from_another_holder(pretender: Any) -> None:
    lying = pretender(stock(enabled=True))
    for holder in ("a", "b"):
        with pytest.raises(ProxyError, match="not disabled"):
            lying.take_down("a", holder)
    lying.let_up("a", "b")
    assert lying.held_down("a")


def test_traffic_and_connections_are_told(client: ProxyClient, ours: Api, through: Make) -> None:
    made = through()
    client.add(made.name, Toxic("nothing", "noop"))
    with made.connect() as opened:
        round_trip(opened, b"12345")
        (connection,) = client.connections(made.name)
        stats = client.stats(made.name)
    assert connection["toxics"] == ["nothing"]
    assert stats["bytes"]["downstream"] == {"received": 5, "sent": 5}
    assert stats["toxics"]["nothing"]["bytes"] == 5


def test_a_reset_enables_everything_and_removes_every_toxic(client: ProxyClient, through: Make) -> None:
    link = through().name
    client.add(link, SLOW)
    client.take_down(link, "me")
    client.reset()
    assert client.proxy(link).enabled
    assert client.proxy(link).toxics == ()
    assert not client.held_down(link)


def test_names_that_need_quoting_are_quoted(client: ProxyClient) -> None:
    name = "backend-2:cache:6379 a?b#c%"
    client.create(name, "127.0.0.1:0", "127.0.0.1:9")
    client.add(name, replace(SLOW, name="x?y z"))
    assert [toxic.name for toxic in client.proxy(name).toxics] == ["x?y z"]
    assert client.remove(name, "x?y z")
    client.take_down(name, "me")
    client.delete(name)
    assert client.proxies() == {}


# -- what can go wrong -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ttl", [None, 5.0])
def test_a_refusal_names_environment_link_toxic_and_what_the_server_said(
    client: ProxyClient, through: Make, ttl: float | None
) -> None:
    link = through().name
    with pytest.raises(ProxyError, match="refuses") as caught:
        client.add(link, Toxic("x", "nonsense"), ttl=ttl)
    assert caught.value.where == f"environment h1, link {link}, toxic x, API at {client.host}:{client.port}"
    assert caught.value.got is not None
    assert caught.value.got.startswith(f"POST /proxies/{link}/toxics: 400 ")
    assert "invalid toxic type" in caught.value.got


def test_a_name_that_is_taken_is_refused_and_the_one_that_has_it_stays(client: ProxyClient, through: Make) -> None:
    link = through().name
    client.add(link, SLOW)
    with pytest.raises(ProxyError, match="refuses"):
        client.add(link, SLOW)
    assert [toxic.name for toxic in client.proxy(link).toxics] == ["slow"]


def test_a_link_that_is_not_there_is_named(client: ProxyClient) -> None:
    with pytest.raises(ProxyMissing) as caught:
        client.take_down("nope", "me")
    assert "link nope" in str(caught.value)


@pytest.mark.parametrize("status", [202, 301, 302, 400, 409, 418, 500, 503])
@pytest.mark.parametrize("act", ACTS)
def test_no_status_but_success_is_taken_for_one(pretender: Any, act: str, status: int) -> None:
    with pytest.raises(ProxyError, match="refuses") as caught:
        ACTS[act](pretender(lambda *_: (status, "broken")))
    assert str(caught.value.got).endswith(f": {status} broken")


@pytest.mark.parametrize("act", [name for name in ACTS if name != "remove"])
def test_what_is_not_there_is_missing(pretender: Any, act: str) -> None:
    with pytest.raises(ProxyMissing):
        ACTS[act](pretender(lambda *_: (404, "")))


GARBLED = ["", "<html>", "[1]", "7", "null", '{"a": 1}', '[{"b": 2}]']
# Of these two it is for whoever reads them what is in the object, or in the list of objects.
OPAQUE = {("stats", '{"a": 1}'), ("connections", '[{"b": 2}]')}


@pytest.mark.parametrize(
    ("act", "body"), [(act, body) for act in ACTS for body in GARBLED if (act, body) not in OPAQUE]
)
def test_an_answer_that_is_none_is_an_error_of_ours_that_shows_it(pretender: Any, act: str, body: str) -> None:
    with pytest.raises(ProxyError) as caught:
        ACTS[act](pretender(lambda *_: (200, body)))
    assert "environment h1" in str(caught.value)
    assert body in str(caught.value)


def test_a_server_that_hangs_is_given_up_and_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        hanging = ProxyClient("127.0.0.1", silent.getsockname()[1], environment="h1", timeout=0.2)
        with pytest.raises(ProxyGone, match="does not answer") as caught:
            hanging.renew("a", "slow", 5)
    assert "environment h1, link a, toxic slow" in str(caught.value)
    assert "within 0.2 s" in str(caught.value)


def test_nobody_there_is_an_error_and_not_an_answer() -> None:
    with pytest.raises(ProxyGone):
        ProxyClient("127.0.0.1", free_port()).proxies()


def test_a_proxy_for_the_web_does_not_come_between(client: ProxyClient, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{free_port()}")
    assert client.proxies() == {}


@pytest.mark.parametrize(
    "difference",
    [{"attributes": {"latency": 41}}, {"attributes": {}}, {"type": "noop"}, {"stream": "upstream"}, {"toxicity": 0.5},
     {"name": "other"}],
)  # fmt: skip
def test_a_toxic_that_reads_back_otherwise_is_not_believed(pretender: Any, difference: dict[str, Any]) -> None:
    with pytest.raises(ProxyError, match="not what was asked for") as caught:
        pretender(stock({**LATENCY, **difference})).add("a", SLOW)
    assert "environment h1, link a, toxic slow" in str(caught.value)


def test_what_reads_back_as_it_was_asked_for_is_believed(pretender: Any) -> None:
    shown = {**LATENCY, "stream": "DOWNSTREAM", "attributes": {"latency": 40, "jitter": 0}, "toxicity": 0.30000001}
    pretender(stock(shown)).add("a", replace(SLOW, toxicity=0.3))


def test_a_change_that_did_not_happen_is_not_believed(pretender: Any) -> None:
    lying = pretender(stock(LATENCY))
    with pytest.raises(ProxyError, match="not what was asked for"):
        lying.update("a", replace(SLOW, attributes={"latency": 50}))
    for act, words in (("remove", "removed"), ("take_down", "disabled"), ("delete", "removed"), ("reset", "reset")):
        with pytest.raises(ProxyError, match=f"not {words}"):
            ACTS[act](lying)


def test_a_link_that_stays_down_is_not_believed_to_be_up(pretender: Any) -> None:
    with pytest.raises(ProxyError, match="not enabled"):
        pretender(stock(enabled=False)).let_up("a", "me")


def test_a_lease_that_was_not_taken_is_not_believed_and_the_toxic_is_removed(pretender: Any) -> None:
    removed: list[str] = []
    stats = {"toxics": {"slow": {"ttl": None}}}
    shown = json.loads(stock(LATENCY)("GET", "/proxies")[1])

    def answers(method: str, path: str) -> tuple[int, str]:
        if method == "DELETE":
            removed.append(path)
        known = {"/version": {"version": "1+rollback-harness"}, "/proxies/a/stats": stats, "/proxies": shown}
        return 200, json.dumps(known.get(path, LATENCY))

    with pytest.raises(ProxyError, match="no lease"):
        pretender(answers).add("a", SLOW, ttl=5)
    assert removed == ["/proxies/a/toxics/slow"]


# -- another make of server ------------------------------------------------------------------------------------------


def test_a_stock_server_is_told_from_ours_and_gets_no_lease(pretender: Any, client: ProxyClient, ours: Api) -> None:
    other = pretender(stock(LATENCY))
    assert (other.version, other.extended) == ("2.12.0", False)
    other.add("a", SLOW, ttl=5)  # the server would refuse nothing, and know no lease
    assert other.metrics() is None
    assert client.extended
    assert "toxiproxy_proxy_received_bytes_total" in (client.metrics() or "")
