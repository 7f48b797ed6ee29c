"""Which daemon: found as the docker CLI finds it, and then in the places that the CLI does not look in.

The order: `DOCKER_HOST`; the CLI's context (`DOCKER_CONTEXT`, else `currentContext` of its config.json); the default
socket; the rootless socket; the harness's own engine. Whoever named a daemon (the first two) gets that one or an
error: never silently another.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import docker
import requests
import urllib3
from docker.errors import DockerException
from docker.tls import TLSConfig

from harness import reading
from harness.engine import ssh, state
from harness.errors import EngineError, NoEngine, UsageError

DEFAULT_SOCKET = "/var/run/docker.sock"
MINIMUM_API = (1, 41)
POOL = 64  # connections kept per engine: one for each thread that may ask at once
PROBE_TIMEOUT = 10.0  # seconds for the first answer of a daemon on this machine
REMOTE_TIMEOUT = 30.0
TIMEOUT = 120.0  # seconds that an answer of the daemon may take, once it is known to be there


@dataclass(frozen=True, slots=True)
class TLS:
    """Certificates for a daemon behind TCP; `verify` whether the daemon's own is checked against `ca`."""

    ca: Path | None
    cert: Path | None
    key: Path | None
    verify: bool = True

    def config(self) -> TLSConfig:
        """As the SDK wants it."""
        pair = (str(self.cert), str(self.key)) if self.cert and self.key else None
        # The SDK takes verify=True together with ca_cert, and the system's certificates where there is no ca_cert.
        return TLSConfig(
            client_cert=pair, ca_cert=str(self.ca) if self.ca and self.verify else None, verify=self.verify
        )


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A daemon's address and who named it.

    Attributes:
        url: `unix:///path`, `tcp://host:port` or `ssh://user@host`.
        source: `DOCKER_HOST`, `context 'x'`, `the default socket`, ...; what a message says.
        tls: the certificates; None for none.
        named: the user asked for this one and no other.
    """

    url: str
    source: str
    tls: TLS | None = None
    named: bool = False

    @property
    def local(self) -> bool:
        """The daemon shares this machine's files and network."""
        return self.url.startswith("unix://")


@dataclass(frozen=True, slots=True)
class Attempt:
    """An endpoint that did not answer: what it said, and what to do about it."""

    endpoint: Endpoint
    answer: str
    hint: str


def endpoints(environ: Mapping[str, str] = os.environ) -> tuple[Endpoint, ...]:
    """Where a daemon is looked for, in order; a named one stands alone.

    Raises:
        UsageError: the context that is named does not exist or cannot be read.
    """
    if host := environ.get("DOCKER_HOST"):
        tls = _tls_of_environ(environ)
        return (Endpoint(normal(host, tls is not None), "DOCKER_HOST", None if _has_no_tls(host) else tls, named=True),)
    if (context := _context(environ)) is not None:
        return (context,)
    found = [Endpoint(f"unix://{DEFAULT_SOCKET}", "the default socket")]
    if runtime := environ.get("XDG_RUNTIME_DIR"):
        found.append(Endpoint(f"unix://{runtime}/docker.sock", "the rootless socket"))
    found.append(Endpoint(f"unix://{state.engine_socket(environ)}", "the harness's own engine"))
    return tuple(found)


def normal(host: str, tls: bool) -> str:
    """An address as the CLI takes it, with what it leaves out: the scheme and the port of TCP."""
    if "://" not in host:
        host = f"unix://{host}" if host.startswith("/") else f"tcp://{host}"
    parts = urlsplit(host)
    if parts.scheme not in ("unix", "tcp", "http", "https", "ssh"):
        raise UsageError(
            "The container engine's address has an unknown scheme",
            where="DOCKER_HOST",
            got=host,
            expected="unix:///path, tcp://host:port or ssh://user@host",
        )
    if parts.scheme == "tcp" and parts.port is None:
        return f"tcp://{parts.netloc}:{2376 if tls else 2375}"
    return host


