"""A process in a container: its lines, its end, and nothing of it afterwards; over every transport of the SDK."""

from __future__ import annotations

import contextlib
import os
import select
import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import docker.tls
import pytest

from harness.engine import ssh
from harness.engine.process import Api, ExecProcess
from harness.errors import CommandTimeout, EngineGone, HostError, ReplicaGone
from suites.selftest.environment.conftest import BASE, commands, eventually, running

pytestmark = pytest.mark.containers


@pytest.fixture(scope="module")
def api() -> Iterator[Api]:
    client = Api(base_url=os.environ.get("DOCKER_HOST"), version="auto", timeout=60)
    yield client
    client.close()


@pytest.fixture
def container(api: Api) -> Iterator[str]:
    with running(api, BASE, ["sleep", "100000"]) as container:
        yield container


def sh(api: Api, container: str, script: str, **options: Any) -> ExecProcess:
    return ExecProcess.start(api, container, ["sh", "-c", script], name="control-1", **options)


def test_lines_come_with_their_stream_and_the_exit_code_after_them(api: Api, container: str) -> None:
    """The engine copies each stream for itself: the next is written when the one before has come."""
    script = "echo a; read x; echo b >&2; read x; printf 'c\\r\\n\\n\\377'; exit 5"
    with sh(api, container, script, stdin=True) as process:
        lines, found = process.lines(10), list[tuple[str, str]]()
        for _ in range(2):
            found.append(next(lines))
            process.write(b"\n")
        assert [*found, *lines] == [("out", "a"), ("err", "b"), ("out", "c"), ("out", ""), ("out", "\ufffd")]
        assert process.exit_code() == 5
    assert process.read(0) is None


def test_a_line_comes_when_it_is_written_and_not_at_the_end(api: Api, container: str) -> None:
    with sh(api, container, "echo first; read x; echo $x", stdin=True) as process:
        lines = process.lines(10)
        assert next(lines) == ("out", "first")
        process.write(b"second\n")
        assert list(lines) == [("out", "second")]


def test_a_process_reads_end_of_file_when_there_is_no_more_input(api: Api, container: str) -> None:
    with ExecProcess.start(api, container, ["wc", "-c"], stdin=True) as process:
        process.write(b"x" * 3_000_000)
        process.close_stdin()
        assert list(process.lines(20)) == [("out", "3000000")]


def test_environment_user_and_directory_are_the_ones_asked_for(api: Api, container: str) -> None:
    with sh(
        api, container, 'echo "$A"; id -un; pwd', environment={"A": "b c=d"}, user="nobody", workdir="/tmp"
    ) as process:
        assert [text for _, text in process.lines(10)] == ["b c=d", "nobody", "/tmp"]


def test_arguments_arrive_as_they_are(api: Api, container: str) -> None:
    arguments = ["it's", "$HOME", "", "a\nb", "-n", "é", "*"]
    with ExecProcess.start(api, container, ["printf", "%s|", *arguments]) as process:
        assert "\n".join(text for _, text in process.lines(10)) == "".join(f"{a}|" for a in arguments)


def test_the_pid_is_the_one_inside_the_container_and_leads_its_group_and_session(api: Api, container: str) -> None:
    with sh(api, container, "cut -d' ' -f5,6 /proc/$$/stat; echo $$") as process:
        assert [text for _, text in process.lines(10)] == [f"{process.pid} {process.pid}", f"{process.pid}"]


def test_a_program_that_is_not_there_ends_with_127_and_says_so(api: Api, container: str) -> None:
    with ExecProcess.start(api, container, ["nosuch"]) as process:
        assert "nosuch: not found" in "".join(text for stream, text in process.lines(10) if stream == "err")
        assert process.exit_code() == 127


def test_a_user_that_is_not_there_is_named(api: Api, container: str) -> None:
    with pytest.raises(HostError, match="control-1") as caught:
        sh(api, container, "true", user="nosuchuser")
    assert "nosuchuser" in str(caught.value)


def test_a_late_process_keeps_its_lines_and_runs_on_until_it_is_closed(api: Api, container: str) -> None:
    process = sh(api, container, "echo so far; printf more; sleep 300")
    lines = process.lines(3)
    seen = [next(lines), next(lines)]
    with pytest.raises(CommandTimeout, match=r"control-1 still runs after 3 s"):
        next(lines)
    assert seen == [("out", "so far"), ("out", "more")]
    assert "sleep 300" in commands(api, container)
    process.close()
    assert commands(api, container) == []


