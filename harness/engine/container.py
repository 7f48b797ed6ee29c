"""One container: started, asked, signalled, written to and read from, removed without trace."""

from __future__ import annotations

import io
import math
import tarfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

import docker
import requests
import urllib3

from harness.engine import ports
from harness.engine.translate import SDK_ERRORS, as_ours, status, translate
from harness.errors import EngineError, EngineGone, PortTaken
from harness.waiting import poll

REMOVE_DEADLINE = 30.0  # seconds for the removal that another one has begun
REMOVE_LOOK = 0.1  # seconds between two looks whether it is over


@dataclass(frozen=True, slots=True)
class FileContent:
    """A file to be written into a container; its name without a directory."""

    name: str
    data: bytes
    mode: int = 0o644
    uid: int = 0
    gid: int = 0


@dataclass(frozen=True, slots=True)
class ContainerState:
    """A container as the engine sees it.

    Attributes:
        status: created, running, paused, restarting, removing, exited or dead.
        exit_code: of its first process; None while it has not ended.
        oom_killed: the kernel's OOM killer ended it.
        error: why it could not be started; empty if it could.
        pid: of its first process on the engine's machine; 0 when it does not run.
        started_at: the engine's own text, RFC 3339.
    """

    status: str
    running: bool
    exit_code: int | None
    oom_killed: bool
    error: str
    pid: int
    started_at: str


