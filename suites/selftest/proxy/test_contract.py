"""The API, as every client of Toxiproxy expects it. Runs against any server: see conftest.py."""

from __future__ import annotations

import contextlib
import json
import re
import socket
from typing import Any

import pytest

from suites.selftest.proxy.conftest import Make
from suites.selftest.proxy.peers import Api, free_port

UP = "127.0.0.1:9"
P = {"name": "p", "listen": "127.0.0.1:0", "upstream": UP}
BAD = "bad request body: "


def add(api: Api, **more: Any) -> Any:
    made = api("POST", "/proxies", {**P, **more})
    assert made.status == 201, made.text
    return made.json


def refused(text: str, status: int) -> dict[str, Any]:
    return {"error": text, "status": status}


# (method, path, body, status, error). Asked of a server that has the proxy `p` with the toxic `latency_downstream`.
REFUSALS: list[tuple[str, str, Any, int, str]] = [
    ("POST", "/proxies", P, 409, "proxy already exists"),
    ("POST", "/proxies", {"upstream": UP}, 400, "missing required field: name"),
    ("POST", "/proxies", {"name": "", "upstream": UP}, 400, "missing required field: name"),
    ("POST", "/proxies", {"name": "q"}, 400, "missing required field: upstream"),
    ("POST", "/proxies", None, 400, BAD + "EOF"),
    ("POST", "/proxies", b"null", 400, "missing required field: name"),
    ("POST", "/proxies", b"{", 400, BAD + "unexpected EOF"),
    ("POST", "/proxies", b"[]", 400, BAD),
    ("POST", "/proxies", b"{'name': 1}", 400, BAD + "invalid character '\\''"),
    ("POST", "/proxies", {"name": 5, "upstream": UP}, 400, BAD + "json: cannot unmarshal number"),
    ("POST", "/proxies", {**P, "name": "q", "enabled": "yes"}, 400, BAD + "json: cannot unmarshal string"),
    ("POST", "/proxies", {**P, "name": "q", "listen": "nonsense"}, 500, "listen tcp"),
    ("POST", "/proxies", {**P, "name": "q", "listen": "127.0.0.1:99999"}, 500, "listen tcp"),
    ("GET", "/proxies/x", None, 404, "proxy not found"),
    ("PATCH", "/proxies/x", {}, 404, "proxy not found"),
    ("POST", "/proxies/x", {}, 404, "proxy not found"),
    ("DELETE", "/proxies/x", None, 404, "proxy not found"),
    ("PATCH", "/proxies/p", b"nope", 400, BAD),
    ("PATCH", "/proxies/p", {"enabled": 1}, 400, BAD + "json: cannot unmarshal number"),
    ("GET", "/proxies/x/toxics", None, 404, "proxy not found"),
    ("POST", "/proxies/x/toxics", {"type": "noop"}, 404, "proxy not found"),
    ("POST", "/proxies/x/toxics", b"{", 404, "proxy not found"),
    ("POST", "/proxies/p/toxics", b"{", 400, BAD + "unexpected EOF"),
    ("POST", "/proxies/p/toxics", {}, 400, "invalid toxic type"),
    ("POST", "/proxies/p/toxics", {"type": "nope"}, 400, "invalid toxic type"),
    ("POST", "/proxies/p/toxics", {"type": "nope", "stream": "side"}, 400, "stream was invalid, can be either"),
    ("POST", "/proxies/p/toxics", {"type": "latency", "attributes": {"latency": 1.5}}, 409, "toxic already exists"),
    (
        "POST",
        "/proxies/p/toxics",
        {"type": "noop", "name": "latency_downstream", "stream": "upstream"},
        409,
        "toxic al",
    ),
    ("POST", "/proxies/p/toxics", {"type": "latency", "name": "a", "attributes": {"latency": 1.5}}, 400, BAD),
    ("POST", "/proxies/p/toxics", {"type": "latency", "name": "a", "attributes": {"latency": "1"}}, 400, BAD),
    ("POST", "/proxies/p/toxics", {"type": "latency", "name": "a", "attributes": {"jitter": 2**63}}, 400, BAD),
    ("POST", "/proxies/p/toxics", {"type": "latency", "name": "a", "attributes": [1]}, 400, BAD),
    ("POST", "/proxies/p/toxics", {"type": "latency", "name": "a", "toxicity": "x"}, 400, BAD),
    ("GET", "/proxies/x/toxics/latency_downstream", None, 404, "proxy not found"),
    ("GET", "/proxies/p/toxics/x", None, 404, "toxic not found"),
    ("PATCH", "/proxies/p/toxics/x", {}, 404, "toxic not found"),
    ("POST", "/proxies/p/toxics/x", {}, 404, "toxic not found"),
    ("DELETE", "/proxies/p/toxics/x", None, 404, "toxic not found"),
    ("PATCH", "/proxies/p/toxics/latency_downstream", b"{", 400, BAD),
    ("PATCH", "/proxies/p/toxics/latency_downstream", {"attributes": {"latency": True}}, 400, BAD),
]


