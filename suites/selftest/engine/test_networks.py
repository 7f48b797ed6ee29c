from __future__ import annotations

import subprocess
import sys
from ipaddress import IPv4Network
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.engine.engine import Engine
from harness.engine.labels import ENVIRONMENT, Owner
from harness.engine.networks import CLOSED, Network, Networks, Pool, close, routes
from harness.errors import NetworkError, UsageError


def test_a_pool_is_ranges_cut_into_subnets() -> None:
    pool = Pool.parse("10.213.0.0/24:26, 172.30.0.0/25:27")
    assert len(pool) == 8
    assert str(pool[0]) == "10.213.0.0/26"
    assert str(pool[3]) == "10.213.0.192/26"
    assert str(pool[4]) == "172.30.0.0/27"
    assert str(pool[7]) == "172.30.0.96/27"


@pytest.mark.parametrize(
    "text", ["", "10.0.0.0", "10.0.0.0/99", "10.0.0.1/24", "10.0.0.0/24:30", "10.0.0.0/26:24", "x"]
)
def test_a_pool_that_cannot_be_read_names_the_variable(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        Pool.parse(text)
    assert caught.value.where is not None
    assert "HARNESS_SUBNETS" in caught.value.where


@given(st.integers(0, 63), st.sets(st.integers(0, 63), max_size=64))
def test_every_free_subnet_is_offered_once_and_no_taken_one(start: int, taken: set[int]) -> None:
    pool = Pool.parse("10.213.0.0/20:26")
    busy = [pool[index] for index in taken]
    offered = list(pool.candidates(busy, start))
    assert len(offered) == len(set(offered)) == 64 - len(taken)
    assert not set(offered) & set(busy)


@pytest.mark.parametrize(("addresses", "length"), [(1, 26), (61, 26), (62, 25), (125, 25), (126, 24), (65_533, 16)])
def test_a_network_is_as_large_as_its_addresses_need_and_no_smaller_than_the_pool_says(
    addresses: int, length: int
) -> None:
    pool = Pool.parse("10.213.0.0/16:26").of_size(addresses)
    assert pool[0].prefixlen == length
    assert pool[0].num_addresses - 3 >= addresses


def test_a_pool_without_a_range_that_large_says_which_variable_to_set() -> None:
    with pytest.raises(NetworkError, match="has 62 addresses") as caught:
        Pool.parse("10.213.0.0/26, 172.30.0.0/26:27").of_size(62)
    assert caught.value.expected == "a range /25 or larger"
    assert len(Pool.parse("10.213.0.0/26, 172.30.0.0/24:27").of_size(62)) == 2


def test_a_subnet_inside_a_larger_taken_one_is_not_offered() -> None:
    pool = Pool.parse("10.213.0.0/24:26")
    assert [str(one) for one in pool.candidates([IPv4Network("10.213.0.0/25")], 0)] == [
        "10.213.0.128/26",
        "10.213.0.192/26",
    ]


def test_routes_are_read_without_the_default_one(tmp_path: Path) -> None:
    table = tmp_path / "route"
    table.write_text(
        "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n"
        "eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n"
        "eth0\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n"
        "vpn0\t0000D50A\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0\n"
    )
    assert [str(route) for route in routes(table)] == ["192.0.2.0/24", "10.213.0.0/16"]
    assert routes(tmp_path / "gone") == ()


def test_a_route_around_the_whole_pool_leaves_it_usable() -> None:
    pool = Pool.parse("10.213.0.0/16:26")
    assert pool.lies_within(IPv4Network("10.0.0.0/8"))
    assert not pool.lies_within(IPv4Network("10.213.7.0/24"))


def test_fixed_addresses_leave_out_network_bridge_and_broadcast() -> None:
    network = Network("id", "n", IPv4Network("10.0.0.0/29"), internal=True)
    assert str(network.address(2)) == "10.0.0.2"
    assert str(network.address(6)) == "10.0.0.6"
    for number in (0, 1, 7):
        with pytest.raises(NetworkError, match="no address number"):
            network.address(number)


def test_a_bridge_is_closed_with_and_without_ipv6_and_one_elsewhere_is_not_said_to_be(tmp_path: Path) -> None:
    for version in ("ipv6", "ipv4"):
        assert not close("br-1", tmp_path)
        (tmp_path / version / "conf" / "br-1").mkdir(parents=True)
    assert close("br-1", tmp_path)
    found = {str(file.relative_to(tmp_path)): file.read_text() for file in tmp_path.rglob("*") if file.is_file()}
    assert found == {name.format("br-1"): value for name, value in CLOSED.items()}
    (tmp_path / "ipv4/conf/br-2").mkdir()
    assert close("br-2", tmp_path)


@pytest.mark.containers
def test_a_network_carries_its_owner_and_goes_without_trace(engine: Engine, owner: Owner) -> None:
    network = engine.networks.create(f"{owner.environment}-net", owner)
    mine = [f"{ENVIRONMENT}={owner.environment}"]
    assert engine.networks.list(mine) == {network.id: owner.labels("network")}
    assert engine.networks.remove(network)
    assert not engine.networks.remove(network)
    assert engine.networks.list(mine) == {}


CREATE = """
import sys
from harness.engine.engine import Engine
from harness.engine.labels import Owner
owner = Owner(sys.argv[1], sys.argv[2])
with Engine.connect() as engine:
    for number in range(8):
        print(engine.networks.create(f"{owner.environment}-{sys.argv[3]}-{number}", owner).subnet)
"""


@pytest.mark.containers
def test_processes_that_share_a_pool_never_get_the_same_subnet(
    engine: Engine, owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HARNESS_SUBNETS", "10.214.32.0/24:28")  # sixteen subnets for two times eight: no room for luck
    call = [sys.executable, "-c", CREATE, owner.run, owner.environment]
    processes = [subprocess.Popen([*call, str(i)], stdout=subprocess.PIPE, text=True) for i in range(2)]
    subnets = [line for process in processes for line in process.communicate(timeout=60)[0].split()]
    assert [process.returncode for process in processes] == [0, 0]
    assert len(set(subnets)) == len(subnets) == 16


@pytest.mark.containers
def test_an_exhausted_pool_says_what_to_do(engine: Engine, owner: Owner) -> None:
    networks = Networks(engine.api, {"HARNESS_SUBNETS": "10.214.33.0/28:29"}, local=True)
    for number in range(2):
        networks.create(f"{owner.environment}-{number}", owner)
    assert networks.free() == 0
    with pytest.raises(NetworkError, match="no subnet is free") as caught:
        networks.create(f"{owner.environment}-2", owner)
    assert "harness sweep" in str(caught.value)
    assert "HARNESS_SUBNETS" in str(caught.value)


@pytest.mark.containers
def test_an_overlap_that_only_the_daemon_sees_takes_the_next_subnet(
    engine: Engine, owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    networks = Networks(engine.api, {"HARNESS_SUBNETS": "10.214.34.0/28:29"})
    first = networks.create(f"{owner.environment}-0", owner)
    monkeypatch.setattr(networks, "taken", lambda _: ())  # as if the other process were faster
    second = networks.create(f"{owner.environment}-1", owner)
    assert first.subnet != second.subnet
