"""From a declared service to a container."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Network
from types import SimpleNamespace
from typing import Any, cast

from harness.engine import Attachment, ContainerSpec, Engine, MountSpec, Network, Owner
from harness.environment.images import Image
from harness.environment.specs import Resources, container_spec
from harness.environment.wiring import Wiring, addresses_needed
from suites.selftest.environment.fakes import stack

OWNER = Owner(run="r", environment="h1")
INSIDE = Network("1", "h1", IPv4Network("10.213.0.0/26"), True)
OUTSIDE = Network("2", "h1-door", IPv4Network("10.213.0.64/26"), False)
PORTS = {"web": (80,), "cache": (6379,)}
WIRING = Wiring.plan("h1", stack(web={"replicas": 2}, cache={}), PORTS, INSIDE, OUTSIDE)
RESOURCES = Resources(INSIDE, OUTSIDE, {"data": "h1-data"}, WIRING)


def spec(**fields: Any) -> ContainerSpec:
    return container_spec(OWNER, stack(web=fields).services["web"], "web-2", Image("image:1", ()), RESOURCES)


def test_a_replica_is_found_by_its_own_name_and_by_its_services_in_the_internal_network_alone() -> None:
    assert spec().networks == (Attachment(INSIDE, ("web-2", "web"), WIRING.replicas["web-2"]),)
    assert spec().hostname == "web-2"


def test_a_container_is_named_after_its_environment_and_labelled_with_its_replica() -> None:
    found = spec()
    assert (found.name, found.replica, found.owner, found.image) == ("h1-web-2", "web-2", OWNER, "image:1")


def test_no_replica_publishes_a_port_whatever_the_file_says() -> None:
    assert spec(ports=[{"target": 80, "published": "8080"}]).publish == ()


def test_what_is_left_out_is_left_to_the_image() -> None:
    found = spec()
    assert (found.command, found.entrypoint, found.user, found.working_dir, found.stop_signal) == (None,) * 5
    assert (found.mem_limit, found.shm_size, found.cpus) == (None, None, None)


def test_init_is_on_unless_the_file_says_otherwise() -> None:
    assert [spec().init, spec(init=True).init, spec(init=False).init] == [True, True, False]


def test_what_the_service_declares_arrives() -> None:
    found = spec(
        command=["a", "b"], entrypoint=["c"], environment={"K": "v"}, labels={"l": "1"}, hostname="h", user="u",
        working_dir="/w", extra_hosts={"x": "10.0.0.1"}, cap_add=["NET_ADMIN"], cap_drop=["ALL"],
        sysctls={"net.core.somaxconn": "1"}, ulimits={"nofile": {"soft": 1, "hard": 2}}, stop_signal="SIGINT",
        stop_grace_period=3.0, shm_size=4096, mem_limit=8 << 20, cpus=0.5,
    )  # fmt: skip
    assert (found.command, found.entrypoint, found.environment["K"]) == (("a", "b"), ("c",), "v")
    assert (found.labels["l"], found.hostname, found.user, found.working_dir) == ("1", "h", "u", "/w")
    assert found.extra_hosts["x"] == "10.0.0.1"
    assert (found.cap_add, found.cap_drop) == (("NET_ADMIN",), ("ALL",))
    assert (found.sysctls, found.ulimits) == ({"net.core.somaxconn": "1"}, {"nofile": (1, 2)})
    assert (found.stop_signal, found.stop_grace_period) == ("SIGINT", 3.0)
    assert (found.shm_size, found.mem_limit, found.cpus) == (4096, 8 << 20, 0.5)


def test_a_replica_finds_its_neighbours_at_the_door_unless_the_file_says_where_they_are() -> None:
    assert spec().extra_hosts == WIRING.hosts["web-2"]
    assert spec(extra_hosts={"cache": "10.9.9.9"}).extra_hosts["cache"] == "10.9.9.9"


def test_volumes_get_the_environments_own_name_and_binds_their_path() -> None:
    found = spec(
        volumes=[
            {"type": "volume", "source": "data", "target": "/data", "read_only": True},
            {"type": "volume", "target": "/anonymous"},
            {"type": "bind", "source": "/here", "target": "/there"},
        ]
    )
    assert found.volumes == (
        MountSpec("/data", "h1-data", "volume", True),
        MountSpec("/anonymous", "", "volume", False),
        MountSpec("/there", "/here", "bind", False),
    )


def test_a_replica_that_is_replaced_keeps_its_volumes_without_a_name_and_those_of_its_image() -> None:
    kept = {("web-2", path): f"h1-web-2-{number}" for number, path in enumerate(("/a", "/image", "/tmpfs"), 1)}
    image = Image("image:1", (), volumes=("/image", "/other", "/tmpfs"))
    service = stack(web={"volumes": [{"type": "volume", "target": "/a"}], "tmpfs": ["/tmpfs"]}).services["web"]
    found = container_spec(OWNER, service, "web-2", image, replace(RESOURCES, kept=kept))
    assert found.volumes == (MountSpec("/a", "h1-web-2-1"), MountSpec("/image", "h1-web-2-2"))


def test_where_releases_are_exchanged_replicas_have_a_second_address_and_volumes_of_their_own() -> None:
    engine, made = FakeEngine(), stack(a={"replicas": 2}, b={})
    extra = stack(a={"volumes": [{"type": "volume", "source": "new", "target": "/new"}]}, b={})
    resources = Resources.create(cast(Engine, engine), OWNER, made, {"a": (80,)}, [extra], {"a": ("/kept",)})
    assert engine.volumes_asked == ["h1-new", "h1-a-1-1", "h1-a-2-1"]
    assert resources.kept == {("a-1", "/kept"): "h1-a-1-1", ("a-2", "/kept"): "h1-a-2-1"}
    wiring = resources.wiring
    assert set(wiring.spare) == {"a-1", "a-2", "b-1"}
    given = {*wiring.replicas.values(), wiring.door, *wiring.listening}
    assert len(given | set(wiring.spare.values())) == len(given) + 3
    assert ("h1", True, addresses_needed(made, {"a": (80,)}) + 3) in engine.asked


def test_a_tmpfs_may_be_written_either_way() -> None:
    found = spec(
        tmpfs=["/a", "/b:size=1m"],
        volumes=[{"type": "tmpfs", "target": "/c", "size": 4096}, {"type": "tmpfs", "target": "/d"}],
    )
    assert found.tmpfs == {"/a": "", "/b": "size=1m", "/c": "size=4096", "/d": ""}
    assert found.volumes == ()


class FakeEngine:
    """Remembers the networks and volumes that were asked for."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, bool, int]] = []
        self.volumes_asked: list[str] = []
        self.networks = self
        self.volumes = SimpleNamespace(create=self.create_volume)

    def create_volume(self, name: str, owner: Owner) -> str:
        assert owner == OWNER
        self.volumes_asked.append(name)
        return name

    def create(self, name: str, owner: Owner, *, internal: bool = True, addresses: int = 1) -> Network:
        assert owner == OWNER
        self.asked.append((name, internal, addresses))
        return INSIDE if internal else OUTSIDE


def test_an_environment_gets_an_internal_network_a_door_and_each_named_volume_once() -> None:
    named = {"type": "volume", "source": "data", "target": "/data"}
    made = stack(a={"volumes": [named]}, b={"volumes": [named, {"type": "bind", "source": "/x", "target": "/x"}]})
    engine = FakeEngine()
    resources = Resources.create(cast(Engine, engine), OWNER, made, {"a": (80,), "b": ()})
    assert engine.volumes_asked == ["h1-data"]
    assert sorted(engine.asked) == [("h1", True, 5), ("h1-door", False, 1)]  # a, b, the door, and a target of each
    assert resources.volumes == {"data": "h1-data"}
