"""What is not plain HTTP: TLS, raw TCP, a team's own callable; and HTTP's less usual answers."""

from __future__ import annotations

import os
import textwrap
from pathlib import Path
from typing import Any

import pytest

from harness.errors import NotMeasured, UsageError
from harness.history import History
from harness.workload import Tls, Window, Workload, tls
from suites.selftest.workload.made import spec
from suites.selftest.workload.server import answer, certificate, serving, telling, tls_serving

pytestmark = pytest.mark.programs


def measured(port: int, seconds: float = 0.4, **changes: Any) -> Window:
    with Workload(spec(port, **changes), History()) as workload:
        return workload.baseline(seconds)


# -- TLS ---------------------------------------------------------------------------------------------------------------


def test_https_is_spoken_with_a_certificate_that_is_checked(tmp_path: Path) -> None:
    file = certificate(tmp_path)
    with tls_serving(telling(answer()), file) as server:
        window = measured(server.port, tls=Tls(ca=str(file)))
    assert window.ok == window.intended > 0


@pytest.mark.parametrize("tls", [Tls(), Tls(name="another")])
def test_a_certificate_that_is_not_trusted_is_a_failure_in_words(tmp_path: Path, tls: Tls) -> None:
    file = certificate(tmp_path)
    tls = Tls(ca=str(file), name=tls.name) if tls.name == "another" else tls
    with tls_serving(telling(answer()), file) as server:
        window = measured(server.port, tls=tls)
    assert window.errors == {"TLS failed": window.intended}


def test_checking_can_be_switched_off(tmp_path: Path) -> None:
    file = certificate(tmp_path)
    with tls_serving(telling(answer()), file) as server:
        assert measured(server.port, tls=Tls(verify=False, name="another")).failed == 0


def test_a_server_that_speaks_no_tls_is_a_failure() -> None:
    with serving(telling(b"I do not speak TLS\r\n")) as server:
        window = measured(server.port, tls=Tls(), timeout=0.5)
    assert (window.ok, window.failed) == (0, window.intended)
    assert set(window.errors) <= {"TLS failed", "timeout"}


def test_a_file_of_certificates_that_is_not_there_is_told_before_anything_is_sent(tmp_path: Path) -> None:
    with Workload(spec(1, tls=Tls(ca=str(tmp_path / "nothing.pem"))), History()) as workload:
        with pytest.raises(NotMeasured, match="did not begin") as caught:
            workload.start()
        assert "certificates to trust does not exist" in str(caught.value)


@pytest.mark.timeout(20)
def test_a_file_of_certificates_is_a_regular_file_with_certificates_and_any_comments(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "text").write_text("no certificate")
    for name, words in (("pipe", "named pipe"), ("text", "certificates in PEM")):
        with pytest.raises(UsageError) as caught:
            tls.context(Tls(ca=str(tmp_path / name)))
        assert words in str(caught.value)
    (tmp_path / "bundle").write_bytes(
        "# Főtanúsítvány\n# caf".encode() + b"\xe9\n" + certificate(tmp_path).read_bytes()
    )
    context = tls.context(Tls(ca=str(tmp_path / "bundle")))
    assert context is not None
    assert len(context.get_ca_certs()) == 1


# -- raw TCP -----------------------------------------------------------------------------------------------------------


def echo(handler: Any, head: bytes) -> bytes:
    return b"+PONG\r\n"


def test_bytes_are_sent_and_an_answer_read_up_to_its_end_over_kept_connections() -> None:
    with serving(echo) as server:
        window = measured(server.port, kind="tcp", send="PING\r\n\r\n", until="\r\n", answer="^.PONG")
        assert window.ok == window.intended > 0
        assert server.connections <= 3


def test_an_answer_that_does_not_match_is_unexpected() -> None:
    with serving(echo) as server:
        window = measured(server.port, kind="tcp", send="PING\r\n\r\n", until="\r\n", answer="^-ERR")
    assert window.errors == {"unexpected answer": window.intended}


def test_an_answer_without_an_end_of_its_own_ends_with_the_connection() -> None:
    def once(handler: Any, head: bytes) -> bytes | None:
        handler.wfile.write(b"hello")
        return None

    with serving(once) as server:
        window = measured(server.port, kind="tcp", send="x\r\n\r\n", until="", answer="hello")
        cut = measured(server.port, kind="tcp", send="x\r\n\r\n", until="END")
    assert window.ok == window.intended > 0
    assert cut.errors == {"closed before the whole answer": cut.intended}


