"""A disk's limit: what is looked at, what is written where for both versions of cgroups, and what is not available."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from harness.faults.disk._throttle import Throttle, look

pytestmark = pytest.mark.programs

ROOT_ON_DISK = "27 1 254:1 / / rw - ext4 /dev/vda1 rw\n30 27 254:1 /x/hosts /etc/hosts rw - ext4 /dev/vda1 rw\n"
OVERLAY = "27 1 0:51 / / rw - overlay overlay rw\n30 27 254:0 /x/hosts /etc/hosts rw - ext4 /dev/vda rw\n"
NO_DISK = "27 1 0:51 / / rw - overlay overlay rw\n30 27 0:60 /x/hosts /etc/hosts rw - tmpfs tmpfs rw\n"


class Machine:
    """The files of a replica, as far as they are looked at."""

    def __init__(self, directory: Path, mounts: str = OVERLAY) -> None:
        self.root, self.mounts, self.devices = directory / "cgroup", directory / "mountinfo", directory / "block"
        self.mounts.write_text(mounts)
        disk = directory / "sys" / "vda"
        (disk / "vda1").mkdir(parents=True)
        (disk / "dev").write_text("254:0\n")
        (disk / "vda1" / "dev").write_text("254:1\n")
        (disk / "vda1" / "partition").write_text("1\n")
        self.devices.mkdir()
        (self.devices / "254:0").symlink_to(disk)
        (self.devices / "254:1").symlink_to(disk / "vda1")
        self.root.mkdir()

    def v2(self, held: str = "") -> Machine:
        (self.root / "cgroup.controllers").write_text("cpu io memory\n")
        (self.root / "io.max").write_text(held)
        (self.root / "io.stat").write_text("8:0 rbytes=5 wbytes=5\n254:0 rbytes=100 wbytes=20 rios=3 wios=4 dbytes=7\n")
        return self

    def v1(self, **held: str) -> Machine:
        (self.root / "blkio").mkdir()
        for way in ("read", "write"):
            (self.root / "blkio" / f"blkio.throttle.{way}_bps_device").write_text(held.get(way, ""))
        counted = "8:0 Read 5\n254:0 Read 100\n254:0 Write 20\n254:0 Sync 120\n254:0 Total 120\nTotal 125\n"
        (self.root / "blkio" / "blkio.throttle.io_service_bytes").write_text(counted)
        return self

    def said(self) -> str:
        return ran(look(str(self.root), str(self.mounts), str(self.devices)))

    def throttle(self) -> Throttle:
        found = Throttle.of(self.said(), str(self.root))
        assert isinstance(found, Throttle), found
        return found

    def read(self, name: str) -> str:
        return (self.root / name).read_text()


def ran(text: str) -> str:
    done = subprocess.run(["/bin/sh", "-c", text], capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_with_v2_both_ways_are_one_line_of_io_max_for_the_disk(tmp_path: Path) -> None:
    machine = Machine(tmp_path).v2()
    found = machine.throttle()
    assert (found.version, found.device, dict(found.before)) == (2, "254:0", {"read": "max", "write": "max"})
    ran(found.setting(found.limited(100_000)))
    assert machine.read("io.max") == "254:0 rbps=100000 wbps=100000\n"
    assert found.limits(machine.said()) == found.limited(100_000)
    ran(found.setting(found.before))
    assert machine.read("io.max") == "254:0 rbps=max wbps=max\n"


def test_with_v1_each_way_is_a_file_and_0_takes_the_limit_away(tmp_path: Path) -> None:
    machine = Machine(tmp_path).v1()
    found = machine.throttle()
    assert (found.version, found.device, dict(found.before)) == (1, "254:0", {"read": "0", "write": "0"})
    ran(found.setting(found.limited(100_000)))
    for way in ("read", "write"):
        assert machine.read(f"blkio/blkio.throttle.{way}_bps_device") == "254:0 100000\n"
    assert found.limits(machine.said()) == found.limited(100_000)
    ran(found.setting(found.before))
    assert machine.read("blkio/blkio.throttle.write_bps_device") == "254:0 0\n"


def test_a_limit_that_was_there_comes_back_and_that_of_another_disk_is_not_looked_at(tmp_path: Path) -> None:
    (tmp_path / "two").mkdir()
    (tmp_path / "one").mkdir()
    two = Machine(tmp_path / "two").v2(
        "8:0 rbps=1 wbps=2 riops=max wiops=max\n254:0 rbps=max wbps=5000 riops=9 wiops=max\n"
    )
    one = Machine(tmp_path / "one").v1(read="8:0 1\n", write="8:0 2\n254:0 5000\n")
    assert dict(two.throttle().before) == {"read": "max", "write": "5000"}
    assert dict(one.throttle().before) == {"read": "0", "write": "5000"}


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_bytes_are_those_of_the_disk_alone_and_each_counts_once(tmp_path: Path, version: str) -> None:
    machine = Machine(tmp_path)
    found = (machine.v1() if version == "v1" else machine.v2()).throttle()
    assert ran(found.counting()) == "120\n"


def test_of_a_partition_the_whole_disk_is_limited(tmp_path: Path) -> None:
    assert Machine(tmp_path, ROOT_ON_DISK).v2().throttle().device == "254:0"


@pytest.mark.parametrize(
    ("mounts", "controllers", "why"),
    [
        (OVERLAY, None, "neither io.max of cgroup v2 nor blkio of v1 is there"),
        (OVERLAY, "cpu memory", "the replica's cgroup has no io controller, only cpu memory"),
        (OVERLAY, "cpu io", "io.max is not in what the replica sees of its cgroup"),
        (OVERLAY, "", "the replica's cgroup has no io controller, only none"),
    ],
)
def test_without_a_controller_it_says_which_there_are(
    tmp_path: Path, mounts: str, controllers: str | None, why: str
) -> None:
    machine = Machine(tmp_path, mounts)
    if controllers is not None:
        (machine.root / "cgroup.controllers").write_text(f"{controllers}\n")
    assert Throttle.of(machine.said()) == why


def test_without_a_block_device_there_is_nothing_to_limit(tmp_path: Path) -> None:
    why = "its root file system is on no block device that can be told"
    assert Throttle.of(Machine(tmp_path, NO_DISK).v2().said()) == why


def test_where_the_cgroup_is_read_only_it_is_made_writable_for_the_script_alone(tmp_path: Path) -> None:
    machine = Machine(tmp_path).v2()
    found = machine.throttle()
    (machine.root / "io.max").unlink()
    (machine.root / "io.max").mkdir()  # cannot be appended to, whoever asks
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "unshare").write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" > {tmp_path}/asked\n')
    (tools / "unshare").chmod(0o755)
    ran(f"PATH={tools}:$PATH\n{found.setting(found.limited(5000))}")
    asked = (tmp_path / "asked").read_text().splitlines()
    assert asked[:3] == ["-m", "sh", "-ec"]
    assert asked[3] == f"mount -o remount,bind,rw {machine.root}"
    assert asked[-1] == f"echo '254:0 rbps=5000 wbps=5000' > {machine.root}/io.max"
