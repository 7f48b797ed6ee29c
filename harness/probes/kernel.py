"""What one look at a replica is: the shell text that makes it, and how its answer is read. Files of the kernel only.

`look` gathers files of /proc and of the cgroup, each below a line `==> path <==`. The shell reads them itself: an image
needs nothing else. A shell reads byte by byte, so that the processes are only read again when one began or ended (the
numbers have changed) or when it is told to: `look all`.
`sockets` gathers those that tell who listens. Reading them is expensive: the kernel searches its table of connections.
What was gathered is in `$__A`, and is written at once, because each write is a frame that the engine carries.
`scan` prints program, working directory and open files of every process, `scan maps` its deleted mapped files as well,
each asked as the process's own user, because a container's root may not look into the processes of others.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

PART = "\x1d"  # between the answers to one question
SAME = "/proc/same"
PAGE = 4096  # bytes; larger on few machines, and then all figures are smaller by the same factor
LINES = 40  # of a file; the kernel names the listening sockets first, so that the open connections cost nothing
TICK = 100.0  # of /proc/*/stat in a second: the same on every Linux that containers run on
LISTENING = {"tcp": "0A", "tcp6": "0A", "udp": "07", "udp6": "07"}
DOCKERS_NAME_SERVER = "127.0.0.11"  # listens in every container, and is not its own
WITHOUT_LIMIT = 2**60  # bytes; cgroup v1 writes a limit of about 2**63 where there is none

FUNCTIONS = (
    rf"""
part() {{ __A="$__A{PART}"; }}
"""
    r"""
