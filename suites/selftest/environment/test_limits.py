"""The door's routing rules; that the kernel keeps them is tested in test_isolation.py."""

from __future__ import annotations

from ipaddress import IPv4Network
from pathlib import Path

import harness.proxy
from harness.engine import Network
from harness.environment import door
from harness.environment.limits import network
from harness.environment.specs import Resources
from harness.environment.wiring import Wiring
from suites.selftest.environment.fakes import stack

INSIDE = Network("1", "h1", IPv4Network("10.1.0.0/26"), True)
OUTSIDE = Network("2", "h1-door", IPv4Network("10.2.0.0/26"), False)
WIRING = Wiring.plan("h1", stack(web={"replicas": 2}, cache={}), {"web": (80,), "cache": (6379,)}, INSIDE, OUTSIDE)
FIRST, *LINES = network(Resources(INSIDE, OUTSIDE, {}, WIRING)).splitlines()
PROGRAM = (Path(harness.proxy.__file__).parent / "image" / "door").read_text(encoding="utf-8")


def test_the_devices_are_known_by_the_doors_two_addresses() -> None:
    assert FIRST.split() == [WIRING.door, WIRING.outside]
    assert {word for line in LINES for word in line.split() if "@" in word} == {"@inside@", "@outside@"}
    assert all(f"s/{device}/" in PROGRAM for device in ("@inside@", "@outside@"))


def test_every_listeners_address_is_taken() -> None:
    taken = [line.split()[2] for line in LINES if line.startswith("address add")]
    assert taken == [f"{one}/26" for one in WIRING.listening]


def test_the_rule_that_lets_everything_in_is_removed_when_its_successors_stand() -> None:
    assert LINES[-2:] == ["rule add pref 50 unreachable", "rule del pref 0"]


def test_no_rule_asks_for_a_port_because_arp_has_none() -> None:
    assert not [line for line in LINES if "port" in line or "ipproto" in line]


def test_the_proxy_runs_as_the_user_that_may_read_its_token() -> None:
    assert f"--reuid={door.PROXY_USER} --regid={door.PROXY_USER}" in PROGRAM
