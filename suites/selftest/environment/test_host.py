"""replica.host: the answers of testinfra's own Docker backend where that answers, and an error where it lies."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import testinfra

from harness.engine.process import Api
from harness.environment.host import MissingTool, ReplicaHost, host
from harness.environment.shell import Shell
from harness.errors import CommandTimeout, HostError, ReplicaGone, UsageError
from suites.selftest.environment.conftest import BASE, Start, eventually, network, running

pytestmark = pytest.mark.containers

LOG, LINK, BINARY, NONE = "/srv/app/log", "/srv/app/current", "/srv/app/binary", "/no/such"
# Every question is asked of both backends. Those marked with the answer that the stock backend gives for a dead
# container are where it lies; the others raise there too, if only an AssertionError.
QUESTIONS: dict[str, Callable[[Any], Any]] = {
    "run": lambda h: (h.run("echo %s; exit 3", "a b").rc, h.run("echo %s", "a 'b").stdout, h.run("x() (").succeeded),
    "run bytes": lambda h: h.run("printf '\\303\\251\\377\\000'").stdout_bytes,
    "run text": lambda h: h.run("printf '\\303\\251' >&2").stderr,
    "run non-ascii": lambda h: h.run("echo é").stdout,
    "run_test": lambda h: h.run_test("exit 1").rc,
    "run_expect": lambda h: h.run_expect([3], "exit 3").failed,
    "check_output": lambda h: h.check_output("echo hi; echo there"),
    "command": lambda h: (h.command("echo hi").stdout, h.command.exists("ls"), h.command.exists("nosuch")),
    "exists": lambda h: (h.exists("supervisorctl"), h.exists("nosuch"), h.find_command("ip")),
    "file.exists": lambda h: (h.file(LOG).exists, h.file(NONE).exists, h.file("/srv/app/a name").exists),
    "file.kind": lambda h: [
        (f.is_file, f.is_directory, f.is_pipe, f.is_socket, f.is_symlink, f.is_executable)
        for f in map(h.file, (LOG, LINK, "/srv/app/pipe", "/run/supervisor.sock", NONE, "/usr/bin/env"))
    ],
    "file.linked_to": lambda h: (h.file(LINK).linked_to, h.file(LOG).linked_to),
    "file.owner": lambda h: (h.file(LOG).user, h.file(LOG).uid, h.file(LOG).group, h.file(LOG).gid),
    "file.stat": lambda h: (h.file(LOG).mode, h.file(LOG).size, h.file(LOG).mtime, h.file(LOG).inode),
    "file.contains": lambda h: (h.file(LOG).contains("ERROR"), h.file(LOG).contains("^no"), h.file(LOG).contains("é")),
    "file.content": lambda h: (h.file(LOG).content, h.file(BINARY).content, h.file(LOG).content_string),
    "file.sums": lambda h: (h.file(LOG).md5sum, h.file(BINARY).sha256sum),
    "file.listdir": lambda h: (h.file("/srv/app").listdir(), h.file("/etc/supervisor").listdir()),
    "package": lambda h: (h.package("procps").is_installed, h.package("nosuch").is_installed),
    "package.version": lambda h: h.package("sudo").version,
    "pip": lambda h: (h.pip("supervisor").is_installed, h.pip("nosuch").is_installed, h.pip("supervisor").version),
    "pip all": lambda h: (h.pip.get_packages(), h.pip.check().rc),
    "process": lambda h: [
        (p.pid, p.user, p.comm, p.args, p.ppid) for p in h.process.filter(user="root", comm="python3")
    ],
    "process.get": lambda h: h.process.get(pid=1).args,
    "socket": lambda h: (h.socket("tcp://0.0.0.0:8080").is_listening, h.socket("tcp://0.0.0.0:81").is_listening),
    "socket unix": lambda h: any("supervisor.sock" in s for s in h.socket.get_listening_sockets()),
    "socket.clients": lambda h: h.socket("tcp://0.0.0.0:8080").clients,
    "service": lambda h: (h.service("supervisor").is_enabled, h.service("nosuch").is_enabled),
    "service.is_running": lambda h: h.service("procps").is_running,
    "user": lambda h: (h.user("app").exists, h.user("nosuch").exists, h.user().name, h.user("app").uid),
    "user groups": lambda h: (h.user("app").gid, h.user("app").group, h.user("app").gids, h.user("app").groups),
    "user passwd": lambda h: (h.user("app").home, h.user("app").shell, h.user("app").gecos, h.user().get_local_users),
    "user shadow": lambda h: (h.user("app").password, h.user("app").expiration_date, h.user("app").password_max_days),
    "user all": lambda h: h.user().get_all_users,
    "group": lambda h: (h.group("daemon").exists, h.group("nosuch").exists, h.group("daemon").gid),
    "group members": lambda h: (h.group("daemon").members, h.group("x").get_all_groups, h.group("x").get_local_groups),
    "system_info": lambda h: [
        getattr(h.system_info, what) for what in ("type", "distribution", "release", "codename", "arch")
    ],
    "interface": lambda h: (h.interface("eth0").exists, h.interface("eth9").exists, h.interface("eth0").addresses),
    "interface more": lambda h: (h.interface.names(), h.interface.default().name, h.interface("lo").link),
    "interface.routes": lambda h: h.interface("eth0").routes(),
    "mount_point": lambda h: (h.mount_point("/").exists, h.mount_point("/proc").filesystem, h.mount_point("/x").exists),
    "mount_points": lambda h: [(m.path, m.device, m.options) for m in h.mount_point.get_mountpoints()],
    "sysctl": lambda h: (h.sysctl("kernel.osrelease"), h.sysctl("net.ipv4.ip_forward")),
    "environment": lambda h: {k: v for k, v in h.environment().items() if k != "_"},
    "supervisor": lambda h: (h.supervisor("web").status, h.supervisor("web").is_running, h.supervisor("web").pid),
    "supervisor broken": lambda h: (h.supervisor("broken").status, h.supervisor("broken").pid),
    "supervisor all": lambda h: sorted(
        (s.name, s.status, s.pid) for s in h.supervisor.get_services(supervisorctl_conf="/etc/supervisor/web.conf")
    ),
    "addr": lambda h: (h.addr("localhost").is_resolvable, h.addr("nosuch.invalid").is_resolvable),
    "addr more": lambda h: (h.addr("127.0.0.1").is_reachable, sorted(h.addr("localhost").ip_addresses)),
    "addr.port": lambda h: (h.addr("127.0.0.1").port(8080).is_reachable, h.addr("127.0.0.1").port(81).is_reachable),
    "sudo": lambda h: _as(h, "app", lambda: h.check_output("id")),
    "sudo to root": lambda h: _as(h, None, lambda: h.file("/etc/shadow").contains("app")),
    "sudo nested": lambda h: _as(h, "app", lambda: (_as(h, "root", lambda: h.user().name), h.user().name)),
}  # fmt: skip


def _as(h: Any, user: str | None, question: Callable[[], Any]) -> Any:
    with h.sudo(user):
        return question()


@pytest.fixture(scope="module")
def full(api: Api, full_image: str) -> Iterator[str]:
    """A container with supervisor and a web server that listens."""
    with network(api) as inside, running(api, full_image, network=inside) as container:
        with Shell(api, container, "backend-1") as shell:
            eventually(lambda: "RUNNING" in shell.run("supervisorctl status web").stdout, 30)
            eventually(lambda: "FATAL" in shell.run("supervisorctl status broken").stdout, 30)
            eventually(lambda: "RUNNING" in shell.run("supervisorctl -c /etc/supervisor/web.conf status").stdout, 30)
            eventually(lambda: ":8081" in shell.run("ss -ltn").stdout, 30)
            eventually(lambda: ":8080" in shell.run("ss -ltn").stdout, 30)
        yield container


@pytest.fixture(scope="module")
def ours(api: Api, full: str) -> Iterator[ReplicaHost]:
    with Shell(api, full, "backend-1") as shell:
        yield host(shell)


@pytest.fixture(scope="module")
def stock(full: str) -> Any:
    if shutil.which("docker") is None:
        pytest.skip("the stock backend needs the docker command line")
    return testinfra.get_host(f"docker://{full}")


@pytest.fixture
def dead(api: Api, full_image: str, start: Start) -> Iterator[ReplicaHost]:
    """A host that was asked everything that it may keep, and then killed."""
    container = start(full_image)
    with Shell(api, container, "backend-1") as shell:
        alive = host(shell)
        assert alive.file("/etc/passwd").exists
        assert alive.system_info.type == "linux"
        api.kill(container)
        yield alive


@pytest.mark.sampled
@pytest.mark.parametrize("name", QUESTIONS)
def test_our_answer_is_the_stock_backends_answer(ours: ReplicaHost, stock: Any, name: str) -> None:
    answer = QUESTIONS[name](ours)
    assert answer == QUESTIONS[name](stock)
    assert answer is not None


def test_a_dead_replica_raises_in_every_module(dead: ReplicaHost) -> None:
    answered, named = {}, 0
    for name, question in QUESTIONS.items():
        try:
            answered[name] = question(dead)
        except ReplicaGone as gone:
            named += "backend-1" in str(gone)
    assert answered == {}
    assert named == len(QUESTIONS)


def test_the_stock_backend_answers_false_for_a_dead_container(api: Api, start: Start) -> None:
    # Why there is a backend of our own. Red here means that testinfra has mended it.
    if shutil.which("docker") is None:
        pytest.skip("the stock backend needs the docker command line")
    container = start(BASE, ["sleep", "100000"])
    stock = testinfra.get_host(f"docker://{container}")
    assert stock.file("/etc/passwd").contains("root")
    assert stock.package("bash").is_installed
    api.kill(container)
    assert not stock.file("/etc/passwd").exists
    assert not stock.file("/etc/passwd").contains("root")
    assert not stock.package("bash").is_installed


@pytest.mark.parametrize(
    ("name", "question"),
    [
        ("ps", lambda h: h.process.filter(comm="sshd")),
        ("ss or netstat", lambda h: h.socket("tcp://0.0.0.0:22").is_listening),
        ("ip", lambda h: h.interface("eth0").exists),
        ("ping", lambda h: h.addr("127.0.0.1").is_reachable),
        ("supervisorctl", lambda h: h.supervisor("web").is_running),
        ("pip", lambda h: h.pip("supervisor").is_installed),
        ("/opt/pip", lambda h: h.pip("supervisor", "/opt/pip").is_installed),
        ("sysctl", lambda h: h.sysctl("kernel.osrelease")),
        ("md5sum", lambda h: _without(h, "md5sum", lambda: h.file("/etc/passwd").md5sum)),
        ("getent", lambda h: _without(h, "getent", lambda: h.group("daemon").gid)),
    ],
)
def test_a_missing_tool_raises_and_is_named(api: Api, start: Start, name: str, question: Callable[[Any], Any]) -> None:
    with Shell(api, start(BASE, ["sleep", "100000"]), "backend-1") as shell, pytest.raises(MissingTool) as caught:
        question(host(shell))
    assert f"backend-1 has no {name}, which" in str(caught.value)


def _without(h: ReplicaHost, tool: str, question: Callable[[], Any]) -> Any:
    h.run_expect([0], "rm /usr/bin/%s", tool)
    return question()


def test_a_users_own_command_that_is_not_there_is_an_answer(ours: ReplicaHost) -> None:
    assert ours.run("nosuch").rc == 127
    assert ours.command("nosuch").rc == 127
    assert not ours.exists("nosuch")


def test_output_that_is_not_utf_8_is_text_all_the_same_and_its_bytes_are_as_they_came(ours: ReplicaHost) -> None:
    found = ours.run("printf 'caf\\351\\n'; printf '\\377' >&2")
    assert (found.rc, found.stdout, found.stderr) == (0, "caf\ufffd\n", "\ufffd")
    assert (found.stdout_bytes, found.stderr_bytes) == (b"caf\xe9\n", b"\xff")
    assert ours.check_output("printf 'caf\\351'") == "caf\ufffd"
    assert ours.file(BINARY).content_string == "\0\x01\ufffd"
    assert ours.file(BINARY).content == b"\0\x01\xff"


def test_a_name_that_is_not_utf_8_can_be_listed_asked_for_and_listened_on(ours: ReplicaHost) -> None:
    name = os.fsdecode(b"/tmp/caf\xe9")
    ours.run_expect([0], "mkdir %s && touch %s/inside", name, name)
    assert ours.file(name).is_directory
    assert ours.file(name).listdir() == ["inside"]
    program = (
        "import socket, time; s = socket.socket(socket.AF_UNIX); s.bind(b'/tmp/caf\\xe9/s'); s.listen(); time.sleep(60)"
    )
    ours.run("python3 -c %s >/dev/null 2>&1 &", program)
    eventually(lambda: "unix:///tmp/caf\ufffd/s" in ours.socket.get_listening_sockets())


def test_a_command_has_a_timeout_of_its_own(ours: ReplicaHost) -> None:
    with pytest.raises(CommandTimeout, match="backend-1"):
        ours.run("sleep 30", timeout=0.3)
    assert ours.run("sleep 0.4", timeout=30).rc == 0


def test_the_host_has_a_timeout_for_all(api: Api, full: str) -> None:
    with Shell(api, full, "backend-1") as shell, pytest.raises(CommandTimeout):
        host(shell, timeout=0.3).file("/srv/app/pipe").content  # noqa: B018


def test_an_option_that_does_not_exist_is_refused(ours: ReplicaHost) -> None:
    with pytest.raises(UsageError, match="timout"):
        ours.run("true", timout=3)


def test_sudo_at_creation_runs_everything_as_that_user(api: Api, full: str) -> None:
    with Shell(api, full, "backend-1", user="nobody") as shell:
        assert host(shell).user().name == "nobody"
        assert host(shell, sudo=True).user().name == "root"
        assert host(shell, sudo=True, sudo_user="app").user().name == "app"


def test_sudo_to_nobody_we_know_raises(ours: ReplicaHost) -> None:
    with ours.sudo("nosuchuser"), pytest.raises(HostError, match="nosuchuser"):
        ours.run("true")


@pytest.mark.parametrize("module", ["docker", "podman", "ansible", "salt", "puppet_resource", "facter"])
def test_a_module_that_does_not_suit_a_replica_says_so(ours: ReplicaHost, module: str) -> None:
    with pytest.raises(HostError, match=f"module {module} is not for replicas"):
        getattr(ours, module)


def test_the_host_names_its_replica(ours: ReplicaHost) -> None:
    assert repr(ours) == "<testinfra.host.Host replica://backend-1>"
    assert ours.backend.get_hostname() == "backend-1"
    assert ours.backend.get_connection_type() == "replica"


def test_the_host_is_in_no_cache(ours: ReplicaHost) -> None:
    assert ours not in testinfra.host.Host._host_cache.values()
    assert testinfra.get_host("local://") is ours.get_host("local://")
    assert not isinstance(ours.get_host("local://"), ReplicaHost)


def test_a_host_without_that_module_has_no_such_attribute(ours: ReplicaHost) -> None:
    with pytest.raises(AttributeError, match="nosuch"):
        ours.nosuch  # noqa: B018


def test_an_image_without_a_shell_says_what_is_missing(api: Api, start: Start, bare_image: str) -> None:
    with Shell(api, start(bare_image), "cache-1") as shell, pytest.raises(HostError, match="cache-1 has no shell"):
        host(shell).file("/etc/passwd").exists  # noqa: B018
