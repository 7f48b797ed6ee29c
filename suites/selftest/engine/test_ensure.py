from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from harness.engine import apt, connect, daemon, ensure
from harness.engine.ensure import ensure as ensured
from harness.errors import EngineError, NoEngine
from suites.selftest.engine.fake import VERSION
from suites.selftest.engine.fake import daemon as fake


@pytest.fixture
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """An environment in which no engine answers."""
    monkeypatch.setattr(connect, "DEFAULT_SOCKET", str(tmp_path / "default.sock"))
    return {"HOME": str(tmp_path), "HARNESS_HOME": str(tmp_path / "h"), "PATH": os.environ["PATH"]}


def test_an_engine_that_answers_is_taken_as_it_is(tmp_path: Path, nowhere: dict[str, str]) -> None:
    lines: list[str] = []
    with fake(tmp_path / "default.sock", {"/version": VERSION}):
        ensured(nowhere, lines.append).close()
    assert lines == [f"Found Docker 29.1.0 (API 1.52) at unix://{tmp_path}/default.sock (from the default socket)"]
    assert not (tmp_path / "h").exists()


def test_a_named_daemon_that_does_not_answer_is_not_replaced(nowhere: dict[str, str]) -> None:
    with pytest.raises(NoEngine, match="DOCKER_HOST"):
        ensured({**nowhere, "DOCKER_HOST": "unix:///nonexistent/d.sock"})


def test_without_root_it_says_what_to_do(nowhere: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(NoEngine) as caught:
        ensured(nowhere)
    assert "needs root" in str(caught.value.got)
    assert "systemctl start docker" in str(caught.value.hint)


def test_where_nothing_may_be_installed_it_says_so(nowhere: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(daemon, "find", lambda _: None)
    with pytest.raises(NoEngine, match="none can be started") as caught:
        ensured({**nowhere, "HARNESS_INSTALL": "never"})
    assert "HARNESS_INSTALL=never" in str(caught.value.got)


def test_a_dockerd_elsewhere_is_named_and_not_disturbed(
    nowhere: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(daemon, "find", lambda _: "/usr/sbin/dockerd")
    monkeypatch.setattr(daemon, "others", lambda: ((7, "unix:///other.sock"),))
    with pytest.raises(NoEngine, match="a dockerd runs on this machine") as caught:
        ensured(nowhere)
    assert "export DOCKER_HOST=unix:///other.sock" in str(caught.value.hint)


def test_docker_is_installed_first_where_it_is_missing(
    tmp_path: Path, nowhere: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(daemon, "find", lambda _: None)
    monkeypatch.setattr(apt, "cannot_install", lambda _: None)
    installed: list[str] = []
    with fake(tmp_path / "later.sock", {"/version": VERSION}):

        def install(packages: tuple[str, ...], *_: object) -> None:
            installed.extend(packages)
            (tmp_path / "default.sock").symlink_to(tmp_path / "later.sock")  # as an init does that starts it

        monkeypatch.setattr(apt, "install", install)
        with ensured(nowhere) as engine:
            assert "default.sock" in engine.describe()
    assert installed == ["docker.io", "iptables"]


def test_another_dockerd_is_found_by_its_process(tmp_path: Path) -> None:
    for pid, command in (("7", "/usr/sbin/dockerd\0--host\0unix:///x.sock\0"), ("8", "vim\0dockerd\0")):
        (tmp_path / pid).mkdir()
        (tmp_path / pid / "cmdline").write_text(command)
    assert daemon.others(tmp_path) == ((7, "unix:///x.sock"),)


def test_a_daemon_that_ends_is_told_with_the_tail_of_its_log(tmp_path: Path) -> None:
    program = tmp_path / "dockerd"
    program.write_text("#!/bin/sh\necho failed to start: permission denied\nexit 1\n")
    program.chmod(0o755)
    environ = {"HARNESS_HOME": str(tmp_path / "h")}
    with pytest.raises(EngineError, match="ended with exit code 1") as caught:
        daemon.start(str(program), environ)
    daemon.purge(environ)
    assert "permission denied" in str(caught.value.detail)
    assert "--privileged" in str(caught.value.hint)


def test_a_process_that_took_our_number_is_not_ours(tmp_path: Path) -> None:
    environ = {"HARNESS_HOME": str(tmp_path)}
    (tmp_path / "engine").mkdir()
    (tmp_path / "engine" / "engine.json").write_text(f'{{"pid": {os.getpid()}, "start": "1", "command": ["dockerd"]}}')
    assert daemon.running(environ) is None
    assert not ensure.stop(environ)


LIFE = """
import os, queue, subprocess, sys
from pathlib import Path
from harness.engine import connect, daemon, ensure, state
from harness.engine.events import Events
from harness.engine.labels import Owner
from harness.errors import EngineGone
connect.DEFAULT_SOCKET = "/nonexistent/docker.sock"
environ = {"HARNESS_HOME": sys.argv[1], "PATH": os.environ["PATH"], "HOME": sys.argv[1]}
call = [sys.executable, "-c", "import sys; from harness.engine import connect, ensure;"
        "connect.DEFAULT_SOCKET = '/nonexistent/docker.sock'; ensure.ensure(progress=print)"]
inherited = {**environ, "PYTHONPATH": os.environ["PYTHONPATH"]}
both = [subprocess.Popen(call, env=inherited, stdout=subprocess.PIPE, text=True) for _ in range(2)]
said = [process.communicate(timeout=90)[0] for process in both]
assert sum("Started Docker" in text for text in said) == 1, said
assert sum("Found Docker" in text for text in said) == 1, said
record = daemon.running(environ)
assert record is not None and record.runs(), "it outlives those that started it"
with ensure.ensure(environ) as engine:
    assert engine.endpoint.source == "the harness's own engine"
    assert "bridge" not in {network["Name"] for network in engine.api.networks()}
    engine.networks.create("kept", Owner("run", "environment"))
engine, gone = ensure.ensure(environ), queue.Queue()
events = Events(engine.api, "environment", print, gone=gone.put)
assert ensure.stop(environ)
assert isinstance(gone.get(timeout=10), EngineGone) and gone.empty()
events.close()
try:
    engine.networks.create("more", Owner("run", "environment"))
except EngineGone:
    engine.close()
else:
    raise AssertionError("an engine that is gone made a network")
assert daemon.running(environ) is None and not list(daemon._ours(environ))
assert not ensure.stop(environ)
with ensure.ensure(environ) as engine:
    assert len(engine.networks.list()) == 1, "its data outlive it"
assert ensure.stop(environ, purge=True)
assert not state.engine_home(environ).exists() and not state.runtime(environ).exists()
print("whole life")
"""


@pytest.mark.containers
@pytest.mark.skipif(os.geteuid() != 0 or daemon.find() is None, reason="needs root and an installed dockerd")
def test_an_engine_of_our_own_is_started_once_outlives_us_and_goes_without_trace(tmp_path: Path) -> None:
    # In a network namespace of its own: a second daemon would rewrite the packet filter of the one that is there.
    script = f'ip link set lo up && exec "{sys.executable}" -c "$0" "{tmp_path}/h"'
    call = ["unshare", "--net", "sh", "-c", script, LIFE]
    root = str(Path(__file__).parents[3])
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join([root, os.environ.get("PYTHONPATH", "")])}
    done = subprocess.run(call, env=environ, capture_output=True, text=True, timeout=240, check=False)
    assert done.stdout.endswith("whole life\n"), done.stdout + done.stderr
