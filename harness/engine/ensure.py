"""An engine where none answers: the installed dockerd as a private one, installed first where that is allowed."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping

from harness.engine import apt, connect, daemon, state
from harness.engine.engine import Engine
from harness.engine.sweep import sweep
from harness.errors import NoEngine

PACKAGES = ("docker.io", "iptables")
BESIDE = "HARNESS_ENGINE_BESIDE"

Progress = Callable[[str], None]


def ensure(environ: Mapping[str, str] = os.environ, progress: Progress = lambda _line: None) -> Engine:
    """An engine that answers: the one that is there, untouched; else the harness's own, started now and left running.

    Args:
        progress: called with lines that say what is being done.

    Raises:
        NoEngine: none answers and none can be started here; the message says what to do. Also when DOCKER_HOST or the
            docker context names a daemon that does not answer: it is never replaced by another.
        EngineError: a package cannot be installed, or dockerd does not start.
    """
    found = _connected(environ)
    if found is not None:
        progress(f"Found {found.describe()}")
        return found
    _refuse_where_impossible(environ)
    with state.lock("engine", environ):
        found = _connected(environ)  # another process was faster
        if found is not None:
            progress(f"Found {found.describe()}")
            return found
        dockerd = daemon.find(environ)
        if dockerd is None:
            progress(f"Installing {' and '.join(PACKAGES)}")
            apt.install(PACKAGES, progress, environ)
            found = _connected(environ)  # where there is an init, installing starts one
            if found is not None:
                progress(f"Installed, and found {found.describe()}")
                return found
            dockerd = daemon.find(environ)
        if dockerd is None:
            raise NoEngine(
                "docker.io is installed, but its dockerd cannot be found",
                got="not in PATH nor in /usr/sbin",
                hint="see what `dpkg -L docker.io` lists",
            )
        _refuse_beside_another(environ)
        progress(f"Starting {dockerd} with its data in {state.engine_home(environ)}")
        daemon.start(dockerd, environ)
    engine = Engine.connect(environ)
    progress(f"Started {engine.describe()}")
    return engine


def stop(environ: Mapping[str, str] = os.environ, *, purge: bool = False) -> bool:
    """End the harness's own engine, and no other. False if it does not run.

    Args:
        purge: remove its data too: images, networks, everything.

    Raises:
        EngineError: it does not end, or its data cannot be removed.
    """
    with state.lock("engine", environ):
        if purge and daemon.running(environ) is not None:
            own = {**environ, "DOCKER_HOST": f"unix://{state.engine_socket(environ)}"}
            with Engine.connect(own) as engine:
                sweep(engine, everything=True, kept=True)  # its bridges would outlive it
        stopped = daemon.stop(environ)
        if purge:
            daemon.purge(environ)
    return stopped


def _connected(environ: Mapping[str, str]) -> Engine | None:
    try:
        return Engine.connect(environ)
    except NoEngine:
        if any(endpoint.named for endpoint in connect.endpoints(environ)):
            raise
        return None


def _refuse_where_impossible(environ: Mapping[str, str]) -> None:
    reason = None
    if not sys.platform.startswith("linux"):
        reason, do = "an engine of its own needs Linux", "install Docker Desktop, colima or Podman and start it"
    elif os.geteuid() != 0:
        reason, do = "starting one needs root", "start Docker (`sudo systemctl start docker`), or run this once as root"
    elif daemon.find(environ) is None and (why := apt.cannot_install(environ)):
        reason, do = f"dockerd is not installed, and {why}", "install Docker 20.10 or later and start it"
    if reason:
        raise NoEngine("No container engine answers, and none can be started here", got=reason, hint=do)


def _refuse_beside_another(environ: Mapping[str, str]) -> None:
    """Two daemons in one network rewrite each other's packet filter: not without being told to."""
    others = daemon.others()
    if others and not environ.get(BESIDE):
        pid, address = others[0]
        raise NoEngine(
            "No container engine answers where one is looked for, but a dockerd runs on this machine",
            where=f"pid {pid}",
            got=f"it listens on {address}",
            hint=f"use it (`export DOCKER_HOST={address}`), or set {BESIDE}=1 to start another beside it, "
            "whose packet filter rules replace some of its own",
        )
