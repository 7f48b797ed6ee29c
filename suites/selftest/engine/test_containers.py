from __future__ import annotations

import socket
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from harness.engine import ports
from harness.engine.containers import SEVERAL_AT_CREATE, Container
from harness.engine.engine import Engine
from harness.engine.labels import ENVIRONMENT, REPLICA, Owner
from harness.engine.spec import Attachment, ContainerSpec, MountSpec, Publish
from harness.errors import EngineError, ImageMissing, PortTaken

pytestmark = pytest.mark.containers

SERVE = """
use IO::Socket::INET;
my $s = IO::Socket::INET->new(Listen => 5, LocalPort => $ARGV[0], ReuseAddr => 1) or die;
while (my $c = $s->accept) { print $c "hello\\n"; close $c }
"""
CONNECT = """
use IO::Socket::INET;
my $s = IO::Socket::INET->new(PeerAddr => $ARGV[0], PeerPort => $ARGV[1], Timeout => 3);
print $s ? "reached" : "not reached";
"""
Make = Callable[..., Container]


@pytest.fixture
def spec(owner: Owner, image: str) -> ContainerSpec:
    return ContainerSpec(f"{owner.environment}-a", image, owner, replica="a-1", command=("sleep", "600"))


def until(condition: Callable[[], bool], seconds: float = 30.0) -> bool:
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def run(engine: Engine, container: Container, *command: str) -> str:
    made = engine.api.exec_create(container.id, list(command))
    return bytes(engine.api.exec_start(made["Id"])).decode()


def test_a_container_lives_and_goes_without_trace(engine: Engine, owner: Owner, spec: ContainerSpec) -> None:
    container = engine.containers.create(spec)
    assert container.state().status == "created"
    container.start()
    state = container.state()
    assert (state.running, state.exit_code, state.oom_killed) == (True, None, False)
    assert state.pid > 0
    (found,) = engine.containers.list([f"{ENVIRONMENT}={owner.environment}"])
    assert (found.id, found.name, found.labels[REPLICA]) == (container.id, spec.name, "a-1")
    assert engine.containers.get(spec.name).id == container.id
    # Its init forwards the signal to what it has started by then.
    assert until(lambda: "sleep" in run(engine, container, "sh", "-c", "cat /proc/[0-9]*/comm"))
    began = time.monotonic()
    container.stop(60)
    assert time.monotonic() - began < 30  # its init forwards the signal
    assert container.state().exit_code == 143
    assert container.remove()
    assert not container.remove()
    assert engine.containers.list([f"{ENVIRONMENT}={owner.environment}"]) == ()


def test_what_the_spec_says_is_what_the_container_has(engine: Engine, owner: Owner, spec: ContainerSpec) -> None:
    volume = engine.volumes.create(f"{owner.environment}-v", owner)
    whole = replace(
        spec,
        environment={"A": "1"},
        hostname="myself",
        working_dir="/tmp",
        extra_hosts={"database": "10.9.9.9"},
        tmpfs={"/scratch": "size=1m"},
        volumes=(MountSpec("/kept", volume), MountSpec("/etc/outside", "/etc/hostname", "bind", read_only=True)),
        cap_drop=("NET_RAW",),
        cap_add=("NET_ADMIN",),
        sysctls={"net.ipv4.ip_unprivileged_port_start": "0"},
        ulimits={"nofile": (100, 200)},
        mem_limit=64 << 20,
        cpus=0.5,
        shm_size=1 << 20,
        stop_signal="SIGINT",
        labels={"own": "label"},
    )
    container = engine.containers.create(whole)
    container.start()
    script = "echo $A; hostname; pwd; getent hosts database; ulimit -Hn; df -k /scratch | tail -1; ls / /etc"
    said = run(engine, container, "sh", "-c", script)
    for expected in ("1\n", "myself\n", "/tmp\n", "10.9.9.9", "200\n", "1024", "kept", "outside"):
        assert expected in said
    raw = container.inspect()
    assert raw["HostConfig"]["Memory"] == 64 << 20
    # Not by `ulimit -n`: what starts the command raises its own soft limit, and is at times late to take that back.
    assert raw["HostConfig"]["Ulimits"] == [{"Name": "nofile", "Soft": 100, "Hard": 200}]
    assert raw["HostConfig"]["NanoCpus"] == 500_000_000
    assert raw["HostConfig"]["Init"] is True
    assert raw["Config"]["StopSignal"] == "SIGINT"
    assert raw["Config"]["Labels"]["own"] == "label"
    assert raw["Config"]["Healthcheck"] == {"Test": ["NONE"]}
    assert list(raw["NetworkSettings"]["Networks"]) == ["none"]


