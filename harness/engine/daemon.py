"""The harness's own dockerd: started beside nothing else, left running, ended by us only.

Its own socket, data root, containerd namespace and configuration; no default bridge, because containers only ever use
networks of ours and builds use the host's.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

from harness import proc
from harness.engine import state
from harness.errors import EngineError
from harness.waiting import poll

START_DEADLINE = 60.0  # seconds
STOP_DEADLINE = 60.0
POLL_EVERY = 0.05  # s; a socket's appearance, and the end of what is not our child, cannot be waited on
_PLACES = ("/usr/sbin", "/usr/local/sbin", "/usr/bin", "/usr/local/bin", "/sbin")
_children: list[subprocess.Popen[bytes]] = []  # so that they are reaped when they end while this process still lives


@dataclass(frozen=True, slots=True)
class Record:
    """What we know of the daemon that we started: enough to be sure that a process is that one."""

    pid: int
    start: str
    command: tuple[str, ...]

    def runs(self) -> bool:
        """The very process is still there."""
        return proc.start_time(self.pid) == self.start and proc.command_line(self.pid) == self.command


def find(environ: Mapping[str, str] = os.environ) -> str | None:
    """Where the dockerd program is; None if it is not installed."""
    return shutil.which("dockerd", path=os.pathsep.join([environ.get("PATH", ""), *_PLACES]))


def log(environ: Mapping[str, str] = os.environ) -> Path:
    """Where the daemon writes its log."""
    return state.engine_home(environ) / "dockerd.log"


def running(environ: Mapping[str, str] = os.environ) -> Record | None:
    """The daemon that we started, if it still runs."""
    try:
        raw = json.loads(_record(environ).read_text(encoding="utf-8"))
        record = Record(int(raw["pid"]), str(raw["start"]), tuple(raw["command"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return record if record.runs() else None


def others(proc_root: Path = Path("/proc")) -> tuple[tuple[int, str], ...]:
    """The pid and the address of every dockerd that shares this machine's network."""
    found = []
    here = _network_of(proc_root / "self")
    for entry in proc_root.iterdir():
        command = proc.command_line(int(entry.name), proc_root) if entry.name.isdigit() else ()
        if command and Path(command[0]).name == "dockerd" and here in (None, _network_of(entry)):
            match = re.search(r"(?:^| )(?:-H|--host)[= ](\S+)", " ".join(command))
            found.append((int(entry.name), match[1] if match else "its default socket"))
    return tuple(found)


def _network_of(process: Path) -> str | None:
    try:
        return str((process / "ns/net").readlink())
    except OSError:
        return None


def start(dockerd: str, environ: Mapping[str, str] = os.environ) -> Record:
    """Start the daemon and wait until it takes connections.

    Raises:
        EngineError: it ended, or did not answer in time; the message has the tail of its log.
    """
    home = state.directory(state.engine_home(environ))
    endpoint = state.engine_socket(environ)
    state.directory(state.runtime(environ))
    (home / "daemon.json").write_text("{}\n", encoding="utf-8")  # not /etc/docker's: that is for the machine's own
    endpoint.unlink(missing_ok=True)
    (home / "dockerd.pid").unlink(missing_ok=True)  # a number from before a reboot may be anybody's now
    command = _command(dockerd, environ)
    with log(environ).open("wb") as output:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, cwd="/", start_new_session=True
        )
    _children.append(process)
    _wait_for(process, endpoint, environ)
    record = Record(process.pid, proc.start_time(process.pid) or "", tuple(command))
    _record(environ).write_text(json.dumps(asdict(record)), encoding="utf-8")
    return record


def _command(dockerd: str, environ: Mapping[str, str]) -> list[str]:
    home = state.engine_home(environ)
    return [
        dockerd,
        f"--host=unix://{state.engine_socket(environ)}",
        f"--data-root={home / 'data'}",
        f"--exec-root={state.runtime(environ) / 'exec'}",
        f"--pidfile={home / 'dockerd.pid'}",
        f"--config-file={home / 'daemon.json'}",
        "--containerd-namespace=rollback-harness",
        "--containerd-plugins-namespace=rollback-harness-plugins",
        "--bridge=none",
    ]


