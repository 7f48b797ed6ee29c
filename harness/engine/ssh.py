"""Engines behind ssh://, through the machine's ssh client: keys, agents, jump hosts and known hosts are its affair.

The SDK's own support needs paramiko even where it calls the client. Here every connection is one
`ssh HOST docker system dial-stdio`, as the docker CLI does it, over a real socket, so that attached execs work too.
"""

from __future__ import annotations

import socket
import subprocess
from typing import Any, cast
from urllib.parse import urlsplit

import docker
import urllib3
from docker.transport import UnixHTTPAdapter

CONNECT_TIMEOUT = 15  # seconds; ssh's own, for the TCP connection


def command(url: str) -> list[str]:
    """The ssh call for `ssh://[user@]host[:port]`."""
    parts = urlsplit(url)
    call = ["ssh", "-T", "-o", "BatchMode=yes", "-o", f"ConnectTimeout={CONNECT_TIMEOUT}"]
    if parts.username:
        call += ["-l", parts.username]
    if parts.port:
        call += ["-p", str(parts.port)]
    return [*call, "--", parts.hostname or "", "docker", "system", "dial-stdio"]


PATIENCE = 0.5  # s that ssh has to end by itself


class _Connection(urllib3.connection.HTTPConnection):
    """An HTTP connection whose socket's other end is an ssh process."""

    def __init__(self, url: str, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self._url = url
        self._seconds = timeout
        self._process: subprocess.Popen[bytes] | None = None

    def connect(self) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                command(self._url),
                stdin=theirs.fileno(),
                stdout=theirs.fileno(),
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        ours.settimeout(self._seconds)
        self.sock = ours

    def close(self) -> None:
        super().close()
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(PATIENCE)
            except subprocess.TimeoutExpired:  # whatever stands in for ssh may not listen
                self._process.kill()
                self._process.wait()
            self._process = None


class _Pool(urllib3.connectionpool.HTTPConnectionPool):
    def __init__(self, url: str, timeout: float, maxsize: int) -> None:
        super().__init__("localhost", timeout=timeout, maxsize=maxsize)
        self._url = url
        self._seconds = timeout

    def _new_conn(self) -> Any:
        return _Connection(self._url, self._seconds)


class _Adapter(UnixHTTPAdapter):
    def __init__(self, url: str, timeout: float, max_pool_size: int) -> None:
        super().__init__("http+unix:///ssh", int(timeout), max_pool_size=max_pool_size)
        self._pool = _Pool(url, timeout, max_pool_size)

    def get_connection(self, url: Any, proxies: Any = None) -> Any:  # noqa: ARG002 - the SDK's signature
        return self._pool

    def close(self) -> None:
        super().close()
        self._pool.close()


def client(url: str, *, timeout: float, max_pool_size: int) -> docker.APIClient:
    """A client for the engine at `ssh://...`; nothing is asked yet, its API version is the lowest that we take."""
    api: Any = docker.APIClient(base_url="unix:///ssh", version="1.41", timeout=int(timeout))
    adapter = _Adapter(url, timeout, max_pool_size)
    api._custom_adapter = adapter  # what the SDK closes; it has no other door
    api.mount("http+docker://", adapter)
    return cast(docker.APIClient, api)
