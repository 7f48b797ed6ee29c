"""`replica.host`: a testinfra host over the replica's open shell. Only here is testinfra imported.

testinfra's own Docker backend starts a `docker exec` per command, waits for it for ever, and takes the exit code 1 of
that program for the command's: asked of a dead container, `file.exists` is False. Here a replica that cannot be asked
raises ReplicaGone, and a tool that the image lacks raises MissingTool.
"""

from __future__ import annotations

import contextlib
import re
import threading
from collections.abc import Iterable, Iterator
from typing import Any

import testinfra
import testinfra.modules
from testinfra.backend.base import BaseBackend, CommandResult
from testinfra.host import Host
from testinfra.modules.sudo import Sudo

from harness.environment.shell import Shell
from harness.errors import HostError, UsageError

TIMEOUT = 10.0
NOT_FOR_CONTAINERS = {
    "ansible": "it runs modules through Ansible's own connection",
    "docker": "it asks an engine inside the replica",
    "facter": "it needs Puppet in the replica",
    "podman": "it asks an engine inside the replica",
    "puppet_resource": "it needs Puppet in the replica",
    "salt": "it runs modules through Salt's own connection",
}
# Modules that choose their way by looking for tools, and answer wrongly or unclearly when there are none.
NEEDS = {"process": ("ps",), "socket": ("ss", "netstat"), "interface": ("ip",)}
PACKAGES = {"ps": "procps", "ip": "iproute2", "ss": "iproute2", "ping": "iputils-ping", "sysctl": "procps"}
# Commands that testinfra tries, and can do without.
OPTIONAL = {"realpath", "lsb_release", "command", "which"}
# Commands whose exit code testinfra does not look at, though without an answer it would report "nothing there".
MUST_SUCCEED = {"ss"}
# Commands whose output testinfra takes for UTF-8: a socket's name may be any bytes.
DECODED = {"ss"}
NOT_FOUND = re.compile(rb"^(?:/bin/)?(?:ba|da)?sh: .*?([^\s:]+): (?:command )?not found\s*$", re.MULTILINE)


class MissingTool(HostError, ValueError):
    """The image lacks a program that a testinfra module needs. (A ValueError too: so testinfra tries the next tool.)"""


class ReplicaBackend(BaseBackend):  # type: ignore[misc]
    """testinfra's way to a replica.

    Args:
        shell: the replica's; whoever made it closes it.
        timeout: seconds that a command may take; `host.run(..., timeout=60)` changes it for one.
        sudo, sudo_user: as everywhere in testinfra, but by the engine: the image needs no sudo.
    """

    NAME = "replica"

    def __init__(
        self, shell: Shell, *, timeout: float = TIMEOUT, sudo: bool = False, sudo_user: str | None = None
    ) -> None:
        super().__init__(shell.name, sudo=sudo, sudo_user=sudo_user)
        self.timeout, self._shell, self._users = timeout, shell, threading.local()

    def get_encoding(self) -> str:
        """UTF-8, without asking: the stock backends start a Python in the container to find that out."""
        return "utf-8"

    def decode(self, data: bytes) -> str:
        """Output as text, as everywhere in the harness: bytes that are not UTF-8 become U+FFFD. `stdout_bytes`,
        `stderr_bytes` and `file.content` have them as they came.
        """
        return data.decode("utf-8", "replace")

    def encode(self, data: str) -> bytes:
        """A command as it is sent; an argument from `os.fsdecode` gets its bytes back."""
        return data.encode("utf-8", "surrogateescape")

    def get_command(self, command: str, *args: str) -> str:
        """The command with its arguments quoted in."""
        return str(self.quote(command, *args))

    @contextlib.contextmanager
    def as_user(self, user: str) -> Iterator[None]:
        """Run this thread's commands as another user."""
        stack: list[str] = self._users.__dict__.setdefault("stack", [])
        stack.append(user)
        try:
            yield
        finally:
            stack.pop()

    def run(self, command: str, *args: str, **kwargs: Any) -> CommandResult:
        """Run a shell command. Raises as Shell.run; the only keyword that counts is `timeout`, in seconds."""
        timeout = kwargs.pop("timeout", None)
        kwargs.pop("encoding", None)  # testinfra passes it, and no backend looks at it
        if kwargs:
            raise UsageError(
                f"run() does not know {', '.join(sorted(kwargs))}",
                where=f"host.run on {self.hostname}",
                expected="timeout=SECONDS",
            )
        line = self.get_command(command, *args)
        answer = self._shell_now().ask(line, self.timeout if timeout is None else float(timeout))
        return self.result(answer.exit_code, self.encode(line), answer.stdout, answer.stderr)

    def _shell_now(self) -> Shell:
        stack: list[str] = self._users.__dict__.get("stack", [])
        if stack:
            return self._shell.as_user(stack[-1])
        return self._shell.as_user(self.sudo_user or "0") if self.sudo else self._shell


