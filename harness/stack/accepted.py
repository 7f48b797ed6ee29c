"""Values that only the engine or the kernel would refuse, and only when the container is made: refused here, with the
line, before anything runs. The table in suites/selftest/stack/test_accepted.py asks a real engine for each of them.

What depends on the image (a user that it lacks) or on the engine's machine (its processors, its limits) is not known
here.
"""

from __future__ import annotations

import ipaddress
import posixpath
import re
from collections.abc import Mapping
from typing import Any

from harness.stack.base import wrong

LONGEST_WORD = (128 << 10) - 1  # bytes of a word of a command, or of NAME=value: the kernel takes no more
ALL_WORDS = 1 << 20  # bytes of a command and its environment together; the kernel takes a quarter of the stack's limit
LEAST_MEMORY = 6 << 20  # bytes; the engine gives no container less
LARGEST = (1 << 63) - 1
PORTS = 100  # TCP ports of a service; each is a listener for every replica that may call it


def _among(*lines: str) -> frozenset[str]:
    return frozenset(word for line in lines for word in line.split())


_CAPABILITIES = _among(
    "AUDIT_CONTROL AUDIT_READ AUDIT_WRITE BLOCK_SUSPEND BPF CHECKPOINT_RESTORE CHOWN DAC_OVERRIDE DAC_READ_SEARCH",
    "FOWNER FSETID IPC_LOCK IPC_OWNER KILL LEASE LINUX_IMMUTABLE MAC_ADMIN MAC_OVERRIDE MKNOD NET_ADMIN",
    "NET_BIND_SERVICE NET_BROADCAST NET_RAW PERFMON SETFCAP SETGID SETPCAP SETUID SYSLOG SYS_ADMIN SYS_BOOT SYS_CHROOT",
    "SYS_MODULE SYS_NICE SYS_PACCT SYS_PTRACE SYS_RAWIO SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG WAKE_ALARM ALL",
)
_ULIMITS = _among("as core cpu data fsize locks memlock msgqueue nice nofile nproc rss rtprio rttime sigpending stack")
_SIGNALS = _among(
    "ABRT ALRM BUS CHLD CLD CONT FPE HUP ILL INT IO IOT KILL PIPE POLL PROF PWR QUIT SEGV STKFLT STOP SYS TERM TRAP",
    "TSTP TTIN TTOU URG USR1 USR2 VTALRM WINCH XCPU XFSZ RTMIN RTMAX",
)
_KERNEL = _among(
    "kernel.msgmax kernel.msgmnb kernel.msgmni kernel.sem kernel.shmall kernel.shmmax kernel.shmmni",
    "kernel.shm_rmid_forced",
)
_MOUNT_FLAGS = _among(
    "defaults ro rw suid nosuid dev nodev exec noexec sync async dirsync mand nomand atime noatime diratime nodiratime",
    "relatime norelatime strictatime nostrictatime private rprivate shared rshared slave rslave unbindable runbindable",
)
_MOUNT_VALUES: Mapping[str, str] = {
    "size": r"(0x[0-9a-fA-F]{1,15}|[0-9]{1,15})[kKmMgG]?%?",
    "nr_blocks": r"[0-9]{1,15}[kKmMgG]?",
    "nr_inodes": r"[0-9]{1,15}[kKmMgG]?",
    "mode": r"[0-7]{1,5}",
    "uid": r"[0-9]{1,9}",
    "gid": r"[0-9]{1,9}",
    "mpol": r"default|local|interleave",
}
_THE_ENGINES = frozenset({"/", "/dev", "/etc/hostname", "/etc/hosts", "/etc/resolv.conf", "/proc"})
_COMPONENT = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_DOMAIN = r"(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*(?::[0-9]+)?"
_NAME = rf"(?:(?=[^/]*[.:]|localhost/){_DOMAIN}/)?{_COMPONENT}(?:/{_COMPONENT})*"
_REFERENCE = re.compile(
    rf"(?P<name>{_NAME})(?::[\w][\w.-]{{0,127}})?(?:@[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{{32,}})?",
    re.ASCII,
)