def _has_no_tls(host: str) -> bool:
    return host.startswith(("unix://", "/", "ssh://"))


def _config_directory(environ: Mapping[str, str]) -> Path:
    if named := environ.get("DOCKER_CONFIG"):
        return Path(named)
    return Path(environ.get("HOME") or "~").expanduser() / ".docker"


def _tls_of_environ(environ: Mapping[str, str]) -> TLS | None:
    """DOCKER_TLS_VERIFY and DOCKER_TLS as the CLI reads them: any text that is not empty switches it on."""
    verify = bool(environ.get("DOCKER_TLS_VERIFY"))
    if not verify and not environ.get("DOCKER_TLS"):
        return None
    directory = Path(environ.get("DOCKER_CERT_PATH") or _config_directory(environ))
    return _certificates(directory, verify)


def _certificates(directory: Path, verify: bool) -> TLS:
    ca, cert, key = (
        path if path.is_file() else None for path in (directory / f"{n}.pem" for n in ("ca", "cert", "key"))
    )
    return TLS(ca, cert, key, verify)


def _context(environ: Mapping[str, str]) -> Endpoint | None:
    """The endpoint of the CLI's current context; None where that is the default one."""
    config = _config_directory(environ) / "config.json"
    name, said_by = environ.get("DOCKER_CONTEXT") or "", "DOCKER_CONTEXT"
    if not name and config.is_file():
        name, said_by = str(_json(config).get("currentContext") or ""), str(config)
    if name in ("", "default"):
        return None
    digest = hashlib.sha256(name.encode()).hexdigest()
    meta = config.parent / "contexts" / "meta" / digest / "meta.json"
    if not meta.is_file():
        raise UsageError(
            f"The docker context '{name}' does not exist",
            where=said_by,
            got=f"no {meta}",
            hint="`docker context ls` lists them; `docker context use default` goes back",
        )
    described = _json(meta).get("Endpoints", {}).get("docker", {})
    host = str(described.get("Host") or f"unix://{DEFAULT_SOCKET}")
    certificates = config.parent / "contexts" / "tls" / digest / "docker"
    tls = None
    if certificates.is_dir() and not _has_no_tls(host):
        tls = _certificates(certificates, not described.get("SkipTLSVerify", False))
    return Endpoint(normal(host, tls is not None), f"context '{name}'", tls, named=True)