class _Sudo(Sudo):  # type: ignore[misc]
    """`with host.sudo("app"):` by the engine, so the image needs no sudo."""

    @contextlib.contextmanager
    def __call__(self, user: str | None = None) -> Iterator[None]:
        with self._host.backend.as_user(user or "0"):
            yield


class _ModulesHost(Host):  # type: ignore[misc]
    """What the modules ask. A command that is not there is an answer to a user, and none to a module."""

    backend: ReplicaBackend

    def run(self, command: str, *args: str, **kwargs: Any) -> CommandResult:
        result = super().run(command, *args, **kwargs)
        first = command.split(None, 1)[0]
        tool = args[0] if first == "%s" and args else first
        found = NOT_FOUND.search(result.stderr_bytes)
        if found or result.rc == 127:
            tool = found[1].decode(errors="replace") if found else tool
            if tool not in OPTIONAL:
                raise self.missing(tool)
        if result.rc != 0 and tool.rsplit("/", 1)[-1] in MUST_SUCCEED:
            raise HostError(
                f"{tool} could not answer in {self.backend.hostname}",
                where=self.backend.hostname,
                got=f"exit code {result.rc}: {result.stderr_bytes.decode(errors='replace').strip()}",
                expected="exit code 0",
            )
        if tool.rsplit("/", 1)[-1] in DECODED and not result.stdout_bytes.isascii():
            told = self.backend.decode(result.stdout_bytes)
            return self.backend.result(result.rc, result.command, told.encode(), result.stderr_bytes)
        return result

    def find_command(self, command: str, extrapaths: Iterable[str] = ("/sbin", "/usr/sbin")) -> str:
        try:
            return str(super().find_command(command, extrapaths))
        except ValueError as error:
            raise error if isinstance(error, MissingTool) else self.missing(command) from error

    def missing(self, *tools: str) -> MissingTool:
        """The error for an image without any of these."""
        packages = " or ".join(sorted({PACKAGES.get(tool, tool) for tool in tools}))
        return MissingTool(
            f"{self.backend.hostname} has no {' or '.join(tools)}, which testinfra needs for this answer",
            where=self.backend.hostname,
            got="command not found",
            expected=f"{' or '.join(tools)} in the image",
            hint=f"install it in the image (Debian: {packages}), or ask with a command that the image has",
        )


class ReplicaHost(Host):  # type: ignore[misc]
    """A testinfra host for one replica. Not in testinfra's cache of hosts, which would outlive the environment."""

    backend: ReplicaBackend

    def __init__(self, backend: ReplicaBackend) -> None:
        super().__init__(backend)
        backend.set_host(self)
        self._asked = _ModulesHost(backend)

    def __getattr__(self, name: str) -> Any:
        if reason := NOT_FOR_CONTAINERS.get(name):
            raise HostError(
                f"testinfra's module {name} is not for replicas",
                where=self.backend.hostname,
                got=reason,
                hint="docs/hosts.md lists the modules that are",
            )
        if name not in testinfra.modules.modules:
            raise AttributeError(f"a testinfra host has no module {name!r}")
        if name == "system_info":
            # It keeps what it learned, and a dead replica would go on answering. The modules' own copy may.
            return testinfra.modules.get_module_class(name).get_module(_ModulesHost(self.backend))
        if (tools := NEEDS.get(name)) and not any(self._has(tool) for tool in tools):
            raise self._asked.missing(*tools)
        asked = self if name == "command" else self._asked
        module_class = _Sudo if name == "sudo" else testinfra.modules.get_module_class(name)
        module = module_class.get_module(asked)
        setattr(self, name, module)
        return module

    def _has(self, tool: str) -> bool:
        return any(self.exists(path + tool) for path in ("", "/sbin/", "/usr/sbin/"))

    @classmethod
    def get_host(cls, hostspec: str, **kwargs: Any) -> Host:
        """A stock host, as `testinfra.get_host`; other replicas are `environment.replica(name).host`."""
        return testinfra.get_host(hostspec, **kwargs)

    @classmethod
    def get_hosts(cls, hosts: Iterable[str], **kwargs: Any) -> list[Host]:
        """Stock hosts, as `testinfra.get_hosts`."""
        return list(testinfra.get_hosts(hosts, **kwargs))


def host(shell: Shell, *, timeout: float = TIMEOUT, sudo: bool = False, sudo_user: str | None = None) -> ReplicaHost:
    """The testinfra host of the replica that `shell` talks to. See ReplicaBackend for the arguments."""
    return ReplicaHost(ReplicaBackend(shell, timeout=timeout, sudo=sudo, sudo_user=sudo_user))
