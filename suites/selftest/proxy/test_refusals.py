"""What the API refuses, and how. Runs against any server: see conftest.py."""

from __future__ import annotations

import json
from typing import Any

import pytest

from suites.selftest.proxy.peers import Api

UP = "127.0.0.1:9"
P = {"name": "p", "listen": "127.0.0.1:0", "upstream": UP}
BAD = "bad request body: "


def add(api: Api, **more: Any) -> Any:
    made = api("POST", "/proxies", {**P, **more})
    assert made.status == 201, made.text
    return made.json


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
