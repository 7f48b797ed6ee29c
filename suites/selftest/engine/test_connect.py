from __future__ import annotations

import hashlib
import json
import os
import shutil
import socket
import stat
import sys
from pathlib import Path

import pytest

from harness.engine import connect
from harness.engine.connect import Endpoint, endpoints
from harness.engine.engine import Engine
from harness.errors import EngineError, NoEngine, UsageError
from suites.selftest.engine.fake import VERSION, certificates, daemon, tls_daemon


def context(home: Path, name: str, host: str, *, current: bool = True, tls: bool = False, skip: bool = False) -> None:
    """Write a context as `docker context create` does."""
    digest = hashlib.sha256(name.encode()).hexdigest()
    meta = home / ".docker" / "contexts" / "meta" / digest
    meta.mkdir(parents=True)
    described = {"Name": name, "Metadata": {}, "Endpoints": {"docker": {"Host": host, "SkipTLSVerify": skip}}}
    (meta / "meta.json").write_text(json.dumps(described))
    if current:
        (home / ".docker" / "config.json").write_text(json.dumps({"currentContext": name}))
    if tls:
        certificates = home / ".docker" / "contexts" / "tls" / digest / "docker"
        certificates.mkdir(parents=True)
        for part in ("ca", "cert", "key"):
            (certificates / f"{part}.pem").write_text(part)


def only(environ: dict[str, str]) -> Endpoint:
    (found,) = endpoints(environ)
    return found


def test_docker_host_stands_alone(tmp_path: Path) -> None:
    context(tmp_path, "other", "unix:///other.sock")
    found = only({"HOME": str(tmp_path), "DOCKER_HOST": "unix:///x.sock"})
    assert (found.url, found.source, found.named) == ("unix:///x.sock", "DOCKER_HOST", True)


def test_docker_host_goes_before_docker_context(tmp_path: Path) -> None:
    environ = {"HOME": str(tmp_path), "DOCKER_HOST": "ssh://me@box", "DOCKER_CONTEXT": "no-such"}
    assert only(environ).url == "ssh://me@box"


def test_the_current_context_of_the_cli_is_used(tmp_path: Path) -> None:
    context(tmp_path, "remote", "ssh://me@box:2222")
    found = only({"HOME": str(tmp_path)})
    assert (found.url, found.source, found.tls) == ("ssh://me@box:2222", "context 'remote'", None)


def test_docker_context_goes_before_the_current_one(tmp_path: Path) -> None:
    context(tmp_path, "a", "unix:///a.sock")
    context(tmp_path, "b", "unix:///b.sock", current=False)
    assert only({"HOME": str(tmp_path), "DOCKER_CONTEXT": "b"}).url == "unix:///b.sock"


def test_docker_config_names_another_directory(tmp_path: Path) -> None:
    context(tmp_path, "a", "unix:///a.sock")
    environ = {"HOME": "/nonexistent", "DOCKER_CONFIG": str(tmp_path / ".docker")}
    assert only(environ).url == "unix:///a.sock"


def test_a_context_brings_its_certificates(tmp_path: Path) -> None:
    context(tmp_path, "a", "tcp://box:2376", tls=True)
    tls = only({"HOME": str(tmp_path)}).tls
    assert tls is not None
    assert tls.verify
    assert tls.ca is not None
    assert tls.ca.read_text() == "ca"


def test_a_context_that_skips_verification_is_not_verified(tmp_path: Path) -> None:
    context(tmp_path, "a", "tcp://box:2376", tls=True, skip=True)
    tls = only({"HOME": str(tmp_path)}).tls
    assert tls is not None
    assert not tls.verify
    assert tls.config().ca_cert is None


def test_a_context_that_does_not_exist_is_an_error_naming_it(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="'gone' does not exist"):
        endpoints({"HOME": str(tmp_path), "DOCKER_CONTEXT": "gone"})