# -- callables ---------------------------------------------------------------------------------------------------------

MODULE = """
import asyncio, threading, time
def good(id, n, key): assert key.endswith(f"-{n}")
async def waits(id, n, key): await asyncio.sleep(0.01)
def no(id, n, key): return False
def raises(id, n, key): raise ValueError("not today")
def blocks(id, n, key): threading.Event().wait()
def job(id, n, key): return '{"job": "j%d"}' % n
nothing = 3
"""


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    (tmp_path / "team_calls.py").write_text(textwrap.dedent(MODULE))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return "team_calls"


@pytest.mark.parametrize(
    ("name", "errors"),
    [("good", []), ("waits", []), ("no", ["unexpected answer"]), ("raises", ["the callable raised"])],
)
def test_a_callable_is_called_on_schedule_and_what_it_raises_is_a_failure(
    module: str, name: str, errors: list[str]
) -> None:
    window = measured(1, kind="call", call=f"{module}:{name}")
    assert list(window.errors) == errors
    assert window.intended > 0
    assert (window.failed == window.intended) is bool(errors)


def test_a_callable_that_blocks_times_out_and_keeps_nothing_from_ending(module: str) -> None:
    window = measured(1, kind="call", call=f"{module}:blocks", timeout=0.2, rate=20.0)
    assert window.errors == {"timeout": window.intended}


def test_what_a_callable_returns_can_be_a_promise(module: str, tmp_path: Path) -> None:
    from harness.samples import read

    history = History(tmp_path / "events.jsonl")
    made = spec(1, kind="call", call=f"{module}:job", acknowledged="json:job")
    with Workload(made, history, samples=tmp_path / "samples.bin") as workload:
        workload.baseline(0.3)
    (stream,) = read(tmp_path, history.events).streams
    assert stream.promises[:2] == ((0, "j0"), (1, "j1"))


@pytest.mark.parametrize("name", ["no_such_module:x", "team_calls:nothing", "team_calls:missing"])
def test_a_callable_that_cannot_be_had_is_told_before_anything_is_called(module: str, name: str) -> None:
    with Workload(spec(1, kind="call", call=name), History()) as workload:
        with pytest.raises(NotMeasured, match="did not begin") as caught:
            workload.start()
        assert "The workload's callable cannot be" in str(caught.value)


# -- HTTP's less usual answers -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("raw", "ok"),
    [
        (b"HTTP/1.1 202 A\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", True),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 202 A\r\nContent-Length: 0\r\n\r\n", True),
        (b"HTTP/1.1 204 A\r\n\r\n", True),
        (b"HTTP/1.1 202 A\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello", False),
        (b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n", False),
    ],
)
def test_an_answer_is_read_as_http_means_it(raw: bytes, ok: bool) -> None:
    with serving(telling(raw)) as server:
        window = measured(server.port, expected=(202, 204), timeout=0.5)
    assert (window.ok == window.intended) is ok, window


def test_an_answer_without_a_length_ends_with_the_connection() -> None:
    def once(handler: Any, head: bytes) -> bytes | None:
        handler.wfile.write(b"HTTP/1.1 202 A\r\n\r\nhello")
        return None

    with serving(once) as server:
        assert measured(server.port).failed == 0


def test_an_answer_to_head_has_no_body() -> None:
    with serving(telling(b"HTTP/1.1 202 A\r\nContent-Length: 50\r\n\r\n")) as server:
        assert measured(server.port, method="HEAD", timeout=1.0).failed == 0


def test_the_json_of_an_answer_is_looked_at() -> None:
    good = b'HTTP/1.1 202 A\r\nContent-Length: 19\r\n\r\n{"plan":{"id": 7}}\n'
    with serving(telling(good)) as server:
        assert measured(server.port, json={"plan.id": 7}).failed == 0
        wrong = measured(server.port, json={"plan.id": 8})
    assert wrong.errors == {"unexpected answer": wrong.intended}


def test_keys_go_into_headers_and_are_never_the_same() -> None:
    with serving(telling(answer())) as server:
        with Workload(spec(server.port, headers={"X-Request-Id": "{key}"}), History()) as workload:
            workload.baseline(0.4)
        keys = [head.split(b"X-Request-Id: ")[1].split(b"\r\n")[0].decode() for head in server.requests]
    assert len(keys) == len(set(keys)) > 0
    assert all(key.startswith(f"{workload.key}-") for key in keys)
