"""Values that only the engine refuses: everything that is let through is taken by a real one, and what it does not take
is refused with its line before anything runs.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.engine import ContainerSpec, Engine, Owner
from harness.engine.sweep import sweep
from harness.environment.images import Image
from harness.environment.specs import Resources, container_spec
from harness.errors import EngineError, StackError
from harness.stack import Stack, load
from suites.soak import many

# Keys and values. Those of the second table the engine (20.10) refuses, when the container is made or when it starts.
TAKEN: list[tuple[str, Any]] = [
    *[("user", one) for one in ("root", "0", "0:0", "www-data:root", "2147483647", "root:", ":root")],
    *[("working_dir", one) for one in ("/", "/a b", "/nosuch/deep", "/x/../y", "/" + "a" * 255)],
    *[("hostname", one) for one in ("a", "a.b-c", "a_b", "A", "a" * 64)],
    *[("tmpfs", [f"/t{one}"]) for one in (
        "", ":size=64m", ":size=50%", ":size=0x10000", ":mode=1777,uid=1000,gid=1000", ":noexec,nosuid,nodev,ro",
        ":nr_inodes=10k,nr_blocks=10", ":defaults", ":mpol=default", ":noatime,sync,rshared",
    )],
    ("tmpfs", ["/sys", "/dev/own"]),
    *[("volumes", [one]) for one in ("/v", "/etc:/v:ro", "data:/v")],
    ("volumes", [{"type": "tmpfs", "target": "/v", "tmpfs": {"size": "1m"}}]),
    *[("mem_limit", one) for one in ("6m", "0", 2**63 - 1)],
    *[("shm_size", one) for one in ("1", "64m", 2**63 - 1)],
    *[("cpus", one) for one in (0.01, "0.5", 1)],
    *[("cap_add", [one]) for one in ("NET_ADMIN", "CAP_SYS_PTRACE", "sys_chroot", "Cap_Kill")],
    ("cap_drop", ["ALL", "MKNOD"]),
    *[("sysctls", one) for one in (
        {"net.core.somaxconn": 1024}, {"kernel.sem": "1 2 3 4"}, {"net/ipv4/ip_forward": 1}, {"fs.mqueue.msg_max": 100},
        {"net.ipv4.ping_group_range": "0 100"},
    )],
    *[("ulimits", one) for one in (
        {"nofile": {"soft": 1024, "hard": 2048}}, {"core": -1}, {"nproc": 100, "stack": {"soft": 8388608, "hard": -1}},
    )],
    *[("stop_signal", one) for one in ("SIGQUIT", "quit", "3", "64", "SIGRTMIN+15", "RTMAX-14")],
    *[("extra_hosts", [one]) for one in ("a:1.2.3.4", "a_b=::1", "a=[::1]", "a:host-gateway")],
    *[("environment", one) for one in ({"A B": "c"}, {"ä": "ö"}, {"1": "x"}, {"A": "x" * 131_069})],
    *[("labels", one) for one in ({"a b": "c"}, {"a=b": "c"})],
    ("command", ["true", "x" * 131_071]),
]  # fmt: skip
REFUSED: list[tuple[str, Any]] = [
    *[("user", one) for one in ("-1", "2147483648", "a b", "0x 1")],
    *[("working_dir", one) for one in ("rel", "./x", "C:\\x", "/a\0b", "/" + "a" * 256, "/a" * 3000)],
    *[("hostname", one) for one in ("a" * 65, "a\0b")],
    *[("tmpfs", [f"/t{one}"]) for one in (
        ":size=64q", ":size=-1", ":size=", ":size=1.5g", ":size=64kb", ":SIZE=1m", ":bogus", ":mode=999", ":mode=",
        ":uid=x", ":uid=-1", ":gid=99999999999", ":nr_inodes=x", ":,", ":remount", ":bind", ":huge=never", ":size=1e3",
    )],
    *[("tmpfs", [one]) for one in ("/", "/proc", "/proc/x", "/etc/hosts", "/dev", "/t/..")],
    *[("volumes", [one]) for one in ("/", "/v/../..", "/proc", "/" + "a" * 256, "/etc/resolv.conf")],
    ("volumes", ["/v", "data:/v/."]),
    *[("mem_limit", one) for one in ("1", "5m", 6291455, 2**63, "9e")],
    *[("shm_size", one) for one in (-1, 2**63, "16777216t")],
    *[("cpus", one) for one in (0.0001, 0.009)],
    *[("cap_add", [one]) for one in ("NOPE", "", "CAP_")],
    ("cap_drop", ["NOPE"]),
    *[("sysctls", one) for one in (
        {"vm.swappiness": 10}, {"nope": 1}, {"": 1}, {"kernel.hostname": "a"}, {"kernel.shmmax": "x"},
        {"net.a/../../b": 1}, {"net.ipv4.ip_forward": "1\0"}, {"net.ipv4.ip_forward\0": "1"},
    )],
    *[("ulimits", one) for one in (
        {"nofile": {"soft": 2048, "hard": 1024}}, {"nope": 1}, {"RLIMIT_NOFILE": 1}, {"nofile": 2**63},
        {"nofile": {"soft": -1, "hard": 5}}, {"nofile": -2},
    )],
    *[("stop_signal", one) for one in ("NOPE", "0", "SIGRTMIN+99", "9 ")],
    *[("extra_hosts", {"a": one}) for one in ("nope", "", "1.2.3", "fe80::1%eth0")],
    ("extra_hosts", {"": "1.2.3.4"}),
    *[("environment", one) for one in ({"": "b"}, {"A": "b\0"}, {"A\0": "b"})],
    *[("image", one) for one in ("a b", "UPPER/x:1", "a:b:c", "a:", "a//b", "http://x/y", "a..b", "a@sha256:x")],
    ("image", "a/" + "b" * 256),
]  # fmt: skip
# The engine says nothing, and the container dies at once, or has something else than was written.
SILENT: list[tuple[str, Any]] = [
    ("command", ["true", "a\0b"]),
    ("command", ["true", "x" * 131_072]),
    ("entrypoint", ["true\0"]),
    ("environment", {"A": "x" * 131_070}),
    ("environment", {"A=B": "c"}),
    ("hostname", "a\n6.6.6.6 b"),
    ("extra_hosts", {"a\n6.6.6.6 b": "1.2.3.4"}),
    ("labels", {"a": "b\0"}),
    ("stop_signal", "65"),
    ("healthcheck", {"test": ["CMD", "a\0b"]}),
]


def stack_of(directory: Path, key: str, value: Any) -> Stack:
    file = directory / "compose.yaml"
    service = {"image": "debian:bookworm-slim", "command": ["sleep", "0"], key: value}
    file.write_text(json.dumps({"services": {"web": service}, "volumes": {"data": None}}))
    return load(file, environ={})


KEYS = sorted({key for key, _ in (*TAKEN, *REFUSED, *SILENT)})


@pytest.mark.parametrize("key", KEYS)
def test_a_value_that_the_engine_does_not_take_is_refused_with_its_line_and_key(tmp_path: Path, key: str) -> None:
    for value in (value for one, value in (*REFUSED, *SILENT) if one == key):
        with pytest.raises(StackError) as caught:
            pytest.fail(f"{str(value)[:80]} is taken: {stack_of(tmp_path, key, value).services['web']}"[:400])
        where = str(caught.value.where)
        assert "compose.yaml, line " in where
        assert f": services.web.{key}" in where, str(caught.value)
        assert len(str(caught.value)) < 1500


@pytest.mark.parametrize("key", KEYS)
def test_a_value_that_the_engine_takes_is_taken(tmp_path: Path, key: str) -> None:
    for value in (value for one, value in TAKEN if one == key):
        stack_of(tmp_path, key, value)


def test_the_part_of_a_mapping_that_is_wrong_is_named(tmp_path: Path) -> None:
    file = tmp_path / "compose.yaml"
    file.write_text(
        "services:\n  web:\n    image: i\n    sysctls:\n      net.core.somaxconn: 1\n      vm.swappiness: 10\n"
    )
    with pytest.raises(StackError) as caught:
        load(file, environ={})
    assert str(caught.value.where).endswith('line 6: services.web.sysctls."vm.swappiness"')
    file.write_text("services:\n  web:\n    image: i\n    tmpfs:\n      - /run\n      - /tmp:size=64q\n")
    with pytest.raises(StackError) as caught:
        load(file, environ={})
    assert str(caught.value.where).endswith("line 6: services.web.tmpfs[1]")


def test_more_words_and_variables_than_a_process_can_be_given_are_refused(tmp_path: Path) -> None:
    for half in "AB":
        (tmp_path / f"{half}.env").write_text("".join(f"{half}{n}={'x' * 1000}\n" for n in range(600)))
    stack_of(tmp_path, "env_file", ["A.env"])
    with pytest.raises(StackError) as caught:
        stack_of(tmp_path, "env_file", ["A.env", "B.env"])
    assert "1 MiB or less together" in str(caught.value.expected)


@pytest.mark.parametrize("service", ["a..b", "a-", "x.", "a" * 59])
def test_a_service_that_no_image_or_host_can_be_called_by_is_refused(tmp_path: Path, service: str) -> None:
    (tmp_path / "Dockerfile").write_text("FROM scratch\n")
    (tmp_path / "compose.yaml").write_text(f"services: {{'{service}': {{build: .}}}}\n")
    with pytest.raises(StackError, match="service's name cannot be used"):
        load(tmp_path / "compose.yaml", environ={})


@pytest.mark.parametrize("volume", ["a b", "a/b", "ä"])
def test_a_volume_that_the_engine_cannot_name_is_refused(tmp_path: Path, volume: str) -> None:
    (tmp_path / "compose.yaml").write_text(f"services: {{web: {{image: i}}}}\nvolumes: {{'{volume}': }}\n")
    with pytest.raises(StackError, match="volume's name cannot be used"):
        load(tmp_path / "compose.yaml", environ={})


# -- a real engine -----------------------------------------------------------------------------------------------------


@pytest.fixture
def resources(tmp_path: Path) -> Iterator[tuple[Engine, Owner, Resources]]:
    with Engine.connect() as engine:
        stack = stack_of(tmp_path, "volumes", ["data:/v"])
        owner = Owner(run="run-accepted", environment=f"accepted-{tmp_path.name[-12:].strip('_-')}", test="accepted")
        engine.leases.acquire(owner)
        try:
            yield engine, owner, Resources.create(engine, owner, stack, {"web": ()})
        finally:
            swept = sweep(engine, environment=owner.environment, everything=True, kept=True)
            engine.leases.release(owner.environment)
        assert not swept.problems


def complaint(engine: Engine, spec: ContainerSpec) -> str:
    """What the engine has against a container, made and started; nothing where it takes it."""
    try:
        container = engine.containers.create(spec)
    except EngineError as error:
        return str(error)
    try:
        container.start()
    except EngineError as error:
        return str(error)
    else:
        return ""
    finally:
        container.remove()


@pytest.mark.sampled
@pytest.mark.containers
def test_a_real_engine_takes_what_is_let_through(tmp_path: Path, resources: tuple[Engine, Owner, Resources]) -> None:
    engine, owner, laid = resources
    image = engine.images.require("debian:bookworm-slim")

    def ask(number: int, key: str, value: Any) -> tuple[str, str]:
        (directory := tmp_path / str(number)).mkdir()
        service = stack_of(directory, key, value).services["web"]
        spec = container_spec(owner, service, "web-1", Image(image, ()), laid)
        # Each in the network of nobody: twenty at a time would have the same address.
        alone = replace(spec, name=f"{spec.name}-{number}", networks=())
        return f"{key}: {str(value)[:60]}", complaint(engine, alone)

    with ThreadPoolExecutor(4) as pool:
        found = dict(pool.map(lambda one: ask(one[0], *one[1]), enumerate(TAKEN)))
    assert {case: said for case, said in found.items() if said} == {}
    assert len(found) == len(TAKEN)


# -- any value ---------------------------------------------------------------------------------------------------------

TEXTS = st.text(max_size=12) | st.from_regex(r"[a-z0-9:/=,.%+-]{1,16}", fullmatch=True)


@pytest.mark.soak
@settings(max_examples=many(100), deadline=None)
@given(
    key=st.sampled_from(KEYS),
    text=TEXTS,
    other=TEXTS,
    shape=st.integers(0, 2),
)
def test_any_value_is_taken_or_refused_with_its_place(
    tmp_path_factory: pytest.TempPathFactory, key: str, text: str, other: str, shape: int
) -> None:
    value: Any = (text, [text, other], {text: other})[shape]
    try:
        stack_of(tmp_path_factory.getbasetemp(), key, value)
    except StackError as error:
        assert "compose.yaml, line" in str(error.where)  # noqa: PT017