def test_a_process_that_writes_without_end_is_late_and_can_be_ended(api: Api, container: str) -> None:
    process = ExecProcess.start(api, container, ["yes"])
    with pytest.raises(CommandTimeout):
        list(process.lines(0.3))
    process.kill()
    assert commands(api, container) == []
    process.close()


def test_kill_reaches_children_in_groups_of_their_own(api: Api, container: str) -> None:
    with sh(api, container, "timeout 400 sleep 301 & sh -c 'sleep 302 & sleep 303'") as process:
        eventually(lambda: {"sleep 301", "sleep 302", "sleep 303"} <= set(commands(api, container)))
        process.kill()
        assert commands(api, container) == []
        assert process.read(10) is None
        assert process.exit_code() == 137


def test_a_softer_signal_lets_the_process_end_by_itself(api: Api, container: str) -> None:
    with sh(api, container, "trap 'echo ending; exit 9' TERM; echo ready; while :; do sleep 0.05; done") as process:
        lines = process.lines(10)
        assert next(lines) == ("out", "ready")
        process.kill("TERM")
        assert ("out", "ending") in list(lines)  # beside what the shell says of its sleep on stderr
        assert process.exit_code() == 9


def test_a_process_leaves_other_processes_alone(api: Api, container: str) -> None:
    with (
        ExecProcess.start(api, container, ["sleep", "500"]),
        ExecProcess.start(api, container, ["sleep", "501"]) as second,
    ):
        second.kill()
        assert commands(api, container) == ["sleep 500"]
    assert commands(api, container) == []


GONE: dict[str, tuple[Callable[[Api, str], object], str]] = {
    "stopped": (lambda api, container: api.stop(container, timeout=0), "exited with code 1"),
    "killed": (lambda api, container: api.kill(container), "exited with code 137"),
    "paused": (lambda api, container: api.pause(container), "paused"),
    "removed": (lambda api, container: api.remove_container(container, force=True), "removed"),
}


@pytest.mark.parametrize("way", GONE)
def test_starting_in_a_container_that_is_gone_raises_with_its_state(api: Api, container: str, way: str) -> None:
    end, state = GONE[way]
    end(api, container)
    with pytest.raises(ReplicaGone, match="control-1") as caught:
        sh(api, container, "true")
    assert state in str(caught.value)


@pytest.mark.parametrize("way", ["stopped", "killed", "removed"])
def test_a_container_that_goes_under_a_process_raises_after_its_last_line(api: Api, container: str, way: str) -> None:
    process = sh(api, container, "echo up; sleep 100")
    lines = process.lines(60)
    assert next(lines) == ("out", "up")
    GONE[way][0](api, container)
    with pytest.raises(ReplicaGone, match="control-1"):
        next(lines)
    process.close()


def test_an_engine_that_is_gone_raises(api: Api, container: str) -> None:
    with Relay(api) as relay:
        client = Api(base_url=f"tcp://127.0.0.1:{relay.port}", version="auto", timeout=10)
        process = sh(client, container, "echo up; sleep 100")
        lines = process.lines(30)
        assert next(lines) == ("out", "up")
    with pytest.raises(EngineGone, match="does not answer any more"):
        next(lines)
    with pytest.raises(EngineGone):
        sh(client, container, "true")
    process.close()


class TlsPeer:
    """A TLS socket that one thread reads while another writes: OpenSSL itself lets only one of them in at a time."""

    def __init__(self, sock: ssl.SSLSocket) -> None:
        self._sock, self._lock = sock, threading.Lock()
        sock.setblocking(False)

    def _once(self, attempt: Callable[[], Any]) -> Any:
        while True:
            try:
                with self._lock:
                    return attempt()
            except ssl.SSLWantReadError:
                select.select([self._sock], [], [], 0.2)
            except ssl.SSLWantWriteError:
                select.select([], [self._sock], [], 0.2)

    def recv(self, size: int) -> bytes:
        return bytes(self._once(lambda: self._sock.recv(size)))

    def sendall(self, data: bytes) -> None:
        left = memoryview(data)
        while left:
            left = left[self._once(partial(self._sock.send, left)) :]

    def shutdown(self, how: int) -> None:
        """End our direction by TLS's own goodbye, both by the socket's end."""
        if how == socket.SHUT_WR:
            with self._lock, contextlib.suppress(ssl.SSLError, AttributeError):  # the latter: closed meanwhile
                self._sock._sslobj.shutdown()  # type: ignore[attr-defined]
        else:
            self._sock.shutdown(how)

    def close(self) -> None:
        self._sock.close()


