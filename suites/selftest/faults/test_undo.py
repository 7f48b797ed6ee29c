"""What takes a fault away is data: another process does it, twice if need be, and also where the target is gone."""

from __future__ import annotations

import pytest

from harness.engine import Engine
from harness.errors import HostError
from harness.faults._keeper import Order
from harness.faults._undo import Undo, undo
from suites.selftest.faults.servers import Servers

pytestmark = [pytest.mark.containers, pytest.mark.xdist_group("undoing faults")]


def of(servers: Servers, **what: object) -> Undo:
    replica = servers.environment.replica("peer-1")
    return Undo(replica.name, replica.container_id, **what)  # type: ignore[arg-type]


def test_a_script_is_run_as_root_and_says_nothing_when_it_is_done(servers: Servers, harness_engine: Engine) -> None:
    one = of(servers, shell="id -u > /tmp/who")
    assert [undo(harness_engine, one), undo(harness_engine, one)] == [None, None]
    assert servers.environment.replica("peer-1").run("cat /tmp/who").stdout == "0\n"


def test_a_script_that_fails_is_an_error_with_its_last_words(servers: Servers, harness_engine: Engine) -> None:
    with pytest.raises(HostError, match="could not be taken away") as caught:
        undo(harness_engine, of(servers, shell="echo no room; exit 3"))
    assert caught.value.got == "exit code 3: no room"


def test_a_target_that_ended_is_a_note_and_one_that_is_removed_too(servers: Servers, harness_engine: Engine) -> None:
    replica = servers.environment.replica("peer-1")
    replica.kill()
    try:
        said = undo(harness_engine, of(servers, shell="true"))
        assert said is not None
        assert said.startswith("peer-1 is exited: what the fault changed in it")
        assert undo(harness_engine, of(servers, call="unpause")) is None
    finally:
        assert undo(harness_engine, of(servers, call="start")) is None
    assert undo(harness_engine, of(servers, call="start")) is None
    removed = Undo("peer-1", "0" * 64, shell="true")
    assert "peer-1 is removed" in str(undo(harness_engine, removed))


def test_an_order_to_the_keeper_is_a_line_of_json(servers: Servers) -> None:
    import msgspec

    order = Order(3, (of(servers, shell="a\nb", limits={"cpu_quota": -1}),))
    line = msgspec.json.encode(order)
    assert b"\n" not in line
    assert msgspec.json.decode(line, type=Order) == order