def image(value: str) -> str:
    """The reference of an image: `postgres:16`, `registry:5000/team/web@sha256:...`."""
    match = _REFERENCE.fullmatch(value) if len(value) < 1024 else None
    if not match or len(match["name"]) > 255:
        raise wrong(
            "the reference of an image in lower case, such as postgres:16 or registry.example:5000/team/web:1.2",
            "correct the name",
        )
    return value


def image_part(name: str) -> bool:
    """Whether the image that is built for a service can have its name in it."""
    return bool(re.fullmatch(_COMPONENT, name.lower()))


def user(value: str) -> str:
    """`name`, `uid`, `name:group`, `uid:gid`."""
    parts = value.split(":")
    if len(parts) > 2 or not all(_account(part) for part in parts) or not any(parts):
        raise wrong("a user, or user:group, each a name or a number from 0 to 2147483647")
    return value


def _account(part: str) -> bool:
    if re.fullmatch(r"[+-]?[0-9]+", part, re.ASCII):
        return part[0] not in "+-" and len(part) <= 10 and int(part) < 1 << 31
    return part == "" or (re.fullmatch(r"[^\s:/,\x00-\x1f\x7f-]\S*", part) is not None and part.isprintable())


def hostname(value: str) -> str:
    """The name of a machine, of 64 bytes at most."""
    if not re.fullmatch(r"[^\s/]+", value) or not value.isprintable() or len(value.encode()) > 64:
        raise wrong("a host name of 64 characters or fewer: letters, digits, dots and -")
    return value


def directory(value: str) -> str:
    """An absolute path that a file system can have."""
    if not value.startswith("/") or not _can_be(value):
        raise wrong("an absolute path, beginning with /, no part of it longer than 255 bytes")
    return value


def mount_point(value: str, key: str | int = "") -> str:
    """A path in a container at which something can be mounted. `key` says which of several it is."""
    at = posixpath.normpath(value) if value.startswith("/") else ""
    at = at.replace("//", "/", 1) if at.startswith("//") else at
    if not at or not _can_be(value) or at in _THE_ENGINES or at.startswith("/proc/"):
        raise wrong(
            "an absolute path in the container, beginning with /; nothing can be mounted at "
            + ", ".join(sorted(_THE_ENGINES)),
            "mount it at another path",
            key,
        )
    return value


def _can_be(path: str) -> bool:
    return "\0" not in path and len(path.encode()) < 4096 and all(len(part.encode()) < 256 for part in path.split("/"))


def mount_options(value: str, key: str | int = "") -> str:
    """The options of a tmpfs: `size=64m,mode=1777,noexec`."""
    for option in value.split(",") if value else ():
        name, given, setting = option.partition("=")
        form = _MOUNT_VALUES.get(name) if given else None
        if not (option in _MOUNT_FLAGS if not given else form and re.fullmatch(form, setting, re.ASCII)):
            raise wrong(
                "options of a tmpfs, such as size=64m,mode=1777,uid=1000,noexec,nosuid",
                f"correct or remove {option!r}" if option else "remove the comma",
                key,
            )
    return value


def memory(value: int) -> int:
    """A limit of memory in bytes; 0 for none."""
    if value and value < LEAST_MEMORY:
        raise wrong("6m or more: the engine gives no container less; 0 for no limit", "raise the limit")
    return bytes_(value)


def bytes_(value: int) -> int:
    """A number of bytes that the engine can be told."""
    if not 0 <= value <= LARGEST:
        raise wrong("a size below 8 EiB")
    return value


def capability(value: str) -> str:
    """`NET_ADMIN`, with CAP_ before it or without, in any case; or ALL."""
    if value.upper().removeprefix("CAP_") not in _CAPABILITIES:
        raise wrong("a capability of Linux, such as NET_ADMIN; man 7 capabilities lists them", "correct the name")
    return value