@pytest.mark.parametrize("refusal", REFUSALS, ids=lambda refusal: f"{refusal[0]} {refusal[1]} {refusal[2]}")
def test_a_bad_request_is_refused_in_the_words_of_the_original(
    api: Api, refusal: tuple[str, str, Any, int, str]
) -> None:
    method, path, body, status, error = refusal
    add(api)
    api.toxic("p", "latency", latency=7)
    before = api("GET", "/proxies").json
    raw = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    reply = api(method, path, raw=raw)
    assert (reply.status, reply.json["status"]) == (status, status)
    assert reply.json["error"].startswith(error), reply.text
    assert list(reply.json) == ["error", "status"]
    assert reply.text.endswith("\n")
    assert reply.headers["content-type"] == "text/plain; charset=utf-8"
    assert reply.headers["x-content-type-options"] == "nosniff"
    assert "x-toxiproxy-request-id" in reply.headers
    assert api("GET", "/proxies").json == before


METHODS = [
    ("/proxies", "GET POST"), ("/proxies/p", "GET POST PATCH DELETE"), ("/proxies/p/toxics", "GET POST"),
    ("/proxies/p/toxics/t", "GET POST PATCH DELETE"), ("/reset", "POST"), ("/populate", "POST"), ("/version", "GET"),
]  # fmt: skip
WRONG = [
    (path, method)
    for path, good in METHODS
    for method in ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")
    if method not in good.split()
]


@pytest.mark.parametrize(("path", "method"), WRONG)
def test_a_wrong_method_is_405_and_empty(api: Api, path: str, method: str) -> None:
    reply = api(method, path)
    assert (reply.status, reply.text) == (405, "")


@pytest.mark.parametrize("path", ["/", "/nope", "/proxies/p/nope", "/proxies/p/toxics/t/more", "/versions"])
def test_an_unknown_route_is_404(api: Api, path: str) -> None:
    reply = api("GET", path)
    assert (reply.status, reply.text) == (404, "404 page not found\n")


def test_the_version_is_json_with_a_newline(api: Api) -> None:
    reply = api("GET", "/version")
    assert re.fullmatch(r'\{"version": "[^"]+"\}\n', reply.text)
    assert reply.headers["content-type"] == "application/json;charset=utf-8"
    assert reply.headers["x-toxiproxy-request-id"]


def test_a_browser_is_not_allowed(api: Api) -> None:
    reply = api("GET", "/version", headers={"User-Agent": "Mozilla/5.0 (X11)"})
    assert (reply.status, reply.text) == (403, "User agent not allowed\n")


def test_no_proxies_are_an_empty_map(api: Api) -> None:
    reply = api("GET", "/proxies")
    assert (reply.status, reply.text, reply.headers["content-type"]) == (200, "{}", "application/json")


def test_a_proxy_has_these_keys_in_this_order(api: Api) -> None:
    made = add(api)
    assert list(made) == ["name", "listen", "upstream", "enabled", "Logger", "toxics"]
    port = int(made["listen"].rpartition(":")[2])
    assert made == {**P, "listen": f"127.0.0.1:{port}", "enabled": True, "Logger": {}, "toxics": []}
    assert port > 0
    assert api("GET", "/proxies/p").json == made
    assert api("GET", "/proxies").json == {"p": made}


def test_without_a_listen_address_any_port_of_every_address_is_taken(api: Api) -> None:
    made = api("POST", "/proxies", {"name": "p", "upstream": UP}).json
    assert re.fullmatch(r"(\[::\]|0\.0\.0\.0):\d+", made["listen"])


def test_a_disabled_proxy_does_not_listen(api: Api) -> None:
    port = free_port()
    assert add(api, enabled=False, listen=f"127.0.0.1:{port}")["enabled"] is False
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), 5)


