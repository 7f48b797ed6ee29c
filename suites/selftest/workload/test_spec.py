from typing import Any

import pytest

from harness.errors import UsageError
from harness.workload import Spec


def test_a_spec_survives_its_journey() -> None:
    spec = Spec("127.0.0.1", 80, 50.0, "POST", "/a/{id}", {"X-A": "b"}, "{}", (1, 500), (202, 409), served_by="X-B")
    assert Spec.from_json(spec.to_json()) == spec
    assert "\n" not in spec.to_json()


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
    ],
)
def test_what_cannot_be_sent_is_refused(name: str, value: Any) -> None:
    fields: dict[str, Any] = {"host": "127.0.0.1", "port": 80, "rate": 50.0, name: value}
    with pytest.raises(UsageError, match="cannot be sent") as caught:
        Spec(**fields)
    assert name in str(caught.value)
