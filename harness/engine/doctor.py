"""Everything that a run needs, looked at one by one: what was found, and what to do where something is missing."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from harness.engine import base, daemon
from harness.engine.engine import Engine
from harness.engine.labels import Owner
from harness.engine.networks import Pool
from harness.engine.sweep import dead, sweep
from harness.errors import HarnessError
from harness.signals import cleaning_up_after

PYTHON = (3, 11)
ENGINE_DISK = 3 << 30  # bytes: base image, the reference stack's images, and room to work
RUNS_DISK = 200 << 20
MEMORY = 1 << 30  # bytes: the reference stack and the harness, with room
SUBNETS = 8  # two per environment, four environments at once


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a run needs.

    Attributes:
        name: what was looked at.
        ok: a run can go ahead.
        found: what is there.
        do: what to do about it; also said of something that is merely untidy. Empty for nothing.
    """

    name: str
    ok: bool
    found: str
    do: str = ""

    def __str__(self) -> str:
        return f"{'ok     ' if self.ok else 'MISSING'} {self.name}: {self.found}" + (
            f" -> {self.do}" if self.do else ""
        )


def examine(environ: Mapping[str, str] = os.environ, runs: Path = Path("runs")) -> list[Finding]:
    """Look at everything; never raises, and changes nothing that stays.

    Args:
        runs: the directory where the records of runs go.
    """
    found = [_guard("Python", _python), _guard("disk for runs", partial(_disk, "disk for runs", runs, RUNS_DISK))]
    try:
        with Engine.connect(environ) as engine:
            found += [_guard(name, partial(check, engine)) for name, check in _checks()]
    except HarnessError as error:
        found.append(Finding("engine", False, _first_lines(error), error.hint or "`harness engine ensure`"))
        found.append(_guard("dockerd", _dockerd))
    except Exception as error:
        found.append(Finding("engine", False, f"{type(error).__name__}: {error}", "report this"))
    return found


def _checks() -> Iterator[tuple[str, Callable[[Engine], Finding]]]:
    yield "engine", lambda engine: Finding("engine", True, engine.describe())
    yield "API", _api
    yield "storage", _storage
    yield "disk for the engine", _engine_disk
    yield "memory", _memory
    yield "control groups", _cgroup
    yield "subnets", _subnets
    yield "networks", _networks
    yield "base image", _base
    yield "ssh", _ssh
    yield "leftovers", _leftovers


def _guard(name: str, check: Callable[[], Finding]) -> Finding:
    try:
        return check()
    except HarnessError as error:
        return Finding(name, False, _first_lines(error), error.hint or "see the message")
    except Exception as error:
        return Finding(name, False, f"could not be looked at: {type(error).__name__}: {error}", "report this")


def _first_lines(error: HarnessError) -> str:
    parts = [error.what, error.where or "", error.got or "", (error.detail or "").replace("\n", "; ")]
    return ": ".join(part for part in parts if part)


def _python() -> Finding:
    version = platform.python_version()
    if sys.version_info >= PYTHON:
        return Finding("Python", True, version)
    return Finding("Python", False, version, f"install Python {'.'.join(map(str, PYTHON))} or later")


def _disk(name: str, where: Path, needed: int) -> Finding:
    place = where.absolute()
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free
    text = f"{_bytes(free)} free in {place}"
    if free >= needed:
        return Finding(name, True, text)
    return Finding(name, False, text, f"free some space: a run needs {_bytes(needed)} there")


def _dockerd() -> Finding:
    others = daemon.others()
    if others:
        pid, address = others[0]
        return Finding("dockerd", True, f"runs (pid {pid}) and listens on {address}", f"export DOCKER_HOST={address}")
    path = daemon.find()
    if path:
        return Finding("dockerd", True, f"{path}, not running", "`harness engine ensure` starts one")
    return Finding("dockerd", False, "not installed", "`harness engine ensure` as root installs docker.io")


def _api(engine: Engine) -> Finding:
    return Finding("API", True, f"{engine.api.api_version} (1.41 or later is needed)")


def _storage(engine: Engine) -> Finding:
    driver = str(engine.info().get("Driver"))
    slow = "it copies whole images for every container: put the data root on ext4 or xfs" if driver == "vfs" else ""
    return Finding("storage", True, driver, slow)