def test_a_broken_cli_configuration_is_an_error_with_its_file(tmp_path: Path) -> None:
    (tmp_path / ".docker").mkdir()
    (tmp_path / ".docker" / "config.json").write_text("{")
    with pytest.raises(UsageError) as caught:
        endpoints({"HOME": str(tmp_path)})
    assert caught.value.where is not None
    assert caught.value.where.endswith("config.json")


def test_the_default_context_means_the_usual_places(tmp_path: Path) -> None:
    environ = {"HOME": str(tmp_path), "DOCKER_CONTEXT": "default", "XDG_RUNTIME_DIR": "/run/user/7"}
    found = [endpoint.url for endpoint in endpoints({**environ, "HARNESS_HOME": "/h"})]
    assert found == [
        "unix:///var/run/docker.sock",
        "unix:///run/user/7/docker.sock",
        "unix:///h/engine/docker.sock",
    ]


@pytest.mark.parametrize(
    ("host", "tls", "url"),
    [
        ("tcp://box", False, "tcp://box:2375"),
        ("tcp://box", True, "tcp://box:2376"),
        ("box:99", False, "tcp://box:99"),
        ("/a.sock", False, "unix:///a.sock"),
    ],
)
def test_what_the_cli_lets_people_leave_out_is_filled_in(host: str, tls: bool, url: str) -> None:
    assert connect.normal(host, tls) == url


def test_an_unknown_scheme_is_refused() -> None:
    with pytest.raises(UsageError, match="unknown scheme"):
        endpoints({"DOCKER_HOST": "ftp://box"})


@pytest.mark.parametrize(("variable", "verify"), [("DOCKER_TLS_VERIFY", True), ("DOCKER_TLS", False)])
def test_tls_comes_from_the_cert_path(tmp_path: Path, variable: str, verify: bool) -> None:
    (tmp_path / "ca.pem").write_text("ca")
    environ = {"DOCKER_HOST": "tcp://box:2376", variable: "1", "DOCKER_CERT_PATH": str(tmp_path)}
    tls = only(environ).tls
    assert tls is not None
    assert (tls.ca, tls.cert, tls.verify) == (tmp_path / "ca.pem", None, verify)


def test_a_cert_path_alone_does_not_switch_tls_on(tmp_path: Path) -> None:
    assert only({"DOCKER_HOST": "tcp://box:2375", "DOCKER_CERT_PATH": str(tmp_path)}).tls is None


def test_a_named_daemon_that_does_not_answer_is_never_replaced_by_another(tmp_path: Path) -> None:
    gone = f"unix://{tmp_path}/gone.sock"
    with pytest.raises(NoEngine, match="that DOCKER_HOST names does not answer") as caught:
        connect.connect({"DOCKER_HOST": gone, "HOME": str(tmp_path)})
    assert caught.value.where == gone
    assert caught.value.got == "no such file"


def test_a_refused_connection_is_told_from_a_missing_socket(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as stale:
        stale.bind(str(tmp_path / "stale.sock"))
    with pytest.raises(NoEngine) as caught:
        connect.connect({"DOCKER_HOST": f"unix://{tmp_path}/stale.sock"})
    assert caught.value.got == "refused: nothing listens there"


def test_a_socket_without_permission_says_how_to_get_it() -> None:
    error = PermissionError(13, "Permission denied")
    answer, hint = connect._reason(Endpoint("unix:///var/run/docker.sock", "the default socket"), error)
    assert answer == "permission denied"
    assert "docker group" in hint


def test_no_engine_lists_every_place_and_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connect, "DEFAULT_SOCKET", str(tmp_path / "default.sock"))
    environ = {"HOME": str(tmp_path), "HARNESS_HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path / "run")}
    with pytest.raises(NoEngine) as caught:
        connect.connect(environ)
    text = str(caught.value)
    for place in ("default.sock", "run/docker.sock", "engine/docker.sock", "harness engine ensure"):
        assert place in text


def test_the_first_place_that_answers_is_taken_and_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connect, "DEFAULT_SOCKET", str(tmp_path / "default.sock"))
    (tmp_path / "engine").mkdir()
    environ = {"HOME": str(tmp_path), "HARNESS_HOME": str(tmp_path)}
    with daemon(tmp_path / "engine" / "docker.sock", {"/version": VERSION}), Engine.connect(environ) as found:
        said = f"Docker 29.1.0 (API 1.52) at unix://{tmp_path}/engine/docker.sock (from the harness's own engine)"
        assert found.describe() == said