Peer = socket.socket | TlsPeer


class Relay:
    """The engine behind another socket on this machine: tcp, or tcp with TLS. Closing it looks as if it had died."""

    def __init__(self, api: Api, context: ssl.SSLContext | None = None) -> None:
        self._target = str(api.base_url), os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock")
        self._context, self._open = context, list[Peer]()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                client = self._listener.accept()[0]
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        engine = socket.socket(socket.AF_UNIX)
        engine.connect(self._target[1].removeprefix("unix://"))
        peer: Peer = client
        if self._context:
            peer = TlsPeer(self._context.wrap_socket(client, server_side=True))
        self._open += [peer, engine]
        threading.Thread(target=self._pump, args=(peer, engine), daemon=True).start()
        self._pump(engine, peer)

    @staticmethod
    def _pump(source: Peer, target: Peer) -> None:
        try:
            while data := source.recv(65536):
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)
        except (OSError, ValueError):  # closed meanwhile; of a TLS socket the latter says so
            pass

    def __enter__(self) -> Relay:
        return self

    def __exit__(self, *_: object) -> None:
        for one in [self._listener, *self._open]:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()


def talk(client: Api, container: str) -> None:
    """What every transport must carry: both directions, end of input, output at once and output that is large."""
    with ExecProcess.start(client, container, ["cat"], stdin=True) as process:
        process.write(b"hello\n")
        assert process.read(10) == (1, b"hello\n")
        process.write(b"y" * 300_000 + b"\n")
        process.close_stdin()
        assert sum(len(text) for _, text in process.lines(20)) == 300_000
        assert process.exit_code() == 0
    with sh(client, container, "echo out; echo err >&2; head -c 1000000 /dev/zero; exit 3") as process:
        size = 0
        while frame := process.read(10):
            size += len(frame[1])
        assert size == 1_000_008
        assert process.exit_code() == 3
    with sh(client, container, "sleep 300") as process, pytest.raises(TimeoutError):
        process.read(0.2)
    assert commands(client, container) == []


def test_a_process_talks_over_the_local_socket(api: Api, container: str) -> None:
    talk(api, container)


def test_a_process_talks_over_tcp(api: Api, container: str) -> None:
    with Relay(api) as relay:
        talk(Api(base_url=f"tcp://127.0.0.1:{relay.port}", version="auto", timeout=10), container)


def test_a_process_talks_over_tls(api: Api, container: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(variable, raising=False)  # they would win over the certificate that is asked for
    key, certificate = tmp_path / "key.pem", tmp_path / "cert.pem"
    command = (
        "openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=localhost -addext subjectAltName=IP:127.0.0.1"
    )
    subprocess.run([*command.split(), "-keyout", key, "-out", certificate], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with Relay(api, context) as relay:
        tls = docker.tls.TLSConfig(ca_cert=str(certificate), verify=True)
        talk(Api(base_url=f"https://127.0.0.1:{relay.port}", tls=tls, version="auto", timeout=10), container)


def test_a_process_talks_through_an_ssh_program(
    api: Api, container: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if shutil.which("docker") is None:
        pytest.skip("the engine's end of ssh is the docker command line")
    program = tmp_path / "ssh"
    program.write_text("#!/bin/sh\nexec docker system dial-stdio\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    client = ssh.client("ssh://somebody@nowhere", timeout=10, max_pool_size=4)
    talk(client, container)
    client.close()


def test_a_closed_process_gives_back_its_socket(api: Api, container: str) -> None:
    def opened() -> int:
        return len(list(Path("/proc/self/fd").iterdir()))

    sh(api, container, "true").close()
    before = opened()
    for _ in range(10):
        with sh(api, container, "echo x") as process:
            list(process.lines(10))
    assert opened() <= before


def test_closing_takes_no_time_when_the_process_has_ended(api: Api, container: str) -> None:
    with sh(api, container, "true") as process:
        list(process.lines(10))
        began = time.monotonic()
    assert time.monotonic() - began < 10