def test_toxics_in_the_body_of_a_new_proxy_are_ignored(api: Api) -> None:
    assert add(api, toxics=[{"type": "latency", "attributes": {"latency": 5}}])["toxics"] == []


def test_keys_are_read_in_any_case_and_unknown_ones_are_ignored(api: Api) -> None:
    made = api("POST", "/proxies", {"NAME": "p", "Upstream": UP, "LISTEN": "127.0.0.1:0", "color": "red"})
    assert (made.status, made.json["name"]) == (201, "p")
    toxic = {"TYPE": "latency", "Attributes": {"LATENCY": 5, "x": 1}}
    assert api("POST", "/proxies/p/toxics", toxic).json["attributes"]["latency"] == 5


def test_whatever_follows_the_first_value_is_ignored(api: Api) -> None:
    assert api("POST", "/proxies", raw=json.dumps(P).encode() + b"} trailing").status == 201


def test_an_occupied_address_is_a_500_and_no_proxy(api: Api) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        listen = f"127.0.0.1:{taken.getsockname()[1]}"
        reply = api("POST", "/proxies", {**P, "listen": listen})
        assert reply.status == 500
        assert reply.json == refused(f"listen tcp {listen}: bind: address already in use", 500)
    assert api("GET", "/proxies").json == {}


@pytest.mark.parametrize("method", ["PATCH", "POST"])
def test_an_update_merges_and_ignores_the_name(api: Api, method: str) -> None:
    made = add(api)
    changed = api(method, "/proxies/p", {"name": "other", "upstream": "127.0.0.1:8"})
    assert (changed.status, changed.json) == (200, {**made, "upstream": "127.0.0.1:8"})
    assert api(method, "/proxies/p", {"enabled": False}).json["enabled"] is False
    assert api(method, "/proxies/p", {}).json["enabled"] is False
    assert api(method, "/proxies/p", {"enabled": True}).json == {**made, "upstream": "127.0.0.1:8"}


def test_a_deleted_proxy_is_gone(api: Api) -> None:
    add(api)
    reply = api("DELETE", "/proxies/p")
    assert (reply.status, reply.text) == (204, "")
    assert api("GET", "/proxies/p").status == 404


TOXICS = [
    ("latency", {"latency": 0, "jitter": 0}), ("bandwidth", {"rate": 0}), ("slow_close", {"delay": 0}),
    ("timeout", {"timeout": 0}), ("reset_peer", {"timeout": 0}), ("limit_data", {"bytes": 0}), ("noop", {}),
    ("slicer", {"average_size": 0, "size_variation": 0, "delay": 0}),
]  # fmt: skip


@pytest.mark.parametrize(("type_", "attributes"), TOXICS)
def test_a_toxic_has_defaults_for_everything(api: Api, type_: str, attributes: dict[str, int]) -> None:
    add(api)
    reply = api("POST", "/proxies/p/toxics", {"type": type_})
    name = f"{type_}_downstream"
    expected = {"attributes": attributes, "name": name, "type": type_, "stream": "downstream", "toxicity": 1}
    assert (reply.status, reply.json) == (200, expected)
    assert list(reply.json) == list(expected)
    assert api("GET", f"/proxies/p/toxics/{name}").json == expected
    assert api("GET", "/proxies/p/toxics").json == [expected] == api("GET", "/proxies/p").json["toxics"]
    for number, key in enumerate(attributes):
        changed = api("PATCH", f"/proxies/p/toxics/{name}", {"attributes": {key: number + 5}})
        expected["attributes"] = attributes = {**attributes, key: number + 5}
        assert (changed.status, changed.json) == (200, expected)
    reply = api("DELETE", f"/proxies/p/toxics/{name}")
    assert (reply.status, reply.text) == (204, "")
    assert api("GET", "/proxies/p/toxics").text == "[]"


def test_null_attributes_are_none(api: Api) -> None:
    add(api)
    reply = api("POST", "/proxies/p/toxics", {"type": "latency", "attributes": None})
    assert (reply.status, reply.json["attributes"]) == (200, {"latency": 0, "jitter": 0})


def test_the_stream_is_read_in_any_case_and_echoed(api: Api) -> None:
    add(api)
    assert api.toxic("p", "noop", stream="UpStream")["stream"] == "UpStream"


