"""Short forms written out."""

from __future__ import annotations

from typing import Any

import pytest

from harness.errors import StackError
from harness.stack import shorthand
from harness.stack.nodes import SourceMapping
from harness.stack.source import parse
from harness.stack.validate import data


def written_out(text: str) -> dict[str, Any]:
    found: dict[str, Any] = data(shorthand.service(parse(text, "c.yaml")))
    return found


@pytest.mark.parametrize(
    ("short", "ports"),
    [
        ("80", [(80, None, None, "tcp")]),
        ("22:22", [(22, "22", None, "tcp")]),
        ('"8080:80/udp"', [(80, "8080", None, "udp")]),
        ("127.0.0.1:8080:80", [(80, "8080", "127.0.0.1", "tcp")]),
        ('"[::1]:8080:80"', [(80, "8080", "::1", "tcp")]),
        ("127.0.0.1::80", [(80, None, "127.0.0.1", "tcp")]),
        ("3000-3001", [(3000, None, None, "tcp"), (3001, None, None, "tcp")]),
        ('"9000-9001:80-81"', [(80, "9000", None, "tcp"), (81, "9001", None, "tcp")]),
        ('"9000-9005:80"', [(80, "9000-9005", None, "tcp")]),
    ],
)
def test_a_short_port_is_written_out(short: str, ports: list[tuple[object, ...]]) -> None:
    found = [
        (port["target"], port.get("published"), port.get("host_ip"), port["protocol"])
        for port in written_out(f"ports: [{short}]")["ports"]
    ]
    assert found == ports


@pytest.mark.parametrize("short", ["x", "0", "70000", "80:0", "5-3", "1-2:80-90", "8.5", "'80/tcp/udp'", "true", "٣"])
def test_a_port_that_is_none_is_refused(short: str) -> None:
    with pytest.raises(StackError) as caught:
        written_out(f"a: b\nports:\n  - {short}\n")
    assert caught.value.where == "c.yaml, line 3: ports[0]"
    assert "port" in str(caught.value.expected) or "range" in str(caught.value.expected)


@pytest.mark.parametrize(
    ("short", "kind", "source", "target", "read_only"),
    [
        ("./a:/b", "bind", "./a", "/b", False),
        ("/a:/b:ro", "bind", "/a", "/b", True),
        ("~/a:/b:rw,z", "bind", "~/a", "/b", False),
        ("a:/b", "volume", "a", "/b", False),
        ("/b", "volume", None, "/b", False),
    ],
)
def test_a_short_volume_is_written_out(short: str, kind: str, source: str, target: str, read_only: bool) -> None:
    (volume,) = written_out(f"volumes: ['{short}']")["volumes"]
    found = (volume["type"], volume.get("source"), volume["target"], volume.get("read_only", False))
    assert found == (kind, source, target, read_only)


@pytest.mark.parametrize("short", ["a", "a:b", "a:/b:xx", "a:/b:ro:rw", "a::/b", "5", "''"])
def test_a_volume_that_is_none_is_refused(short: str) -> None:
    with pytest.raises(StackError):
        written_out(f"volumes: ['{short}']")


def test_pairs_become_a_mapping_and_a_name_alone_has_no_value() -> None:
    assert written_out("environment: [A=1=2, B]")["environment"] == {"A": "1=2", "B": None}


def test_a_pair_that_is_no_text_is_refused() -> None:
    with pytest.raises(StackError, match="form"):
        written_out("environment: [5]")


def test_a_host_may_stand_with_either_sign() -> None:
    hosts = written_out("extra_hosts: ['a:1.2.3.4', 'b=::1']")["extra_hosts"]
    assert hosts == {"a": "1.2.3.4", "b": "::1"}


def test_a_command_line_is_split_as_a_shell_would() -> None:
    assert written_out("command: sh -c 'a b'")["command"] == ["sh", "-c", "a b"]


def test_a_health_test_that_is_text_is_for_a_shell() -> None:
    assert written_out("healthcheck: {test: a b}")["healthcheck"]["test"] == ["CMD-SHELL", "a b"]


def test_one_limit_is_soft_and_hard() -> None:
    assert written_out("ulimits: {nofile: 5}")["ulimits"] == {"nofile": {"soft": 5, "hard": 5}}


def test_exposed_ranges_are_written_out() -> None:
    assert written_out("expose: [80, '81-82', '83/tcp', '53/udp']")["expose"] == [80, 81, 82, 83]


def test_a_long_form_stays_and_a_tag_with_it() -> None:
    found = shorthand.service(parse("ports: !override [{target: 80}]", "c.yaml"))
    assert isinstance(found, SourceMapping)
    assert found.fields["ports"].tag == "override"
    assert data(found) == {"ports": [{"target": 80}]}