def sysctls(values: Mapping[str, str]) -> Mapping[str, str]:
    """Parameters of the kernel that a container has for itself."""
    for name, value in values.items():
        dotted = name.replace("/", ".")
        own = dotted in _KERNEL or dotted.startswith(("net.", "fs.mqueue.")) or dotted == "kernel.domainname"
        if not own or not re.fullmatch(r"[\w-]+([./][\w-]+)+", name, re.ASCII):
            raise wrong(
                "parameters that a container has for itself: net.*, fs.mqueue.*, " + ", ".join(sorted(_KERNEL)),
                "remove it: it belongs to the whole machine, or does not exist",
                name,
            )
        if not all(char.isprintable() or char == "\t" for char in value):
            raise wrong("a value of one line", key=name)
        if dotted in _KERNEL and not re.fullmatch(r"[0-9]+([ \t]+[0-9]+)*", value, re.ASCII):
            raise wrong("a number, or several with spaces between them", key=name)
    return values


def ulimit_names(values: Mapping[str, Any]) -> Mapping[str, Any]:
    """The limits that a process can have."""
    for name in values:
        if name not in _ULIMITS:
            raise wrong("one of " + ", ".join(sorted(_ULIMITS)), "correct the name, in lower case", name)
    return values


def ulimit(soft: int, hard: int) -> None:
    """Refuse a soft limit above the hard one; -1 is no limit."""
    for value in (soft, hard):
        if not -1 <= value <= LARGEST:
            raise wrong("a number from 0 on, or -1 for no limit")
    if hard != -1 and not -1 < soft <= hard:
        raise wrong(f"a soft limit of the hard one ({hard}) or less", "lower `soft`, or raise `hard`")


def signal(value: str) -> str:
    """`SIGQUIT`, `QUIT`, `3`, `SIGRTMIN+3`."""
    name = value.upper().removeprefix("SIG")
    number = re.fullmatch(r"[0-9]{1,2}", name, re.ASCII) and 1 <= int(name) <= 64
    real_time = re.fullmatch(r"RTMIN\+([1-9]|1[0-5])|RTMAX-([1-9]|1[0-4])", name, re.ASCII)
    if not (name in _SIGNALS or (number and value == name) or real_time):
        raise wrong("a signal, such as SIGTERM, SIGQUIT or SIGRTMIN+3, or its number from 1 to 64", "correct it")
    return value


def hosts(values: Mapping[str, str]) -> Mapping[str, str]:
    """Names and their addresses, IPv6 without its brackets."""
    found = {}
    for name, written in values.items():
        address = written[1:-1] if written.startswith("[") and written.endswith("]") else written
        if not re.fullmatch(r"[^\s:#,/]+", name) or not name.isprintable():
            raise wrong("a host name: letters, digits, dots and -", "correct the name", name)
        try:
            plain = address == "host-gateway" or "%" not in str(ipaddress.ip_address(address))
        except ValueError:
            plain = False
        if not plain:
            raise wrong('an address, such as 10.0.0.5, "::1" or host-gateway', key=name)
        found[name] = address
    return found


def environment(values: Mapping[str, str]) -> Mapping[str, str]:
    """Variables that a process can be given."""
    for name, value in values.items():
        if not name or "=" in name:
            raise wrong("the name of a variable, without =", "write NAME: value, or - NAME=value", name)
        if len(name.encode()) + 1 + len(value.encode()) > LONGEST_WORD:
            raise wrong("a value of less than 128 KiB: the kernel allows no more in one", key=name)
    return values


def words(value: tuple[str, ...]) -> tuple[str, ...]:
    """A command whose words a process can be given."""
    if any(len(word.encode()) > LONGEST_WORD for word in value):
        raise wrong("words of less than 128 KiB: the kernel allows no more in one", "put it into a file")
    return value


def all_words(environment: Mapping[str, str], *commands: tuple[str, ...] | None) -> None:
    """Refuse words and variables that are together more than a process can be given."""
    size = sum(len(name.encode()) + len(value.encode()) + 10 for name, value in environment.items())
    size += sum(len(word.encode()) + 9 for words in commands for word in words or ())
    if size > ALL_WORDS:
        raise wrong(
            "a command and variables of 1 MiB or less together: the kernel allows no more",
            "put them into a file, and mount it",
            "environment",
        )