def test_upstream_toxics_are_listed_first(api: Api) -> None:
    add(api)
    for name, stream in (("a", "downstream"), ("b", "upstream"), ("c", "downstream"), ("d", "upstream")):
        api.toxic("p", "noop", name=name, stream=stream)
    assert [toxic["name"] for toxic in api("GET", "/proxies/p/toxics").json] == ["b", "d", "a", "c"]


@pytest.mark.parametrize("method", ["PATCH", "POST"])
def test_a_toxics_update_merges_and_changes_nothing_else(api: Api, method: str) -> None:
    add(api)
    made = api.toxic("p", "latency", latency=5, jitter=2, name="a", toxicity=0.5)
    body = {"name": "b", "type": "noop", "stream": "upstream", "attributes": {"jitter": 1}}
    expected = {**made, "attributes": {"latency": 5, "jitter": 1}}
    assert api(method, "/proxies/p/toxics/a", body).json == expected
    assert api(method, "/proxies/p/toxics/a", {"toxicity": 0.25}).json == {**expected, "toxicity": 0.25}
    assert api(method, "/proxies/p/toxics/a", {}).json == {**expected, "toxicity": 0.25}


def test_a_reset_enables_everything_and_heals_everything(api: Api) -> None:
    add(api)
    add(api, name="q", enabled=False)
    api.toxic("p", "latency", latency=5)
    reply = api("POST", "/reset", raw=b"whatever")
    assert (reply.status, reply.text) == (204, "")
    shown = api("GET", "/proxies").json
    assert all(proxy["enabled"] and proxy["toxics"] == [] for proxy in shown.values())


def test_populate_makes_what_is_listed(api: Api) -> None:
    reply = api("POST", "/populate", [P, {**P, "name": "q", "enabled": False}])
    assert reply.status == 201
    assert [(proxy["name"], proxy["enabled"]) for proxy in reply.json["proxies"]] == [("p", True), ("q", False)]
    assert sorted(api("GET", "/proxies").json) == ["p", "q"]


def test_populate_with_nothing_answers_null(api: Api) -> None:
    reply = api("POST", "/populate", [])
    assert (reply.status, reply.text) == (201, '{"proxies":null}')


def test_populate_leaves_the_same_and_replaces_the_different(api: Api) -> None:
    made = add(api)
    api.toxic("p", "latency", latency=5)
    same = {"name": "p", "listen": made["listen"], "upstream": UP}
    assert len(api("POST", "/populate", [same]).json["proxies"][0]["toxics"]) == 1
    replaced = api("POST", "/populate", [{**same, "upstream": "127.0.0.1:8"}]).json["proxies"][0]
    assert (replaced["upstream"], replaced["listen"], replaced["toxics"]) == ("127.0.0.1:8", made["listen"], [])


@pytest.mark.parametrize("missing", ["name", "upstream"])
def test_populate_checks_everything_before_it_makes_anything(api: Api, missing: str) -> None:
    broken = {key: value for key, value in P.items() if key != missing}
    reply = api("POST", "/populate", [{**P, "name": "q"}, broken])
    assert (reply.status, reply.headers["content-type"]) == (400, "application/json")
    assert reply.json["error"].startswith(f"missing required field: {missing}")
    assert api("GET", "/proxies").json == {}


def test_populate_keeps_what_was_made_before_a_failure(api: Api) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        listen = f"127.0.0.1:{taken.getsockname()[1]}"
        reply = api("POST", "/populate", [P, {**P, "name": "q", "listen": listen}, {**P, "name": "r"}])
    assert (reply.status, reply.json["status"]) == (500, 500)
    assert [proxy["name"] for proxy in reply.json["proxies"]] == ["p"]
    assert list(api("GET", "/proxies").json) == ["p"]


@pytest.mark.parametrize("body", [b"", b"{}", b"7", b'[{"name":', b'["a"]'])
def test_populate_refuses_what_is_no_list(api: Api, body: bytes) -> None:
    reply = api("POST", "/populate", raw=body)
    assert (reply.status, reply.headers["content-type"]) == (400, "application/json")
    assert reply.json["error"].startswith(BAD)


def test_names_may_hold_anything_but_a_slash(api: Api) -> None:
    add(api, name="a b%ü")
    assert api("GET", "/proxies/a%20b%25%C3%BC").json["name"] == "a b%ü"


# What the original gets wrong (the numbers are of its issues). Ours must not.


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
