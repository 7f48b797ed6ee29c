"""The API, as every client of Toxiproxy expects it. Runs against any server: see conftest.py."""

from __future__ import annotations

import json
import re
import socket
from typing import Any

import pytest

from suites.selftest.proxy.peers import TOXICS, Api, free_port

UP = "127.0.0.1:9"
P = {"name": "p", "listen": "127.0.0.1:0", "upstream": UP}
BAD = "bad request body: "


def add(api: Api, **more: Any) -> Any:
    made = api("POST", "/proxies", {**P, **more})
    assert made.status == 201, made.text
    return made.json


def refused(text: str, status: int) -> dict[str, Any]:
    return {"error": text, "status": status}


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
