"""nginx: read as it answers, and a real one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.servers.nginx import Nginx, read_sample, upstreams
from suites.selftest.proxy.conftest import answers
from suites.selftest.proxy.peers import free_port
from suites.selftest.servers.real import fingerprint, items, program, running, sampled, up

STATUS = "Active connections: 3 \nserver accepts handled requests\n 11 10 25 \nReading: 0 Writing: 1 Waiting: 2 \n"
CONFIG = """
daemon off;
pid {directory}/pid;
error_log {directory}/errors.log;
events {{}}
http {{
    access_log off;
    {paths}
    include {directory}/upstreams.conf;
    server {{ listen 127.0.0.1:{port}; location = /status {{ stub_status; }} }}
}}
"""
PATHS = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
UPSTREAMS = """
upstream backend {
    server 127.0.0.1:1 weight=2;  # not }; server old:1;
    server 127.0.0.1:2;
}
"""


def test_a_status_page_becomes_figures_and_anything_else_its_words() -> None:
    assert read_sample(STATUS).fields == {
        "clients": 3, "accepted": 11, "handled": 10, "requests": 25, "reading": 0, "writing": 1, "waiting": 2,
    }  # fmt: skip
    assert read_sample("<html>").error == "not a page of stub_status: <html>"


def test_the_servers_of_upstreams_are_told_without_what_is_a_comment() -> None:
    assert upstreams(UPSTREAMS) == {"backend/127.0.0.1:1": "weight=2", "backend/127.0.0.1:2": "up"}


@pytest.fixture
def nginx(tmp_path: Path) -> Iterator[Nginx]:
    server, port = program("nginx", "nginx-light"), free_port()
    paths = "\n".join(f"{name}_temp_path {tmp_path}/{name};" for name in PATHS)
    (tmp_path / "nginx.conf").write_text(CONFIG.format(directory=tmp_path, port=port, paths=paths))
    (tmp_path / "upstreams.conf").write_text(UPSTREAMS)
    with running([server, "-c", tmp_path / "nginx.conf"]) as process:
        up(process, lambda: answers(port, b"GET / HTTP/1.0\r\n\r\n", b"HTTP/1"))
        yield Nginx(kind="nginx", address=f"http://127.0.0.1:{port}/status", config=str(tmp_path / "nginx.conf"))


def test_it_is_sampled_and_a_page_that_is_none_is_told(nginx: Nginx) -> None:
    seen = sampled(nginx)
    assert seen["clients"] == 1
    assert seen["requests"] >= 1
    lost = nginx.model_copy(update={"address": f"{nginx.address}/none"})
    assert sampled(lost, lambda event: "404" in str(event.data["error"]))["clients"] is None


def test_a_change_of_its_configuration_is_told_by_file_and_by_upstream(nginx: Nginx, tmp_path: Path) -> None:
    before = fingerprint(nginx)
    assert items(nginx, "servers") == {"backend/127.0.0.1:1": "weight=2", "backend/127.0.0.1:2": "up"}
    assert set(items(nginx, "settings")) == {str(tmp_path / name) for name in ("nginx.conf", "upstreams.conf")}
    assert fingerprint(nginx) == before
    file = tmp_path / "upstreams.conf"
    file.write_text(UPSTREAMS.replace("127.0.0.1:2;", "127.0.0.1:2 down;"))
    assert items(nginx, "servers")["backend/127.0.0.1:2"] == "down"
    assert items(nginx, "settings")[str(file)] != (before["settings"].items or {})[str(file)]
    file.write_text("")
    assert fingerprint(nginx)["servers"].absent == "no upstream is configured"
    file.write_text("upstream {")
    assert "upstream" in str(fingerprint(nginx)["settings"].error)
    assert {part.items for part in fingerprint(nginx).values()} == {None}