def test_a_daemon_that_is_too_old_is_refused_with_both_versions(tmp_path: Path) -> None:
    old = {**VERSION, "Version": "19.03", "ApiVersion": "1.40"}
    with daemon(tmp_path / "d.sock", {"/version": old}), pytest.raises(EngineError, match="too old") as caught:
        connect.connect({"DOCKER_HOST": f"unix://{tmp_path}/d.sock"})
    assert "1.40" in str(caught.value)
    assert "1.41" in str(caught.value)


def test_something_else_on_the_socket_is_not_taken_for_an_engine(tmp_path: Path) -> None:
    with daemon(tmp_path / "d.sock", {}), pytest.raises(NoEngine):
        connect.connect({"DOCKER_HOST": f"unix://{tmp_path}/d.sock"})


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl, to make certificates")
def test_tls_is_spoken_with_both_certificates_and_refused_with_the_wrong_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/etc/ssl/certs/ca-certificates.crt")  # as on many machines of companies
    right, wrong = tmp_path / "right", tmp_path / "wrong"
    for directory in (right, wrong):
        directory.mkdir()
        certificates(directory)
    with tls_daemon(right, {"/version": VERSION}) as port:
        environ = {"DOCKER_HOST": f"tcp://127.0.0.1:{port}", "DOCKER_TLS_VERIFY": "1", "DOCKER_CERT_PATH": str(right)}
        with Engine.connect(environ) as found:
            assert f"at tcp://127.0.0.1:{port} (from DOCKER_HOST)" in found.describe()
        with pytest.raises(NoEngine) as caught:
            connect.connect({**environ, "DOCKER_CERT_PATH": str(wrong)})
    assert "TLS failed" in str(caught.value.got)
    assert "DOCKER_CERT_PATH" in str(caught.value.hint)


PUMP = """#!{python}
import os, select, socket, sys
with open({log!r}, "a") as log:
    print(*sys.argv[1:], file=log)
far = socket.socket(socket.AF_UNIX)
far.connect({path!r})
while True:
    for end in select.select([0, far], [], [])[0]:
        data = os.read(0, 65536) if end == 0 else far.recv(65536)
        if not data:
            sys.exit()
        far.sendall(data) if end == 0 else os.write(1, data)
"""


def test_ssh_goes_through_the_ssh_client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    client = tmp_path / "ssh"
    client.write_text(PUMP.format(python=sys.executable, log=str(tmp_path / "log"), path=str(tmp_path / "d.sock")))
    client.chmod(client.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    environ = {"DOCKER_HOST": "ssh://me@box:2222"}
    with daemon(tmp_path / "d.sock", {"/version": VERSION}), Engine.connect(environ) as found:
        assert "at ssh://me@box:2222 (from DOCKER_HOST)" in found.describe()
    called = (tmp_path / "log").read_text()
    assert "-l me -p 2222 -- box docker system dial-stdio" in called


def test_an_ssh_host_that_does_not_answer_says_what_to_try(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    client = tmp_path / "ssh"
    client.write_text("#!/bin/sh\nexit 255\n")
    client.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    with pytest.raises(NoEngine) as caught:
        connect.connect({"DOCKER_HOST": "ssh://box"})
    assert "dial-stdio" in str(caught.value)
