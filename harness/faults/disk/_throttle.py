"""Where a container's cgroup limits how much a disk carries: `io.max` of cgroup v2, `blkio.throttle.*` of v1."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

ROOT = "/sys/fs/cgroup"
DEVICES = "/sys/dev/block"
READ, WRITE = "read", "write"
NONE = {2: "max", 1: "0"}  # what stands for no limit
# What a script says of the replica: the version, the whole disk below its root file system (or, where that is an
# overlay, below what the engine mounts into it), and what the files hold.
LOOK = """if [ -e {root}/io.max ]; then echo version=2
elif [ -e {root}/cgroup.controllers ]; then echo "controllers=$(cat {root}/cgroup.controllers)"
elif [ -e {root}/blkio/blkio.throttle.write_bps_device ]; then echo version=1
fi
for place in / /etc/hosts; do
    number=$(awk -v place="$place" '$5 == place {{ n = $3 }} END {{ print n }}' {mounts})
    case "$number" in
    '' | 0:*) continue ;;
    esac
    [ -e {devices}/$number ] || continue
    if [ -e {devices}/$number/partition ]; then number=$(cat {devices}/$number/../dev); fi
    echo "device=$number"
    break
done
cat {root}/io.max 2> /dev/null | sed 's/^/max=/'
for way in read write; do
    cat {root}/blkio/blkio.throttle.${{way}}_bps_device 2> /dev/null | sed "s/^/$way=/"
done
"""
# Bytes that were read and written, of one disk; v1 tells of synchronous ones and of all as well.
COUNT_2 = """awk '$1 == "{device}" {{
    for (i = 2; i <= NF; i++) if ($i ~ /^[rw]bytes=/) {{ split($i, part, "="); n += part[2] }}
}} END {{ print n + 0 }}' {root}/io.stat"""
COUNT_1 = """awk '$1 == "{device}" && ($2 == "Read" || $2 == "Write") {{ n += $3 }}
END {{ print n + 0 }}' {root}/blkio/blkio.throttle.io_service_bytes"""


def look(root: str = ROOT, mounts: str = "/proc/self/mountinfo", devices: str = DEVICES) -> str:
    """The shell text whose output `Throttle.of` reads."""
    return LOOK.format(root=root, mounts=mounts, devices=devices)


@dataclass(frozen=True, slots=True)
class Throttle:
    """A limit of a disk, for one cgroup.

    Attributes:
        version: of the cgroups.
        device: the disk, `254:0`.
        before: what the limits were, by `read` and `write`, as the kernel has them: bytes a second, `max` or `0`.
        root: where the cgroup is mounted.
    """

    version: Literal[1, 2]
    device: str
    before: Mapping[str, str]
    root: str = ROOT

    @classmethod
    def of(cls, said: str, root: str = ROOT) -> Throttle | str:
        """From what `look` printed; why there is none."""
        pairs = [line.partition("=")[::2] for line in said.splitlines() if "=" in line]
        found = dict(pairs)
        if "version" not in found:
            there = found.get("controllers")
            if there is None:
                return "neither io.max of cgroup v2 nor blkio of v1 is there"
            if "io" in there.split():
                return "io.max is not in what the replica sees of its cgroup"
            return f"the replica's cgroup has no io controller, only {there or 'none'}"
        if "device" not in found:
            return "its root file system is on no block device that can be told"
        version: Literal[1, 2] = 2 if found["version"] == "2" else 1
        made = cls(version, found["device"], {}, root)
        return cls(version, found["device"], made.limits(said), root)

    def limits(self, said: str) -> Mapping[str, str]:
        """What the limits are, by what `look` printed."""
        if self.version == 2:
            found = re.search(rf"^max={re.escape(self.device)} (.*)$", said, re.MULTILINE)
            kept = dict(part.partition("=")[::2] for part in (found[1] if found else "").split())
            return {READ: kept.get("rbps", "max"), WRITE: kept.get("wbps", "max")}
        ways = {}
        for way in (READ, WRITE):
            line = re.search(rf"^{way}={re.escape(self.device)} (\d+)$", said, re.MULTILINE)
            ways[way] = line[1] if line else "0"
        return ways

    def setting(self, limits: Mapping[str, str]) -> str:
        """The shell text that sets limits. Where the cgroup is mounted read-only, as in a container, it is made
        writable for this script alone.
        """
        if self.version == 2:
            place = self.root
            lines = {f"{place}/io.max": f"{self.device} rbps={limits[READ]} wbps={limits[WRITE]}"}
        else:
            place = f"{self.root}/blkio"
            lines = {
                f"{place}/blkio.throttle.{way}_bps_device": f"{self.device} {limits[way]}" for way in (READ, WRITE)
            }
        body = "\n".join(["set -e", *(f"echo {shlex.quote(line)} > {file}" for file, line in lines.items())])
        again = f"mount -o remount,bind,rw {place}\n{body}"
        first = next(iter(lines))
        return f"if ( : >> {first} ) 2> /dev/null; then\n{body}\nelse\nexec unshare -m sh -ec {shlex.quote(again)}\nfi"

    def limited(self, bytes_per_s: int) -> Mapping[str, str]:
        """So many bytes a second, each way."""
        return {READ: str(bytes_per_s), WRITE: str(bytes_per_s)}

    def counting(self) -> str:
        """The shell text that prints how many bytes the cgroup read from the disk and wrote to it."""
        if self.version == 2:
            return COUNT_2.format(device=self.device, root=self.root)
        return COUNT_1.format(device=self.device, root=self.root)