__show() { for __f in "$@"; do __t= __n=0
while [ $__n -lt 40 ] && { IFS= read -r __l || [ -n "$__l" ]; }; do __t="$__t$__l
"; __n=$((__n+1)); done 2>/dev/null <"$__f"; [ -n "$__t" ] && __A="$__A==> $__f <==
$__t
"; done 2>/dev/null; :; }
__c=/sys/fs/cgroup
if [ -e $__c/cpu.stat ]; then __st=$__c/memory.stat __sk=shmem
__cg="$__c/cpu.stat $__c/memory.current $__c/memory.max $__c/memory.events $__c/cpu.max \
 $__c/cpu.pressure $__c/memory.pressure $__c/io.pressure"
else for __d in cpuacct cpu,cpuacct cpu; do [ -e $__c/$__d/cpuacct.usage ] && break; done
for __e in cpu cpu,cpuacct; do [ -e $__c/$__e/cpu.stat ] && break; done
__cg="$__c/$__d/cpuacct.usage $__c/$__e/cpu.stat $__c/$__e/cpu.cfs_quota_us $__c/$__e/cpu.cfs_period_us \
$__c/memory/memory.usage_in_bytes $__c/memory/memory.limit_in_bytes $__c/memory/memory.oom_control"
__st=$__c/memory/memory.stat __sk=total_shmem; fi
__net=; for __f in tcp tcp6 udp udp6; do [ -e /proc/net/$__f ] && __net="$__net /proc/net/$__f"; done
__shared() { while read -r __k __v; do [ "$__k" = "$2" ] && { __A="$__A==> $1 <==
shmem $__v
"; break; }; done 2>/dev/null <"$1"; :; }
look() { __w=$1; set -- /proc/[0-9]*; if [ "$__w" = all ] || [ "$*" != "$__p" ]; then __p="$*"
__show /proc/[0-9]*/stat /proc/[0-9]*/statm; else __A="$__A==> /proc/same <==
"; fi; __show $__cg; [ -r $__st ] && __shared $__st $__sk; :; }
sockets() { __show $__net; }
__as() { __u=$1 __g=$2; shift 2
if command -v setpriv >/dev/null 2>&1; then setpriv --reuid="$__u" --regid="$__g" --clear-groups "$@"
else chroot --userspec="$__u:$__g" / "$@"; fi; }
scan() { __s= __m=; [ "$1" = maps ] && __m='grep -F -H (deleted) /proc/[0-9]*/maps'
__l="/proc/[0-9]*/exe /proc/[0-9]*/cwd /proc/[0-9]*/fd"; set -- $(ls -ldn /proc/[0-9]* 2>/dev/null)
while [ $# -ge 9 ]; do case " $__s " in *" $3:$4 "*) ;; *) __s="$__s $3:$4";; esac; shift 9; done
for __o in $__s; do printf '@%s\n' "$__o"; if [ "$__o" = 0:0 ]; then ls -ln $__l 2>/dev/null
[ -n "$__m" ] && $__m 2>/dev/null
else __as "${__o%:*}" "${__o#*:}" ls -ln $__l 2>/dev/null
[ -n "$__m" ] && __as "${__o%:*}" "${__o#*:}" $__m 2>/dev/null; fi; done; :; }
inode() { printf '%s ' "$3"; if [ "$1" = 0 ]; then ls -lnLi "/proc/$3" 2>/dev/null
else __as "$1" "$2" ls -lnLi "/proc/$3" 2>/dev/null; fi; printf '\n'; }
boot() { while read -r __k __v; do [ "$__k" = btime ] && __A="$__A$__v" && break; done </proc/stat; }
__A= __p=
"""
)

ONCE = f"""{FUNCTIONS}
look all
printf '%s' "$__A"
"""
"""A script that takes one look and prints it."""

_HEADER = re.compile(r"^==> (/\S+) <==$", re.MULTILINE)
_STAT = re.compile(r"\s*(\d+) \((.*)\) (\S) (.*)", re.DOTALL)
_LINK = re.compile(r"^\S+\s+\d+\s.* (?P<name>/proc/\d+/exe|\d+) -> (?P<target>.+)$")
_DELETED = " (deleted)"


@dataclass(frozen=True, slots=True)
class ProcessEntry:
    """A process of a replica.

    Attributes:
        started: in ticks since the machine's start.
        state: one letter, as in `ps`.
        threads: count.
        resident: bytes of memory that are neither a file's nor shared with others; of them all where that is not told.
    """

    pid: int
    parent: int
    name: str
    started: int
    state: str
    session: int
    threads: int = 0
    resident: int = 0


@dataclass(frozen=True, slots=True)
class KernelSnapshot:
    """What one look saw. What could not be read is None, and `missing` says why.

    Attributes:
        same: no process began or ended since the look before, and so `processes` and `entered` are not told again.
        processes: of the replica itself.
        entered: how many more came in from outside by exec, ours among them.
        cpu: seconds that the cgroup used so far.
        throttled: periods in which it was held back so far, and for how many seconds.
        cpu_limit: processors that it may use at most; None where there is no limit.
        memory, limit: bytes; the limit is None where there is none.
        shared: bytes of `memory` that processes share, or that lie in a file system of memory.
        oom_kills: processes that the OOM killer ended so far.
        pressure: of `cpu`, `memory`, `io`: seconds so far in which some and in which all waited for it.
    """

    same: bool = False
    processes: tuple[ProcessEntry, ...] | None = None
    entered: int = 0
    cpu: float | None = None
    throttled: int | None = None
    throttled_seconds: float | None = None
    cpu_limit: float | None = None
    memory: int | None = None
    limit: int | None = None
    shared: int | None = None
    oom_kills: int | None = None
    pressure: Mapping[str, tuple[float, float]] | None = None
    missing: Mapping[str, str] = field(default_factory=dict)


def read(text: str) -> KernelSnapshot:
    """The answer of `look`."""
    files = _files(text)
    missing: dict[str, str] = {}
    same = SAME in files
    processes, entered = _processes(files)
    if not processes and not same:
        missing["processes"] = "/proc/*/stat cannot be read"
    cgroup = {path.rpartition("/")[2]: text for path, text in files.items() if path.startswith("/sys/fs/cgroup")}
    made = _second(cgroup, missing) if "memory.current" in cgroup or ("cpu.stat" in cgroup and (
        "usage_usec" in cgroup["cpu.stat"]
    )) else _first(cgroup, missing)  # fmt: skip
    return KernelSnapshot(same=same, processes=processes or None, entered=entered, missing=missing, **made)


def listening(text: str) -> tuple[tuple[str, ...] | None, str]:
    """The answer of `sockets`: `address:port/protocol`, sorted, and what is missing; None where nothing can be read."""
    files = _files(text)
    nets = {name: files[f"/proc/net/{name}"] for name in LISTENING if f"/proc/net/{name}" in files}
    if not nets:
        return None, "/proc/net/tcp cannot be read"
    missing = ""
    for name, net in nets.items():
        lines = net.splitlines()
        if len(lines) >= LINES and lines[-1].split()[3:4] == [LISTENING[name]]:
            missing = f"the first {LINES - 1} of {name} only"
    return tuple(sorted({one for name, net in nets.items() for one in _listening(name, net)})), missing


def _files(text: str) -> dict[str, str]:
    parts = _HEADER.split(text)
    return dict(zip(parts[1::2], (part.strip("\n") for part in parts[2::2]), strict=True))


def _processes(files: Mapping[str, str]) -> tuple[tuple[ProcessEntry, ...], int]:
    found: list[ProcessEntry] = []
    for path, text in files.items():
        if not path.endswith("/stat") or not (match := _STAT.match(text)):
            continue
        rest = match[4].split()
        if len(rest) > 20:
            pid, parent, session, threads, started, pages = (
                int(one) for one in (match[1], rest[0], rest[2], rest[16], rest[18], rest[20])
            )
            # A database's processes share what it caches: each that touches more of it would look like growth.
            shared = (files.get(f"/proc/{pid}/statm") or "").split()[2:3]
            pages = max(0, pages - int(shared[0])) if shared else pages
            found.append(ProcessEntry(pid, parent, match[2], started, match[3], session, threads, pages * PAGE))
    # Who has no parent and is not the first came in by exec, and so did its session.
    guests = {one.pid for one in found if one.parent == 0 and one.pid != 1}
    own = tuple(one for one in sorted(found, key=lambda one: one.pid) if one.session not in guests)
    return own, len(found) - len(own)


def _listening(name: str, text: str) -> Iterator[str]:
    for line in text.splitlines()[1:]:
        words = line.split()
        if len(words) > 3 and words[3] == LISTENING[name] and words[2].endswith(":0000"):
            address, _, port = words[1].rpartition(":")
            if (shown := _address(address)) != DOCKERS_NAME_SERVER:
                yield f"{shown}:{int(port, 16)}/{name[:3]}"


def _address(text: str) -> str:
    """An address as /proc/net writes it: words of four bytes, each in the machine's order."""
    data = b"".join(bytes.fromhex(text[at : at + 8])[::-1] for at in range(0, len(text), 8))
    address = ipaddress.ip_address(data)
    return f"[{address}]" if address.version == 6 else str(address)


def _pairs(text: str | None) -> dict[str, int]:
    words = [line.split() for line in (text or "").splitlines()]
    return {pair[0]: int(pair[1]) for pair in words if len(pair) == 2 and pair[1].isdigit()}


def _number(text: str | None) -> int | None:
    return int(text) if text is not None and text.strip().isdigit() else None


def _cores(quota: str | None, period: str | None) -> float | None:
    """Processors, of a quota in each period; -1 and `max` are no limit."""
    allowed, each = _number(quota), _number(period)
    return round(allowed / each, 4) if allowed and each else None


def _first(cgroup: Mapping[str, str], missing: dict[str, str]) -> dict[str, Any]:
    """cgroup v1."""
    cpu, stat = _number(cgroup.get("cpuacct.usage")), _pairs(cgroup.get("cpu.stat"))
    held, limit = stat.get("throttled_time"), _number(cgroup.get("memory.limit_in_bytes"))
    made: dict[str, Any] = {
        "cpu": None if cpu is None else round(cpu / 1e9, 4),
        "throttled": stat.get("nr_throttled"),
        "throttled_seconds": None if held is None else round(held / 1e9, 4),
        "cpu_limit": _cores(cgroup.get("cpu.cfs_quota_us"), cgroup.get("cpu.cfs_period_us")),
        "memory": _number(cgroup.get("memory.usage_in_bytes")),
        "limit": limit if limit is not None and limit < WITHOUT_LIMIT else None,
        "shared": _pairs(cgroup.get("memory.stat")).get("shmem"),
        "oom_kills": _pairs(cgroup.get("memory.oom_control")).get("oom_kill"),
    }
    missing["pressure"] = "cgroup v1 keeps none" if cgroup else "no cgroup can be read"
    _say(made, missing)
    return made


def _second(cgroup: Mapping[str, str], missing: dict[str, str]) -> dict[str, Any]:
    """cgroup v2."""
    stat, limit = _pairs(cgroup.get("cpu.stat")), _number(cgroup.get("memory.max"))
    used, held = stat.get("usage_usec"), stat.get("throttled_usec")
    pressure = {name: found for name in ("cpu", "memory", "io") if (found := _pressure(cgroup.get(f"{name}.pressure")))}
    made: dict[str, Any] = {
        "cpu": None if used is None else round(used / 1e6, 4),
        "throttled": stat.get("nr_throttled"),
        "throttled_seconds": None if held is None else round(held / 1e6, 4),
        "cpu_limit": _cores(*[*(cgroup.get("cpu.max") or "").split(), None, None][:2]),
        "memory": _number(cgroup.get("memory.current")),
        "limit": limit,
        "shared": _pairs(cgroup.get("memory.stat")).get("shmem"),
        "oom_kills": _pairs(cgroup.get("memory.events")).get("oom_kill"),
        "pressure": pressure or None,
    }
    if not pressure:
        missing["pressure"] = "the kernel keeps none"
    _say(made, missing)
    return made


def _say(made: Mapping[str, Any], missing: dict[str, str]) -> None:
    for name in ("cpu", "throttled", "memory", "shared", "oom_kills"):
        if made[name] is None:
            missing[name] = "not in the cgroup's files"


def _pressure(text: str | None) -> tuple[float, float] | None:
    totals = dict(re.findall(r"^(some|full) .*total=(\d+)", text or "", re.MULTILINE))
    if "some" not in totals:
        return None
    return round(int(totals["some"]) / 1e6, 4), round(int(totals.get("full", 0)) / 1e6, 4)


@dataclass(frozen=True, slots=True)
class Deleted:
    """A file that is deleted and still open.

    Attributes:
        place: below /proc: `43/fd/3`, or `43/exe`.
        owner: user and group of the process, as numbers.
    """

    pid: int
    place: str
    path: str
    owner: tuple[int, int]


def scanned(text: str) -> tuple[tuple[Deleted, ...], frozenset[int]]:
    """The answer of `scan`: the deleted files, and the processes whose files could be looked at."""
    found: set[Deleted] = set()
    seen: set[int] = set()
    pid, owner = 0, (0, 0)
    for line in text.splitlines():
        if group := re.fullmatch(r"@(\d+):(\d+)", line):
            owner = int(group[1]), int(group[2])
        elif re.fullmatch(r"/proc/\d+/fd:", line):
            pid = int(line.split("/")[2])
        elif match := _LINK.match(line):
            name, target = match["name"], match["target"]
            place = name.removeprefix("/proc/") if name.startswith("/") else f"{pid}/fd/{name}"
            whose = int(place.split("/")[0])
            seen.add(whose)
            if target.endswith(_DELETED):
                found.add(Deleted(whose, place, target.removesuffix(_DELETED), owner))
    return tuple(sorted(found, key=lambda one: (one.pid, one.place))), frozenset(seen)


def inodes(text: str) -> dict[str, tuple[int, int]]:
    """The answer of `inode`, by place: number and size in bytes."""
    found = {}
    for line in text.splitlines():
        words = line.split()
        if len(words) > 6 and words[1].isdigit() and words[6].isdigit():
            found[words[0]] = int(words[1]), int(words[6])
    return found