def _engine_disk(engine: Engine) -> Finding:
    root = Path(str(engine.info().get("DockerRootDir") or "/var/lib/docker"))
    if not engine.endpoint.local:
        return Finding("disk for the engine", True, f"not known: {root} is on another machine")
    try:
        return _disk("disk for the engine", root, ENGINE_DISK)
    except PermissionError:
        return _disk("disk for the engine", root.parent, ENGINE_DISK)


def _memory(engine: Engine) -> Finding:
    total = int(engine.info().get("MemTotal") or 0)
    if engine.endpoint.local and (available := _available()) is not None:
        text = f"{_bytes(available)} of {_bytes(total)} available"
        return Finding(
            "memory", available >= MEMORY, text, "" if available >= MEMORY else "free some memory: 1 GiB is needed"
        )
    return Finding("memory", total >= MEMORY, _bytes(total), "" if total >= MEMORY else "1 GiB is needed")


def _available(meminfo: Path = Path("/proc/meminfo")) -> int | None:
    try:
        lines = meminfo.read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:")), None)


def _cgroup(engine: Engine) -> Finding:
    info: dict[str, Any] = engine.info()
    text = f"version {info.get('CgroupVersion', '1')}, {info.get('CgroupDriver', 'unknown')}"
    lacking = [name for key, name in (("MemoryLimit", "memory"), ("CpuCfsQuota", "cpu")) if not info.get(key)]
    if lacking:
        return Finding("control groups", True, f"{text}; no limits for {' and '.join(lacking)}",
                       "`mem_limit` and `cpus` of services have no effect")  # fmt: skip
    return Finding("control groups", True, text)


def _subnets(engine: Engine) -> Finding:
    free, whole = engine.networks.free(), len(Pool.of(engine.environ))
    text = f"{free} of {whole} free in {Pool.of(engine.environ)}"
    if free >= SUBNETS:
        return Finding("subnets", True, text)
    return Finding("subnets", False, text, "`harness sweep`, or name another pool in HARNESS_SUBNETS")


def _networks(engine: Engine) -> Finding:
    """Make one network of each kind and remove it: what fails on a machine without the kernel's bridges."""
    owner = Owner(run="doctor", environment=f"doctor-{os.getpid()}")
    try:
        for internal in (True, False):
            name = f"{owner.environment}-{'internal' if internal else 'door'}"
            engine.networks.create(name, owner, internal=internal)
    except BaseException as error:
        with cleaning_up_after(error):
            sweep(engine, environment=owner.environment, everything=True)
        raise
    sweep(engine, environment=owner.environment, everything=True)
    return Finding("networks", True, "an internal network and a door can be made")


def _base(engine: Engine) -> Finding:
    for reference in (base.TAG, "debian:bookworm-slim"):
        if engine.images.find(reference) is not None:
            return Finding("base image", True, f"{reference} is there")
    why_not = base.cannot_be_made(engine.environ)
    if engine.environ.get("HARNESS_PULL") != "never":
        other = "made with debootstrap" if why_not is None else f"it cannot be made: {why_not}"
        return Finding("base image", True, f"not there yet; will be pulled, else {other}")
    if why_not is None:
        return Finding("base image", True, "not there yet; will be made with debootstrap")
    return Finding("base image", False, why_not, "`harness images load FILE`, or allow pulling, or run once as root")


def _ssh(engine: Engine) -> Finding:
    if not engine.endpoint.url.startswith("ssh://"):
        return Finding("ssh", True, "not needed")
    if shutil.which("ssh"):
        return Finding("ssh", True, str(shutil.which("ssh")))
    return Finding("ssh", True, "no client; the SDK's own is used", "install openssh-client for agents and jump hosts")


def _leftovers(engine: Engine) -> Finding:
    found = sorted(dead(engine))
    if not found:
        return Finding("leftovers", True, "none")
    return Finding("leftovers", True, f"of {len(found)} dead environments: {', '.join(found[:5])}", "`harness sweep`")


def _bytes(number: int) -> str:
    return f"{number / (1 << 30):.1f} GiB" if number >= 1 << 30 else f"{number / (1 << 20):.0f} MiB"
