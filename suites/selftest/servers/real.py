"""Servers that run on this machine, and what is asked of them as if they ran in a replica."""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from harness.clock import SystemClock
from harness.fingerprint import StatePart
from harness.history import Event, History
from harness.probes import queue
from harness.probes.readback import probe as read_back
from harness.probes.server import ServerState
from harness.servers import ServerAdapter
from harness.waiting import pause
from suites.selftest.probes.fakes import LocalReplica
from suites.selftest.probes.local import LocalStart, until

QUIET: Mapping[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}


def program(name: str, package: str) -> str:
    """The path of a server's program; skips the test where this machine does not have it."""
    found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/lib/rabbitmq/bin")
    if found is None:
        pytest.skip(f"there is no {name} on this machine: apt-get install {package}")
    return found


@contextlib.contextmanager
def running(command: list[Any], end: int = signal.SIGTERM, **options: Any) -> Iterator[subprocess.Popen[bytes]]:
    """A server of the test's own, ended with it."""
    process = subprocess.Popen([str(word) for word in command], **{**QUIET, **options})
    try:
        yield process
    finally:
        process.send_signal(end)
        process.wait(30)


def up(process: subprocess.Popen[bytes], ready: Callable[[], bool]) -> None:
    """Wait until a server is ready; it must not end before."""
    assert until(lambda: process.poll() is not None or ready(), 90.0), "it is not ready after 90 s"
    assert process.poll() is None, f"it ended with exit code {process.returncode}"


def answered(event: Event) -> bool:
    return event.data["error"] is None


def sampled(server: ServerAdapter, good: Callable[[Event], bool] = answered) -> Mapping[str, Any]:
    """Sample until an event is as it should be; the data of the last one."""
    state = ServerState(History(), LocalStart("server-1"), "h1", server)
    seen: list[Event] = []

    def look() -> bool:
        # InnoDB tells the same of its transactions as long as it is asked more often than every 0.1 s.
        pause(0.15 if seen else 0.0)
        state.begin(len(seen))
        seen.append(state.finish(time.monotonic() + 2.0))
        return good(seen[-1])

    try:
        assert until(look, 60.0), seen[-1].data
    finally:
        state.close()
    return seen[-1].data


def fingerprint(server: ServerAdapter, *releases: str) -> Mapping[str, StatePart]:
    """All parts that the server tells."""
    found = server.fingerprint(lambda text: LocalReplica().ask(text, 60.0), releases, SystemClock())
    assert set(found) == set(server.parts)
    return found


def items(server: ServerAdapter, part: str, *releases: str) -> Mapping[str, Any]:
    """The items of one part, which is known."""
    found = fingerprint(server, *releases)[part]
    assert found.items is not None, found
    return found.items


def queued(server: ServerAdapter) -> tuple[Any, Any, Any]:
    """Depth, age and error of its queue, asked once, when a client that is kept open says the same of the depth."""
    kept = queue.Queue(History(), LocalStart("server-1"), "h1", server)
    seen: list[tuple[Event, Event]] = []

    def agree() -> bool:
        kept.begin(0)
        one = queue.probe(History(), LocalReplica("server-1"), server)
        seen.append((one, kept.finish(time.monotonic() + 2.0)))
        return bool(one.data["depth"] == seen[-1][1].data["depth"])

    try:
        assert until(agree, 30.0), [event.data for event in seen[-1]]
    finally:
        kept.close()
    once = seen[-1][0].data
    return once["depth"], once["age"], once["error"]


def back(server: ServerAdapter, key: str, directory: Path) -> Mapping[str, Any]:
    """What a readback records, with `directory` for its file."""
    history = History(directory / "events.jsonl")
    return read_back(history, LocalReplica("server-1"), server, key, None).data


def sh(command: str) -> str:
    """What a line of shell prints; it has to succeed."""
    words = ["sh", "-c", command]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, f"{command}: {done.stderr}{done.stdout}"
    return done.stdout


def certificate(directory: Path) -> dict[str, str]:
    """A key and a certificate of its own for localhost: paths of `key` and `ca`."""
    program("openssl", "openssl")
    key, cert = directory / "key.pem", directory / "cert.pem"
    subject = "-subj /CN=localhost -addext subjectAltName=DNS:localhost,IP:127.0.0.1"
    made = f"openssl req -x509 -newkey rsa:2048 -nodes -days 2 -keyout {key} -out {cert} {subject}"
    subprocess.run(shlex.split(made), check=True, **QUIET)
    return {"key": str(key), "ca": str(cert)}
