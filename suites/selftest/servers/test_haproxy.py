"""HAProxy: read as it answers, and a real one, over its runtime API and its statistics page."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.clock import ManualClock
from harness.fingerprint import StatePart
from harness.servers._base import Password, ServerTls
from harness.servers.haproxy import HAProxy, read_sample
from suites.selftest.fingerprint.answers import said
from suites.selftest.proxy.conftest import answers
from suites.selftest.proxy.peers import free_port
from suites.selftest.servers.real import certificate, fingerprint, items, program, running, sampled, sh, up

STAT = (
    "# pxname,svname,scur,status,weight,lastchg,type,\n"
    "web,FRONTEND,2,OPEN,,,0,\n"
    "backends,backend-1,0,UP 1/3,1,23,2,\nbackends,backend-2,3,no check,0,4,2,\n"
    "backends,backend-3,,MAINT,,4,2,\nbackends,BACKEND,0,UP,2,23,1,\n\n"
)


def declared(**changes: object) -> HAProxy:
    return HAProxy.model_validate({"kind": "haproxy", "address": "127.0.0.1:9999", **changes})


def test_servers_alone_are_named_with_their_state() -> None:
    assert read_sample(STAT).fields["servers"] == [
        ["backends", "backend-1", "UP 1/3", 1, 0, 23],
        ["backends", "backend-2", "no check", 0, 3, 4],
        ["backends", "backend-3", "MAINT", None, None, 4],
    ]
    assert read_sample("Unknown command: show stats").error == "no server in the answer: Unknown command: show stats"


def servers(output: str, errors: bytes = b"", code: int = 0) -> StatePart:
    answer = said(output.encode(), errors, code)
    return declared().fingerprint(lambda _: answer, (), ManualClock())["servers"]


def test_a_fingerprint_has_the_servers_with_status_and_weight() -> None:
    assert servers(STAT).items == {
        "backends/backend-1": "UP, weight 1",
        "backends/backend-2": "no check, weight 0",
        "backends/backend-3": "MAINT, weight 0",
    }


@pytest.mark.parametrize(
    ("output", "errors", "code", "words"),
    [
        ("", b"", 7, "exit code 7"),
        ("", b"Connection refused\n", 1, "Connection refused"),
        ("Permission denied\n", b"", 0, "HAProxy answered 'Permission denied', not its statistics"),
        ("# pxname,svname\n", b"", 0, "HAProxy has no servers"),
    ],
)
def test_an_haproxy_that_does_not_tell_is_an_error(output: str, errors: bytes, code: int, words: str) -> None:
    assert servers(output, errors, code) == StatePart(None, words)


CONFIG = """
global
    stats socket {directory}/api.sock mode 600 level admin
    stats socket ipv4@127.0.0.1:{api} level operator
defaults
    mode http
    timeout connect 5s
    timeout client 30s
    timeout server 30s
frontend page
    http-request deny if {{ src -f {directory}/denied }}
    bind 127.0.0.1:{page}
    bind 127.0.0.1:{tls} ssl crt {directory}/both.pem
    stats enable
    stats uri /stats
    stats auth 'ops:ri"ght\\'
backend services
    server one 127.0.0.1:1 weight 3 maxconn 7
    server two 127.0.0.1:1 disabled
"""


@pytest.fixture
def ways(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, HAProxy]]:
    """Every way to ask one HAProxy."""
    haproxy, files = program("haproxy", "haproxy"), certificate(tmp_path)
    (tmp_path / "both.pem").write_text(Path(files["key"]).read_text() + Path(files["ca"]).read_text())
    ports = {name: free_port() for name in ("page", "api", "tls")}
    (tmp_path / "denied").write_text("10.0.0.1\n")
    (tmp_path / "haproxy.cfg").write_text(CONFIG.format(directory=tmp_path, **ports))
    monkeypatch.setenv("STATS", 'ri"ght\\')
    login = {"user": "ops", "password": Password(variable="STATS")}
    with running([haproxy, "-db", "-q", "-f", tmp_path / "haproxy.cfg"]) as process:
        up(process, lambda: answers(ports["page"], b"GET / HTTP/1.0\r\n\r\n", b"HTTP/1"))
        yield {
            "port": declared(address=f"127.0.0.1:{ports['api']}"),
            "socket": declared(address=str(tmp_path / "api.sock")),
            "page": declared(address=f"http://127.0.0.1:{ports['page']}/stats", **login),
            "tls": declared(
                address=f"https://localhost:{ports['tls']}/stats;csv", tls=ServerTls(ca=files["ca"]), **login
            ),
            "refused": declared(address=f"http://127.0.0.1:{ports['page']}/stats", user="ops"),
            "lost": declared(address=f"http://127.0.0.1:{ports['page']}/nothing"),
        }


@pytest.mark.parametrize("way", ["port", "socket", "page", "tls"])
def test_its_servers_are_the_same_however_it_is_asked(ways: dict[str, HAProxy], way: str) -> None:
    assert [row[:5] for row in sampled(ways[way])["servers"]] == [
        ["services", "one", "no check", 3, 0],
        ["services", "two", "MAINT", 1, 0],
    ]
    assert items(ways[way], "servers") == {"services/one": "no check, weight 3", "services/two": "MAINT, weight 1"}


@pytest.mark.parametrize(("way", "words"), [("lost", "503"), ("refused", "401")])
def test_a_page_that_is_refused_or_none_is_told_in_curls_words(ways: dict[str, HAProxy], way: str, words: str) -> None:
    program("curl", "curl")
    assert sampled(ways[way], lambda event: words in str(event.data["error"]))["servers"] is None
    assert words in str(fingerprint(ways[way])["servers"].error)


def test_what_can_be_changed_while_it_runs_is_told(ways: dict[str, HAProxy]) -> None:
    one = ways["socket"]
    before = items(one, "settings")
    assert before["services/one maxconn"] == "7"
    assert before["services/one address"].startswith("127.0.0.1")
    assert items(ways["page"], "settings")["services/one maxconn"] == "7"
    for command, changed in (
        ("set server services/one addr 127.0.0.2 port 2", {"services/one address"}),
        ("set maxconn server services/one 9", {"services/one maxconn"}),
        ("set maxconn frontend page 5", {"page/FRONTEND maxconn"}),
        ("set maxconn global 77", {"process Maxconn"}),
        ("add acl #0 10.0.0.2", {name for name in before if name.startswith("list ")}),
    ):
        words = shlex.join(one.command(command))
        sh(words)
        after = items(one, "settings")
        assert {name for name in after if after[name] != before.get(name)} == changed, command
        assert items(one, "settings") == after
        before = after