def _wait_for(process: subprocess.Popen[bytes], endpoint: Path, environ: Mapping[str, str]) -> None:
    def ready() -> bool:
        if answers(endpoint):
            return True
        if process.poll() is not None:
            raise _failed(f"ended with exit code {process.returncode}", environ)
        return False

    if not poll(ready, within=START_DEADLINE, every=POLL_EVERY):
        process.terminate()
        process.wait(STOP_DEADLINE)
        raise _failed(f"did not answer within {START_DEADLINE:.0f} s", environ)


def answers(endpoint: Path) -> bool:
    """A daemon answers a ping on the socket. It listens before it is ready; a connection alone says little."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as asked:
        asked.settimeout(1.0)
        try:
            asked.connect(str(endpoint))
            asked.sendall(b"GET /_ping HTTP/1.0\r\n\r\n")
            return asked.recv(64).split(b" ")[1:2] == [b"200"]
        except OSError:
            return False


def _failed(how: str, environ: Mapping[str, str]) -> EngineError:
    lines = log(environ).read_text(encoding="utf-8", errors="replace").splitlines()[-15:]
    text = "\n".join(lines).lower()
    hint = "see its log below"
    if "iptables" in text:
        hint = "install iptables (`apt-get install iptables`); in a container, run it privileged"
    elif "permission denied" in text or "operation not permitted" in text:
        hint = "dockerd needs a privileged root: in a container, run it with --privileged, or mount the engine's socket"
    return EngineError(f"The harness's own dockerd {how}", where=str(log(environ)), hint=hint, detail="\n".join(lines))


def stop(environ: Mapping[str, str] = os.environ) -> bool:
    """End the daemon that we started, with its containerd and shims; gone when this returns. False if none runs.

    Raises:
        EngineError: something of it does not go.
    """
    record = running(environ)
    if record is not None:
        _end([record.pid], signal.SIGTERM)
    leftover = list(_ours(environ))
    if leftover:  # dockerd ended without its children: they are ours by the exec root in their command lines
        _end(leftover, signal.SIGTERM)
    for path in (state.engine_socket(environ), _record(environ), state.engine_home(environ) / "dockerd.pid"):
        path.unlink(missing_ok=True)
    return record is not None


def _end(pids: Sequence[int], first: signal.Signals) -> None:
    """Signal processes, wait until they are gone, kill those that are not, and wait again."""
    for number, patience in ((first, STOP_DEADLINE), (signal.SIGKILL, 10.0)):
        starts = {pid: begun for pid in pids if (begun := proc.start_time(pid)) is not None}
        for pid in starts:
            os.kill(pid, number)
        if poll(partial(_gone, starts), within=patience, every=POLL_EVERY):
            return
    raise EngineError(
        "The harness's own engine does not stop",
        got=f"processes {', '.join(map(str, pids))} are still there",
        hint="a process in uninterruptible sleep (`ps -o pid,stat,cmd`) holds it; look for a stuck disk or mount",
    )


def _gone(starts: Mapping[int, str]) -> bool:
    for child in _children:
        child.poll()
    return all(proc.start_time(pid) != start for pid, start in starts.items())


def _ours(environ: Mapping[str, str]) -> Iterator[int]:
    mark = str(state.runtime(environ) / "exec")
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            command = proc.command_line(int(entry.name))
            known = command and Path(command[0]).name.startswith(("containerd", "dockerd", "docker-"))
            if known and any(mark in argument for argument in command):
                yield int(entry.name)


def purge(environ: Mapping[str, str] = os.environ) -> None:
    """Remove the data of the daemon, which must not run: images, containers, log."""
    for place in (state.engine_home(environ), state.runtime(environ)):
        for mounted in sorted(_mounts(place), reverse=True):
            subprocess.run(["umount", "--lazy", mounted], check=False, capture_output=True)
        if still := _mounts(place):
            raise EngineError("The engine's data cannot be removed: something is mounted in it", where=still[0],
                              hint="unmount it, then run it again")  # fmt: skip
        try:
            shutil.rmtree(place)
        except FileNotFoundError:
            continue
        except OSError as error:
            raise EngineError("The engine's data cannot be removed", where=str(place), got=str(error)) from error


def _mounts(below: Path) -> list[str]:
    lines = Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    points = (line.split()[4].encode().decode("unicode_escape") for line in lines)
    return [point for point in points if Path(point).is_relative_to(below)]


def _record(environ: Mapping[str, str]) -> Path:
    return state.engine_home(environ) / "engine.json"
