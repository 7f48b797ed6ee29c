"""A declared load is the generator's, field by field."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.plan.loading import ANY_GOOD, schedule_of, workload_spec
from harness.stack import Stack, XHarness
from harness.workload import Read, Request, Retry, Schedule, Spec, Tls
from suites.selftest.plan.made import environment, tiny_stack


def declaring(**load: Any) -> Stack:
    declared = XHarness.model_validate({"workload": load}).workload
    stack = tiny_stack()
    return stack.model_copy(update={"harness": stack.harness.model_copy(update={"workload": declared})})


def spec(**load: Any) -> Spec:
    return workload_spec(environment(declaring(**load)))


USUAL = spec(rate="10/s")
JSON: dict[str, Any] = {"a": {"exists": True}, "b": ["c", {"d": 1}]}


def test_what_is_left_out_is_as_the_stacks_own_words_say() -> None:
    assert Spec(
        host="127.0.0.1", port=40000, schedule=Schedule("constant", 10.0), ids=(1, 500), timeout=5.0, keep_alive=1.5,
        requests=(Request(name="request-1", expected=ANY_GOOD),), forms=True,
    ) == USUAL  # fmt: skip
    assert tuple(range(200, 300)) == ANY_GOOD


@pytest.mark.parametrize(
    ("declared", "name", "value"),
    [
        ({"ids": "7-9"}, "ids", (7, 9)),
        ({"canary": "2s"}, "canary", 2.0),
        ({"timeout": "3s"}, "timeout", 3.0),
        ({"in_flight": 33}, "in_flight", 33),
        ({"keep_alive": "250ms"}, "keep_alive", 0.25),
        ({"served_by": "X-Served-By"}, "served_by", "X-Served-By"),
        ({"reads": "5%"}, "reads", 0.05),
        ({"release": "header:X-Release"}, "release", "header:X-Release"),
        ({"retry": {"attempts": 3, "status": [502], "backoff": "200ms", "jitter": "10%"}}, "retry",
         Retry(3, (502,), 0.2, 0.1)),
        ({"tls": {"verify": False, "name": "shop"}}, "tls", Tls("", False, "shop")),
        ({"tls": {"ca": "certs/ca.pem"}}, "tls",
         Tls(str(tiny_stack().file.parent / "certs/ca.pem"), True, "localhost")),
    ],
)  # fmt: skip
def test_what_is_declared_of_a_load_is_the_generators(declared: dict[str, Any], name: str, value: Any) -> None:
    assert spec(rate="10/s", **declared) == replace(USUAL, **{name: value})


@pytest.mark.parametrize(
    ("declared", "schedule"),
    [
        ({"rate": "20/s", "arrivals": "poisson"}, Schedule("poisson", 20.0)),
        ({"rate": "20/s", "ramp": {"to": "50/s", "over": "30s"}}, Schedule("ramp", 20.0, to=50.0, over=30.0)),
        ({"steps": [{"for": "3s", "rate": "5/s"}, {"for": "4s", "rate": "6/s"}]},
         Schedule("step", steps=((3.0, 5.0), (4.0, 6.0)))),
    ],
)  # fmt: skip
def test_when_requests_are_due_is_as_declared(declared: dict[str, Any], schedule: Schedule) -> None:
    assert spec(**declared).schedule == schedule


def test_an_access_log_is_replayed_from_beside_the_compose_file(tmp_path: Path) -> None:
    (tmp_path / "access.log").write_text('1.2.3.4 - - [04/Apr/2012:00:45:00 +0000] "GET / HTTP/1.1" 200 1\n')
    stack = declaring(replay={"file": "access.log", "speed": 2}).model_copy(update={"file": tmp_path / "compose.yaml"})
    assert stack.harness.workload is not None
    found = schedule_of(stack.harness.workload, stack)
    assert (found.kind, found.file, found.speed) == ("replay", str(tmp_path / "access.log"), 2.0)


@pytest.mark.parametrize(
    ("declared", "change"),
    [
        ({"name": "resume"}, {"name": "resume"}),
        ({"weight": 3}, {"weight": 3.0}),
        ({"method": "POST"}, {"method": "POST"}),
        ({"path": "/a/{id}"}, {"path": "/a/{id}"}),
        ({"headers": {"X-A": "b"}}, {"headers": {"X-A": "b"}}),
        ({"body": "text"}, {"body": "text"}),
        ({"status": [202, 409]}, {"expected": (202, 409)}),
        ({"json": JSON}, {"json": JSON}),
        ({"tcp": {"send": "PING\n", "until": "", "answer": "PONG"}},
         {"kind": "tcp", "send": "PING\n", "until": "", "answer": "PONG"}),
        ({"call": "math:sqrt"}, {"kind": "call", "call": "math:sqrt"}),
        ({"repeatable": True}, {"repeatable": True}),
    ],
)  # fmt: skip
def test_what_is_declared_of_a_request_is_the_generators(declared: dict[str, Any], change: dict[str, Any]) -> None:
    (usual,) = USUAL.requests
    assert spec(request=declared).requests == (replace(usual, **change),)


def test_requests_without_a_name_are_numbered_from_one() -> None:
    mix = [{"path": "/a"}, {"path": "/b", "name": "b"}, {"path": "/c"}]
    assert [one.name for one in spec(requests=mix).requests] == ["request-1", "b", "request-3"]


def test_what_reads_an_acknowledged_write_travels_with_it() -> None:
    asks = {"acknowledged": "{key}", "read": {"path": "/a/{key}", "expect": "text {value}"}}
    (found,) = spec(request=asks).requests
    assert found.acknowledged == "{key}"
    assert found.read == Read(method="GET", path="/a/{key}", expected=ANY_GOOD, text="text {value}", within=0.0)
    told = {
        "method": "POST", "path": "/a", "headers": {"X": "y"}, "status": [200], "expect": {"plan": ["x"]},
        "within": "2s",
    }  # fmt: skip
    (found,) = spec(request={**asks, "read": told}).requests
    assert found.read == Read(
        method="POST", path="/a", headers={"X": "y"}, expected=(200,), json={"plan": ["x"]}, within=2.0
    )
