"""Finding the links of an environment by who talks to whom."""

from __future__ import annotations

import pytest

from harness.environment.links import Link, Links
from harness.errors import UsageError

LINKS = Links(
    "h1",
    (
        Link("web-1", "backend", "backend", 80, "a:80", "backend:80"),
        Link("web-1", "backend", "backend", 22, "a:22", "backend:22"),
        Link("web-1", "backend-1", "backend", 80, "b:80", "1:80", ("backend-1",)),
        Link("web-1", "backend-2", "backend", 80, "c:80", "2:80", ("backend-2",)),
        Link("web-1", "cache", "cache", 6379, "d:6379", "3:6379", ("cache", "cache-1")),
        Link("entrypoint", "web", "web", 80, "0.0.0.0:20000", "4:80", ("web", "web-1")),
    ),
)


def found(consumer: str, target: str, port: int | None = None) -> list[str]:
    return [str(link) for link in LINKS.between(consumer, target, port)]


def test_a_service_is_meant_with_its_own_name_and_each_of_its_replicas() -> None:
    assert found("web-1", "backend", 80) == ["web-1 -> backend:80", "web-1 -> backend-1:80", "web-1 -> backend-2:80"]


def test_a_replica_is_meant_alone() -> None:
    assert found("web-1", "backend-2") == ["web-1 -> backend-2:80"]


def test_the_only_replica_of_a_service_is_the_service() -> None:
    assert found("web-1", "cache-1") == found("web-1", "cache") == ["web-1 -> cache:6379"]


def test_the_machine_that_runs_the_harness_is_a_consumer() -> None:
    assert found("entrypoint", "web-1") == ["entrypoint -> web:80"]


def test_without_a_port_all_of_them_are_meant() -> None:
    assert len(found("web-1", "backend")) == 4


def test_a_link_is_named_so_that_it_can_stand_in_a_url() -> None:
    assert LINKS.between("web-1", "cache")[0].name == "web-1:cache:6379"


@pytest.mark.parametrize(
    ("consumer", "target", "port", "expected"),
    [
        ("web-1", "database", None, "web-1 -> one of backend:80, backend:22, backend-1:80, backend-2:80, cache:6379"),
        ("web-1", "cache", 80, "web-1 -> one of cache:6379"),
        ("web-7", "cache", None, "one of web-1, entrypoint"),
    ],
)
def test_a_link_that_is_not_there_is_answered_with_those_that_are(
    consumer: str, target: str, port: int | None, expected: str
) -> None:
    with pytest.raises(UsageError) as caught:
        LINKS.between(consumer, target, port)
    assert caught.value.expected == expected
    assert caught.value.where == "environment h1"


def test_where_no_service_declares_a_port_that_is_said() -> None:
    with pytest.raises(UsageError, match="No link begins there") as caught:
        Links("h1", ()).between("a-1", "b")
    assert "no service declares a port" in str(caught.value.expected)