def _json(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(reading.text(path, "The docker CLI's configuration"))
    except (ValueError, RecursionError) as error:
        raise UsageError(
            "The docker CLI's configuration cannot be read",
            where=str(path),
            got=str(error),
            expected="a JSON mapping, readable by you",
            hint="correct the file, or set DOCKER_HOST",
        ) from error
    return found if isinstance(found, dict) else {}


def connect(environ: Mapping[str, str] = os.environ) -> tuple[docker.APIClient, Endpoint]:
    """A client of the first daemon that answers.

    Raises:
        NoEngine: none does; the message lists each that was tried, its answer and what to do.
        EngineError: the daemon is too old.
        UsageError: DOCKER_HOST or the context is not usable.
    """
    attempts: list[Attempt] = []
    for endpoint in endpoints(environ):
        client = _try(endpoint, attempts)
        if client is not None:
            return client, endpoint
    raise _none(attempts)


def _none(attempts: list[Attempt]) -> NoEngine:
    named = next((attempt.endpoint for attempt in attempts if attempt.endpoint.named), None)
    if named is not None:
        (attempt,) = attempts
        way_out = "unset DOCKER_HOST" if named.source == "DOCKER_HOST" else "`docker context use default`"
        return NoEngine(
            f"The container engine that {named.source} names does not answer",
            where=named.url,
            got=attempt.answer,
            hint=f"{attempt.hint}; or {way_out} to use this machine's engine",
        )
    lines = [f"{a.endpoint.source}, {a.endpoint.url}: {a.answer} -> {a.hint}" for a in attempts]
    return NoEngine(
        "No container engine answers",
        got=f"{len(attempts)} places tried, listed below",
        hint="`harness engine ensure` provides one; `harness doctor` checks everything",
        detail="\n".join(lines),
    )


def _try(endpoint: Endpoint, attempts: list[Attempt]) -> docker.APIClient | None:
    client: docker.APIClient | None = None
    try:
        _knock(endpoint)
        client = _client(endpoint)
        version = client.version(api_version=False)
    except (OSError, DockerException, requests.exceptions.RequestException, urllib3.exceptions.HTTPError) as error:
        if client is not None:
            client.close()
        attempts.append(Attempt(endpoint, *_reason(endpoint, error)))
        return None
    offered = str(version.get("ApiVersion", "0"))
    if tuple(int(part) for part in offered.split(".")[:2]) < MINIMUM_API:
        client.close()
        raise EngineError(
            "The container engine is too old",
            where=f"{endpoint.url} ({endpoint.source})",
            got=f"API {offered} (version {version.get('Version', 'unknown')})",
            expected=f"API {MINIMUM_API[0]}.{MINIMUM_API[1]} or later, which is Docker 20.10 or later",
            hint="update the engine, or point DOCKER_HOST at another",
        )
    _use_version(client, offered)
    client.timeout = int(TIMEOUT)
    return client


def _use_version(client: Any, offered: str) -> None:
    client._version = offered  # what the SDK's `version="auto"` sets, without asking a second time


def _knock(endpoint: Endpoint) -> None:
    """Connect to the socket by hand: its error says plainly what is wrong, which the SDK wraps three times."""
    if not endpoint.local:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as knock:
        knock.settimeout(PROBE_TIMEOUT)
        knock.connect(endpoint.url.removeprefix("unix://"))


def _client(endpoint: Endpoint) -> docker.APIClient:
    timeout = PROBE_TIMEOUT if endpoint.local else REMOTE_TIMEOUT
    if endpoint.url.startswith("ssh://") and shutil.which("ssh"):
        return ssh.client(endpoint.url, timeout=timeout, max_pool_size=POOL)
    tls = endpoint.tls.config() if endpoint.tls else False
    client = docker.APIClient(base_url=endpoint.url, version="1.41", timeout=int(timeout), tls=tls, max_pool_size=POOL)
    if endpoint.tls is not None:
        # REQUESTS_CA_BUNDLE would go before the certificates that the user gave for this daemon. The proxies that the
        # environment names are wanted all the same: the CLI takes them too.
        client.trust_env = False
        client.proxies.update(requests.utils.get_environ_proxies(client.base_url))
    return client


def _reason(endpoint: Endpoint, error: BaseException) -> tuple[str, str]:
    """What a daemon that does not answer said, and what to do about it."""
    text = str(error)
    start = "start the daemon (`systemctl start docker`)"
    match error:
        case FileNotFoundError():
            found = ("no such file", start)
        case PermissionError():
            found = ("permission denied", "add yourself to the docker group (`sudo usermod -aG docker $USER`)")
        case _ if endpoint.url.startswith("ssh://"):
            how = "install an ssh client" if "paramiko" in text else f"try `{' '.join(ssh.command(endpoint.url))}`"
            found = (f"no answer over ssh ({text})", how)
        case _ if isinstance(error, ConnectionRefusedError) or "Connection refused" in text:
            found = ("refused: nothing listens there", start)
        case _ if isinstance(error, requests.exceptions.SSLError) or "certificate" in text.lower():
            found = (f"TLS failed ({text})", "check DOCKER_CERT_PATH and DOCKER_TLS_VERIFY, or the context's files")
        case requests.exceptions.Timeout() | TimeoutError():
            found = ("no answer in time", "see whether the daemon hangs (its log says why)")
        case _:
            found = (text or type(error).__name__, "check the address, and whether the daemon listens there")
    return found
