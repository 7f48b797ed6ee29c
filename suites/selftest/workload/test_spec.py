from typing import Any

import pytest

from harness.errors import UsageError
from harness.workload import Request, Retry, Schedule, Spec, Tls
from harness.workload.spec import at_rate
from suites.selftest.workload.made import spec


def test_a_spec_survives_its_journey() -> None:
    mix = (Request("a", 2.0, path="/a/{id}", headers={"X-A": "b"}, json={"x": {"exists": True}}), Request(kind="tcp"))
    made = Spec(
        "127.0.0.1", 80, Schedule("step", steps=((5.0, 10.0), (2.0, 3.0))), mix, (1, 500), Retry(3, (503,)),
        Tls("/ca.pem", False, "x"), 1.5, served_by="X-B", key="k",
    )  # fmt: skip
    assert Spec.from_json(made.to_json()) == made
    assert "\n" not in made.to_json()


def test_another_rate_changes_the_schedule_alone() -> None:
    made = spec(rate=50.0, path="/x")
    assert at_rate(made, 7.0).schedule == Schedule(rate=7.0)
    assert at_rate(made, 7.0).requests == made.requests
    assert at_rate(spec(key="k"), 7.0).key == "", "or two workloads would send the same keys"
    assert at_rate(spec(schedule=Schedule("poisson", 5.0)), 7.0).schedule.kind == "poisson"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("rate", 0.0),
        ("rate", float("nan")),
        ("rate", 1e9),
        ("port", 0),
        ("timeout", -1.0),
        ("path", "no-slash"),
        ("path", "/a b"),
        ("path", "/a\r\nX: y"),
        ("method", "GET /"),
        ("headers", {"a b": "c"}),
        ("headers", {"a": "b\r\nc: d"}),
        ("ids", (5, 1)),
        ("in_flight", 0),
        ("expected", ()),
        ("weight", 0.0),
        ("kind", "udp"),
        ("requests", ()),
        ("canary", -1.0),
        ("steps", ()),
    ],
)
def test_what_cannot_be_sent_is_refused(name: str, value: Any) -> None:
    changes = {"schedule": Schedule("step", steps=value)} if name == "steps" else {name: value}
    with pytest.raises(UsageError, match="cannot be sent") as caught:
        spec(**{"port": 80, **changes})
    assert name in str(caught.value)


def test_a_callable_needs_a_module_and_a_function() -> None:
    with pytest.raises(UsageError, match="module:function"):
        spec(kind="call", call="nothing")