def test_neighbours_find_each_other_by_name_alias_and_fixed_address(
    engine: Engine, owner: Owner, spec: ContainerSpec
) -> None:
    first = engine.networks.create(f"{owner.environment}-1", owner)
    second = engine.networks.create(f"{owner.environment}-2", owner)
    one = replace(spec, networks=(Attachment(first, ("uno",), str(first.address(20))), Attachment(second, ("dos",))))
    a = engine.containers.create(one)
    a.start()
    b = engine.containers.create(replace(spec, name=f"{owner.environment}-b", networks=(Attachment(second),)))
    b.start()
    assert a.addresses()[first.name] == str(first.address(20))
    assert until(lambda: a.addresses()[second.name] in run(engine, b, "getent", "hosts", "dos"))
    assert until(lambda: a.addresses()[second.name] in run(engine, b, "getent", "hosts", spec.name))
    assert run(engine, b, "getent", "hosts", "uno") == ""  # known in the first network only


def test_a_port_is_published_on_127_0_0_1_only_and_nothing_else_gets_in_or_out(
    engine: Engine, owner: Owner, spec: ContainerSpec
) -> None:
    inside = engine.networks.create(f"{owner.environment}-in", owner)
    door = engine.networks.create(f"{owner.environment}-door", owner, internal=False)
    proxy = engine.containers.create(
        replace(
            spec,
            command=("perl", "-e", SERVE, "8000"),
            networks=(Attachment(inside, ("proxy",)), Attachment(door)),
            publish=(Publish(8000),),
        )
    )
    proxy.start()
    replica = engine.containers.create(replace(spec, name=f"{owner.environment}-r", networks=(Attachment(inside),)))
    replica.start()
    port = proxy.port(8000)

    def answer() -> bytes:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=2) as connection:
                return connection.makefile("rb").readline()
        except OSError:
            return b""

    assert until(lambda: answer() == b"hello\n")
    bindings = proxy.inspect()["NetworkSettings"]["Ports"]["8000/tcp"]
    assert {binding["HostIp"] for binding in bindings} == {"127.0.0.1"}
    listening = [line.split()[1] for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    assert f"0100007F:{port:04X}" in listening
    assert f"00000000:{port:04X}" not in listening
    # A replica reaches its neighbour, and neither this machine nor what is beyond it.
    assert run(engine, replica, "perl", "-e", CONNECT, "proxy", "8000") == "reached"
    with socket.socket() as listener:
        listener.bind(("0.0.0.0", 0))
        listener.listen()
        here = str(listener.getsockname()[1])
        for address in (str(inside.subnet[1]), str(door.subnet[1]), _own_address()):
            assert run(engine, replica, "perl", "-e", CONNECT, address, here) == "not reached"


def _own_address() -> str:
    """This machine's address on the way out; nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.99", 9))
        except OSError:
            return "127.0.0.1"
        return str(probe.getsockname()[0])


def test_a_port_that_is_not_published_says_what_is_missing(engine: Engine, spec: ContainerSpec) -> None:
    container = engine.containers.create(spec)
    container.start()
    with pytest.raises(EngineError, match="does not publish its port 80"):
        container.port(80)


def test_a_taken_port_says_which_process_holds_it(engine: Engine, owner: Owner, spec: ContainerSpec) -> None:
    door = engine.networks.create(f"{owner.environment}-door", owner, internal=False)
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        held.listen()
        port = held.getsockname()[1]
        taken = engine.containers.create(replace(spec, networks=(Attachment(door),), publish=(Publish(80, port),)))
        with pytest.raises(PortTaken, match=f"127.0.0.1:{port} is in use") as caught:
            taken.start()
        assert "pid" in str(caught.value.got)


def test_a_taken_port_says_which_container_holds_it(engine: Engine, owner: Owner, spec: ContainerSpec) -> None:
    door = engine.networks.create(f"{owner.environment}-door", owner, internal=False)
    holder = engine.containers.create(replace(spec, networks=(Attachment(door),), publish=(Publish(80),)))
    holder.start()
    port = holder.port(80)
    other = replace(spec, name=f"{owner.environment}-b", networks=(Attachment(door),), publish=(Publish(80, port),))
    taken = engine.containers.create(other)
    with pytest.raises(PortTaken) as caught:
        taken.start()
    assert caught.value.got == f"held by the container {spec.name}"


def test_a_missing_image_is_an_error_and_leaves_nothing(engine: Engine, owner: Owner, spec: ContainerSpec) -> None:
    with pytest.raises(ImageMissing, match="the image is not there"):
        engine.containers.create(replace(spec, image="no-such/image:1"))
    assert engine.containers.list([f"{ENVIRONMENT}={owner.environment}"]) == ()


def test_a_container_that_cannot_be_attached_leaves_nothing(
    engine: Engine, owner: Owner, spec: ContainerSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    networks = [engine.networks.create(f"{owner.environment}-{number}", owner) for number in range(2)]
    both = replace(spec, networks=tuple(Attachment(network) for network in networks))

    def refuse(*_: object, **__: object) -> None:
        raise OSError("refused")

    for name in ("connect_container_to_network", "start"):
        monkeypatch.setattr(engine.api, name, refuse)
    with pytest.raises(EngineError):
        engine.containers.create(both).start()
    monkeypatch.undo()
    left = engine.containers.list([f"{ENVIRONMENT}={owner.environment}"])
    # From API 1.44 on all networks are attached at creation, and it is the start that fails.
    several_at_create = tuple(int(part) for part in engine.api.api_version.split(".")) >= SEVERAL_AT_CREATE
    assert len(left) == int(several_at_create)


def test_a_command_that_is_not_there_is_told_in_the_daemons_words(engine: Engine, spec: ContainerSpec) -> None:
    container = engine.containers.create(replace(spec, command=("/no/such/program",), init=False))
    with pytest.raises(EngineError, match="cannot be started") as caught:
        container.start()
    assert "no such file" in str(caught.value)


def test_files_go_in_and_come_out(engine: Engine, spec: ContainerSpec) -> None:
    container = engine.containers.create(spec)
    container.put("/tmp/data", b"\0bytes", mode=0o600)
    assert container.get("/tmp/data") == b"\0bytes"  # it need not run
    with pytest.raises(EngineError, match="cannot be read"):
        container.get("/tmp/none")
    with pytest.raises(EngineError, match="not a regular file"):
        container.get("/tmp")


def test_logs_are_read_with_a_tail_and_since_a_time(engine: Engine, spec: ContainerSpec) -> None:
    container = engine.containers.create(
        replace(spec, command=("sh", "-c", "echo one; echo two >&2; sleep 1; echo three"))
    )
    container.start()
    assert container.wait(20) == 0
    assert container.logs(tail=1) == "three\n"
    assert sorted(container.logs().split()) == ["one", "three", "two"]
    stamp = container.logs(tail=1, timestamps=True).split()[0]
    assert stamp.startswith("20")
    assert container.logs(since=engine.leases.now() + 5) == ""


def test_a_wait_that_is_too_short_says_that_it_still_runs(engine: Engine, spec: ContainerSpec) -> None:
    container = engine.containers.create(spec)
    container.start()
    assert container.wait(1) is None
    assert container.state().running


def test_a_killed_container_tells_its_exit_code_and_a_second_signal_is_refused(
    engine: Engine, spec: ContainerSpec
) -> None:
    container = engine.containers.create(spec)
    container.start()
    container.kill()
    assert container.wait(10) == 137
    assert container.state().exit_code == 137
    with pytest.raises(EngineError, match="cannot be sent SIGTERM"):
        container.kill("SIGTERM")


def test_removals_that_meet_are_no_error(engine: Engine, spec: ContainerSpec) -> None:
    container = engine.containers.create(spec)
    container.start()
    with ThreadPoolExecutor(4) as pool:
        removed = list(pool.map(lambda _: container.remove(), range(4)))
    assert sum(removed) == 1
    with pytest.raises(EngineError):
        container.inspect()


def test_seven_are_removed_at_once(engine: Engine, owner: Owner, spec: ContainerSpec) -> None:
    made = [engine.containers.create(replace(spec, name=f"{owner.environment}-{i}")) for i in range(7)]
    assert engine.containers.remove(made) == 7
    assert engine.containers.remove(made) == 0


def test_a_process_that_listens_is_found_by_its_port() -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        held.listen()
        port = held.getsockname()[1]
        found = ports.process(port)
        assert found is not None
        assert "pid" in found
    assert ports.process(port) is None
