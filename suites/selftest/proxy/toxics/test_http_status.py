"""http_status."""

from __future__ import annotations

import contextlib
import http.client
import http.server
import threading
from collections.abc import Iterator

import pytest

from suites.selftest.proxy.conftest import Make, front
from suites.selftest.proxy.peers import Api, Through, read_all, read_exactly


class Service(http.server.BaseHTTPRequestHandler):
    """Answers with what it was asked, over connections that stay open."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        answer = f"{self.command} {self.path} ".encode() + body
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer)

    do_POST = do_HEAD = do_GET

    def log_message(self, *arguments: object) -> None: ...


@contextlib.contextmanager
def serving() -> Iterator[int]:
    """A web service; its port."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Service)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture
def web(ours: Api) -> Iterator[Through]:
    with serving() as port:
        yield front(ours, "web", port)


def ask(client: http.client.HTTPConnection, method: str, path: str, body: bytes | None = None) -> tuple[int, bytes]:
    client.request(method, path, body)
    answer = client.getresponse()
    return answer.status, answer.read()


def test_matching_requests_get_the_status_and_the_connection_stays(web: Through) -> None:
    web.toxic("http_status", status=503, paths=["/resume/*"], methods=["POST"], body="busy")
    client = http.client.HTTPConnection("127.0.0.1", web.port, timeout=5)
    for _ in range(3):
        assert ask(client, "POST", "/resume/1", b"x" * 100_000) == (503, b"busy")
        assert ask(client, "GET", "/resume/1") == (200, b"GET /resume/1 ")
        assert ask(client, "POST", "/other", b"data") == (200, b"POST /other data")
    web.heal("http_status_upstream")
    assert ask(client, "POST", "/resume/1", b"y") == (200, b"POST /resume/1 y")
    client.close()
    assert web.stats()["connections"]["accepted"] == 1


@pytest.mark.parametrize(("status", "body"), [(200, b"no"), (204, b""), (304, b""), (418, b"no"), (599, b"no")])
def test_every_status_is_well_formed(web: Through, status: int, body: bytes) -> None:
    web.toxic("http_status", status=status, body="no")
    client = http.client.HTTPConnection("127.0.0.1", web.port, timeout=5)
    assert ask(client, "GET", "/") == (status, body)
    assert ask(client, "HEAD", "/") == (status, b"")
    assert ask(client, "GET", "/") == (status, body)
    client.close()


def test_a_fraction_is_a_fraction(web: Through) -> None:
    web.toxic("http_status", fraction=0.3)
    client = http.client.HTTPConnection("127.0.0.1", web.port, timeout=5)
    failed = sum(ask(client, "GET", "/")[0] == 503 for _ in range(200))
    client.close()
    assert failed == pytest.approx(60, abs=33)


def test_requests_in_a_row_keep_the_order_of_their_answers(web: Through) -> None:
    web.toxic("http_status", paths=["/bad"])
    with web.connect() as client:
        client.sendall(
            b"GET /good HTTP/1.1\r\nHost: x\r\n\r\nGET /bad HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        )
        answers = read_all(client)
    assert answers.index(b"GET /good ") < answers.index(b"GET /bad ")


def test_chunks_are_read_to_their_end(web: Through) -> None:
    web.toxic("http_status", methods=["POST"])
    client = http.client.HTTPConnection("127.0.0.1", web.port, timeout=5)
    for _ in range(2):
        client.request("POST", "/", iter([b"a" * 10, b"b" * 70_000]), encode_chunked=True)
        answer = client.getresponse()
        assert (answer.status, answer.read()) == (503, b"")
    client.close()


def test_a_body_whose_end_is_not_known_passes_with_all_that_follows(ours: Api, through: Make) -> None:
    made = through()
    made.toxic("http_status")
    sent = b"POST / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\nGET / HTTP/1.1\r\n\r\n"
    with made.connect() as client:
        client.sendall(sent)
        assert read_exactly(client, len(sent)) == sent


LAST = [b"HTTP/1.0\r\n\r\n", b"HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"]


@pytest.mark.parametrize("rest", LAST)
def test_a_client_that_waits_for_the_end_gets_it(web: Through, rest: bytes) -> None:
    web.toxic("http_status", body="no")
    web.toxic("latency", latency=20)
    with web.connect() as client:
        client.sendall(b"GET / " + rest)
        answer = read_all(client)
    assert answer.startswith(b"HTTP/1.1 503 ")
    assert answer.endswith(b"\r\nConnection: close\r\n\r\nno")


def test_a_path_is_one_also_behind_the_name_of_a_host(web: Through) -> None:
    web.toxic("http_status", paths=["/bad"])
    client = http.client.HTTPConnection("127.0.0.1", web.port, timeout=5)
    assert ask(client, "GET", "http://service/bad?x=1")[0] == 503
    assert ask(client, "GET", "http://service/good")[0] == 200
    client.close()


@pytest.mark.parametrize("sent", [b"\x16\x03\x01\x02\x00", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"SSH-2.0-x\r\n"])
def test_what_is_not_http_passes_as_it_is(ours: Api, through: Make, sent: bytes) -> None:
    made = through()
    made.toxic("http_status")
    with made.connect() as client:
        for _ in range(3):
            client.sendall(sent)
            assert client.recv(100) == sent


def test_a_status_that_is_none_is_refused(web: Through) -> None:
    for status in (0, 100, 199, 600, -1):
        assert "status" in web.toxic("http_status", status=status, expect=400)["error"]
