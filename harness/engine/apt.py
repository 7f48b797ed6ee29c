"""Debian's packages, where they may be installed: by root, with apt, unless HARNESS_INSTALL=never."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence

from harness.errors import EngineError


def cannot_install(environ: Mapping[str, str] = os.environ) -> str | None:
    """Why packages cannot be installed here, as half a sentence; None where they can."""
    if environ.get("HARNESS_INSTALL") == "never":
        return "HARNESS_INSTALL=never forbids installing it"
    if shutil.which("apt-get") is None:
        return "this machine has no apt-get"
    if os.geteuid() != 0:
        return "installing it needs root"
    return None


def install(packages: Sequence[str], progress: Callable[[str], None], environ: Mapping[str, str] = os.environ) -> None:
    """Install packages without questions and without recommendations.

    Raises:
        EngineError: apt failed; its last lines are in the message.
    """
    quiet = {**os.environ, **environ, "DEBIAN_FRONTEND": "noninteractive"}
    _run(["apt-get", "update", "-q"], progress, quiet)
    wait = ["-o", "DPkg::Lock::Timeout=300"]  # another apt may be at work: unattended upgrades, a parallel job
    _run(["apt-get", "install", "-y", "-q", "--no-install-recommends", *wait, *packages], progress, quiet)


def _run(command: list[str], progress: Callable[[str], None], environ: Mapping[str, str]) -> None:
    tail: list[str] = []
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        env=environ,
    )
    with process:
        for line in process.stdout or ():
            progress(line.rstrip())
            tail = [*tail[-19:], line.rstrip()]
    if process.returncode:
        raise EngineError(
            "A package cannot be installed",
            where=" ".join(command),
            got=f"exit code {process.returncode}",
            hint="see apt's output below; install the package by hand and run again",
            detail="\n".join(tail),
        )
