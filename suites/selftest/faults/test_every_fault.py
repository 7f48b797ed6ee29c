"""What holds for each fault of links: it bites where there is traffic, is unknown where there is none, and goes."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import pytest

from harness import faults
from harness.errors import FaultUnproven, UsageError
from harness.faults.injection import inject
from suites.raw import select
from suites.selftest.faults.made import CACHE, Made, opened
from suites.selftest.proxy.peers import eventually, round_trip

Act = Callable[[Made], Any]
LINK = {"from": "backend-2", "to": "cache", "port": 6379}


def ends(made: Made) -> None:
    """A new connection, on which something is said, whatever comes of it."""
    with suppress(OSError), made.connect() as connection:
        connection.sendall(b"ping" * 100)
        while connection.recv(1000):
            pass


def says(made: Made) -> None:
    """A new connection, on which something is said that nobody answers."""
    with made.connect() as connection:
        connection.sendall(b"ping")
        eventually(lambda: any(toxic["bytes"] for toxic in made.proxy.stats(CACHE)["toxics"].values()))


@dataclass(frozen=True)
class Case:
    """A fault, what makes it bite, what the title says and what is on the link meanwhile."""

    step: dict[str, Any]
    act: Act
    title: str
    toxics: list[tuple[str, str]] = field(default_factory=list)


CASES = {
    "latency": Case({"ms": 20}, Made.talk, "latency of 20 ms", [("latency", "downstream")]),
    "jitter": Case({"ms": 20}, Made.talk, "jitter of up to 20 ms", [("latency", "downstream")]),
    "bandwidth": Case({"kb_per_s": 100}, Made.talk, "bandwidth of 100 kB/s", [("bandwidth", "downstream")]),
    "timeout": Case({}, says, "black hole", [("timeout", "downstream"), ("timeout", "upstream")]),
    "reset": Case({}, ends, "reset", [("reset_peer", "downstream")]),
    "down": Case({}, ends, "no connection", [("down", "")]),
    "slicing": Case({"size": 1}, Made.talk, "slices of 1 bytes", [("slicer", "downstream")]),
    "data-limit": Case({"bytes": 10}, ends, "a limit of 10 bytes", [("limit_data", "downstream")]),
    "slow-connect": Case({"ms": 20}, Made.talk, "slow connect of 20 ms", [("slow_connect", "upstream")]),
}
EVERY = pytest.mark.parametrize("name", sorted(CASES))


def fault(name: str, **more: Any) -> faults.Fault:
    return faults.from_data({"fault": name, **LINK, **CASES[name].step, **more})


def test_every_fault_of_links_has_its_claims_here() -> None:
    assert {name for name in faults.names() if "." not in name} == {*CASES, "partition"}


@EVERY
def test_it_bites_traffic_and_is_gone_afterwards(made: Made, name: str) -> None:
    case = CASES[name]
    title = f"{case.title} on backend-2 -> cache:6379"
    with inject(made.environment, fault(name)) as on:
        assert made.toxics() == {CACHE: sorted(case.toxics)}
        case.act(made)
        assert on.bites(within=10).said.startswith("it touched backend-2 -> cache:6379 (")
    assert on.proven
    assert made.toxics() == {}
    assert made.talk() < 10
    (injected,) = select(made.history.events, "fault.inject")
    assert (injected.data["fault"], injected.data["title"], injected.data["seed"]) == (name, title, 1)
    assert injected.data["places"] == ["backend-2 -> cache:6379"]
    assert faults.from_data(injected.data["step"]) == fault(name)
    healed = made.healed()
    assert (healed.data["start"], healed.data["bit"], healed.data["gone"]) == (injected.id, True, True)
    assert list(healed.data["figures"]) == ["backend-2 -> cache:6379"]


@EVERY
def test_without_traffic_nothing_is_proven(made: Made, name: str) -> None:
    with pytest.raises(FaultUnproven, match="did not bite") as caught, inject(made.environment, fault(name)) as on:
        pass
    assert on.proven is False
    assert caught.value.exit_code == 2
    assert caught.value.what.endswith(": " + fault(name).title())
    assert caught.value.got == "no traffic passed backend-2 -> cache:6379 while it was on"
    assert (made.healed().data["bit"], made.healed().data["gone"]) == (False, True)
    assert made.toxics() == {}


@pytest.mark.parametrize("name", sorted({*CASES} - {"slow-connect", "data-limit"}))
def test_it_meets_connections_that_are_open(made: Made, name: str) -> None:
    with opened(made.connect) as connection, inject(made.environment, fault(name)) as on:
        with suppress(OSError):  # it may have ended already
            connection.sendall(b"ping")
        assert on.bites(within=10).bit is True


@pytest.mark.parametrize("name", ["slow-connect", "data-limit"])
def test_an_open_connection_that_it_let_pass_is_no_bite(made: Made, name: str) -> None:
    with opened(made.connect) as connection, inject(made.environment, fault(name)) as on:
        round_trip(connection)  # four bytes of ten
        assert on.evidence().bit is False
        CASES[name].act(made)
        assert on.bites(within=10).bit is True


@EVERY
def test_what_passed_by_is_not_taken_for_a_bite(made: Made, name: str) -> None:
    """Traffic on the consumer's other link, and on the same link of another consumer."""

    def pass_by() -> None:
        with inject(made.environment, fault(name)):
            made.talk("backend-2:database:5432")
            made.talk("backend-1:cache:6379")

    with pytest.raises(FaultUnproven, match="did not bite"):
        pass_by()


@EVERY
def test_with_a_toxicity_of_almost_nothing_it_meets_no_connection(made: Made, name: str) -> None:
    if name == "down":
        with pytest.raises(UsageError):
            fault(name, toxicity=0.5)
        return
    rare = fault(name, toxicity=1e-9)
    assert rare.title().endswith(", for 0% of the connections")
    with pytest.raises(FaultUnproven) as caught, inject(made.environment, rare), opened(made.connect) as connection:
        round_trip(connection)
    assert "traffic passed backend-2 -> cache:6379 (8 bytes upstream, 8 downstream), but none" in str(caught.value.got)