class Container:
    """A container that there is. Methods may be called from any thread.

    Attributes:
        id, name: the engine's.
        labels: those that it was created with.
    """

    def __init__(
        self,
        api: docker.APIClient,
        identity: str,
        name: str,
        *,
        labels: Mapping[str, str] | None = None,
        grace: float | None = None,
    ) -> None:
        self._api, self.id, self.name, self._grace = api, identity, name, grace
        self.labels: Mapping[str, str] = dict(labels or {})

    def __repr__(self) -> str:
        return f"Container({self.name}, {self.id[:12]})"

    def start(self) -> None:
        """Start it.

        Raises:
            PortTaken: a port that it publishes is in use; the message says by whom, where that can be known.
            EngineError: the engine cannot start it, e.g. because its command is not in the image.
        """
        try:
            with translate(f"{self.name} cannot be started", where=self.name):
                self._api.start(self.id)
        except PortTaken as error:
            raise ports.with_holder(self._api, error, self._asked_ports()) from error

    def stop(self, seconds: float | None = None) -> None:
        """Signal it to stop, and kill it when it still runs after `seconds` (its own grace period, else 10)."""
        grace = seconds if seconds is not None else self._grace if self._grace is not None else 10.0
        with translate(f"{self.name} cannot be stopped", where=self.name):
            self._api.stop(self.id, timeout=math.ceil(grace))

    def kill(self, signal: str = "SIGKILL") -> None:
        """Send a signal to its first process. An error when it does not run."""
        with translate(f"{self.name} cannot be sent {signal}", where=self.name):
            self._api.kill(self.id, signal=signal)

    def pause(self) -> None:
        """Freeze all its processes."""
        with translate(f"{self.name} cannot be paused", where=self.name):
            self._api.pause(self.id)

    def unpause(self) -> None:
        """Let its processes go on."""
        with translate(f"{self.name} cannot be unpaused", where=self.name):
            self._api.unpause(self.id)

    def update(self, limits: Mapping[str, int]) -> None:
        """Change its limits while it runs, named as by the SDK: cpu_quota and cpu_period in us, mem_limit in bytes."""
        with translate(f"The limits of {self.name} cannot be changed", where=self.name):
            given: dict[str, Any] = dict(limits)
            self._api.update_container(self.id, **given)

    def memory(self) -> Mapping[str, Any]:
        """What the engine counts of its memory: `usage`, in bytes; empty where it does not run."""
        with translate(f"The memory of {self.name} cannot be told", where=self.name):
            found = self._api.stats(self.id, stream=False, one_shot=True)
        told: Mapping[str, Any] = found.get("memory_stats") or {}
        return told

    def wait(self, seconds: float) -> int | None:
        """Wait until it has ended; returns its exit code, None if it has not ended in that time."""
        try:
            with translate(f"The end of {self.name} cannot be waited for", where=self.name):
                return int(self._api.wait(self.id, timeout=math.ceil(seconds))["StatusCode"])
        except EngineGone as error:
            if _is_silence(error.__cause__):
                return None
            raise

    def remove(self) -> bool:
        """Remove it with its anonymous volumes, running or not. False if it was gone already. Gone when it returns."""
        # Where another removal is under way the engine is asked again until that one is over. The engine's own wait for
        # it does not end if it is over between the engine's look at the container and its wait (Docker 20.10).
        removed = poll(self._try_remove, lambda one: one is not None, within=REMOVE_DEADLINE, every=REMOVE_LOOK)
        if removed is None:
            raise EngineError(
                f"{self.name} is being removed, and is still there",
                where=self.name,
                got=f"there after {REMOVE_DEADLINE:.0f} s",
                hint=f"look at `docker inspect {self.id[:12]}` and at the engine's log: a process in uninterruptible"
                " sleep (state D) keeps its container",
            )
        return removed

    def _try_remove(self) -> bool | None:
        """Whether this call removed it; None while another removal of it is under way."""
        try:
            self._api.remove_container(self.id, force=True, v=True)
        except SDK_ERRORS as error:
            if status(error) == 404:
                return False
            if status(error) == 409 and "already in progress" in str(error):
                return None
            raise as_ours(error, f"{self.name} cannot be removed", where=self.name) from error
        return True

    def rename(self, name: str) -> None:
        """Give it another name, which no other container may have."""
        with translate(f"{self.name} cannot be renamed to {name}", where=self.name):
            self._api.rename(self.id, name)
        self.name = name

    def inspect(self) -> dict[str, Any]:
        """Everything that the engine knows of it, in the engine's own shape."""
        with translate(f"{self.name} cannot be inspected", where=self.name):
            return dict(self._api.inspect_container(self.id))

    def image(self) -> str:
        """The digest of the image that it was made of."""
        return str(self.inspect()["Image"])

    def state(self) -> ContainerState:
        """Its state now.

        Raises:
            EngineError: it does not exist any more.
        """
        raw = self.inspect()["State"]
        ended = raw["Status"] in ("exited", "dead")
        return ContainerState(
            status=str(raw["Status"]),
            running=bool(raw["Running"]),
            exit_code=int(raw["ExitCode"]) if ended else None,
            oom_killed=bool(raw.get("OOMKilled")),
            error=str(raw.get("Error") or ""),
            pid=int(raw.get("Pid") or 0),
            started_at=str(raw.get("StartedAt") or ""),
        )

    def logs(self, *, tail: int | None = None, since: float | None = None, timestamps: bool = False) -> str:
        """What its first process wrote, both streams as they came.

        Args:
            tail: only the last so many lines.
            since: only from this Unix time on, by the engine's clock.
            timestamps: begin each line with its time.
        """
        with translate(f"The log of {self.name} cannot be read", where=self.name):
            raw = self._api.logs(
                self.id, tail="all" if tail is None else tail, since=since, timestamps=timestamps, stream=False
            )
        return bytes(raw).decode(errors="replace")

    def port(self, container_port: int, protocol: str = "tcp") -> int:
        """The port on 127.0.0.1 where one of its ports is published. It changes when the container restarts.

        Raises:
            EngineError: the port is not published, or the container does not run.
        """
        found = self.inspect()["NetworkSettings"]["Ports"] or {}
        for binding in found.get(f"{container_port}/{protocol}") or ():
            if binding["HostIp"] in ("127.0.0.1", "localhost"):
                return int(binding["HostPort"])
        raise EngineError(
            f"{self.name} does not publish its port {container_port}",
            where=self.name,
            got=", ".join(key for key, value in found.items() if value) or "no published port at all",
            hint="publish it in the container's spec, with a door among its networks, and start the container",
        )

    def addresses(self) -> dict[str, str]:
        """Network name to its IPv4 address there, while it runs."""
        networks = self.inspect()["NetworkSettings"]["Networks"] or {}
        return {str(name): str(settings.get("IPAddress") or "") for name, settings in networks.items()}

    def put(self, path: str, data: bytes, *, mode: int = 0o644, uid: int = 0, gid: int = 0) -> None:
        """Write a file, whole; its directory must exist."""
        target = PurePosixPath(path)
        self.put_all(str(target.parent), [FileContent(target.name, data, mode, uid, gid)])

    def put_all(self, directory: str, files: Iterable[FileContent]) -> None:
        """Write several files into a directory that exists, with one request."""
        archive, names = io.BytesIO(), []
        with tarfile.open(fileobj=archive, mode="w") as tar:
            for file in files:
                info = tarfile.TarInfo(file.name)
                info.size, info.mode, info.uid, info.gid = len(file.data), file.mode, file.uid, file.gid
                tar.addfile(info, io.BytesIO(file.data))
                names.append(str(PurePosixPath(directory, file.name)))
        said = ", ".join(names)
        with translate(f"{said} cannot be written in {self.name}", where=f"{self.name}:{said}"):
            self._api.put_archive(self.id, directory, archive.getvalue())

    def get(self, path: str) -> bytes:
        """Read a regular file, whole.

        Raises:
            EngineError: no such file, or not a regular one.
        """
        with tarfile.open(fileobj=io.BytesIO(self.get_tar(path))) as tar:
            member = tar.next()
            file = tar.extractfile(member) if member is not None and member.isfile() else None
            if file is None:
                raise EngineError(
                    f"{path} is not a regular file in {self.name}",
                    where=f"{self.name}:{path}",
                    got="a link to elsewhere" if member is not None and member.issym() else "a directory or a device",
                )
            return file.read()

    def get_tar(self, path: str) -> bytes:
        """A file or a directory as an uncompressed tar; works in a container that does not run."""
        with translate(f"{path} cannot be read in {self.name}", where=f"{self.name}:{path}"):
            stream, _ = self._api.get_archive(self.id, path)
            return b"".join(stream)

    def _asked_ports(self) -> tuple[int, ...]:
        bindings = self.inspect()["HostConfig"].get("PortBindings") or {}
        wanted = [int(one["HostPort"] or 0) for several in bindings.values() for one in several or ()]
        return tuple(port for port in wanted if port)


def _is_silence(error: BaseException | None) -> bool:
    """Nothing was said in time, on a connection that stands: for a wait that is an answer, not the engine's end."""
    inner = error.args[0] if isinstance(error, requests.exceptions.ConnectionError) and error.args else None
    return isinstance(error, requests.exceptions.ReadTimeout) or isinstance(inner, urllib3.exceptions.ReadTimeoutError)
