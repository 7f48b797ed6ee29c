"""The service's own pure parts: its log, its HTTP server."""

from __future__ import annotations

import io
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from fixtures.reference import DEFECTS, ROOT
from suites.selftest.reference.load import module

WEB: Any = module(ROOT / "releases/4.1.0/backend/web.py", "reference_web")


def log_of(path: Path, target: Path) -> list[dict[str, object]]:
    """What a version of logs.py writes of one event."""
    logs = module(path, "reference_logs")
    end = logs.start(target, "4.1.x", "backend-1")
    logs.write("request", status=202)
    with suppress(AttributeError):  # a thread that was never started cannot be ended
        end()
    logs.LOGGER.handlers.clear()
    text = target.read_text() if target.exists() else ""
    return [json.loads(line) for line in text.splitlines()]


@pytest.mark.parametrize("release", ["4.1.0", "4.1.1"])
def test_a_release_writes_a_line_of_json_an_event(release: str, tmp_path: Path) -> None:
    (line,) = log_of(ROOT / "releases" / release / "backend/logs.py", tmp_path / "backend.log")
    assert (line["event"], line["release"], line["status"], line["level"]) == ("request", "4.1.x", 202, "INFO")


@pytest.mark.parametrize("name", ["incident", "logs-stop"])
def test_the_defects_hot_fix_writes_nothing(name: str, tmp_path: Path) -> None:
    broken = DEFECTS[name].override.parent / "control/srv/releases/4.1.1/backend/logs.py"
    assert log_of(broken, tmp_path / "backend.log") == []


def test_the_incidents_patch_writes_again(tmp_path: Path) -> None:
    patch = DEFECTS["incident"].override.parent / "control/srv/patches/logging/backend/logs.py"
    assert len(log_of(patch, tmp_path / "backend.log")) == 1


def read(text: bytes) -> Any:
    return WEB.read_request(io.BytesIO(text))


def test_a_request_is_read_with_its_headers_and_its_body() -> None:
    request = read(b"POST /x HTTP/1.1\r\nX-Request-Id: 7\r\nContent-Length: 2\r\n\r\nhi")
    assert (request.method, request.path, request.headers["x-request-id"], request.body) == ("POST", "/x", "7", b"hi")


def test_the_end_of_a_connection_is_no_request() -> None:
    assert read(b"") is None


@pytest.mark.parametrize(
    "text", [b"nonsense\r\n\r\n", b"GET / HTTP/2\r\n\r\n", b"GET / HTTP/1.1\r\nContent-Length: 9999999\r\n\r\n"]
)
def test_what_is_no_request_is_refused(text: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the messages are Python's own in part
        read(text)


@contextmanager
def server(answer: Any) -> Iterator[tuple[Any, int]]:
    running = WEB.Server(0, answer, 30.0)
    running.start()
    yield running, running._listener.getsockname()[1]


def test_a_server_that_stops_answers_the_request_in_hand_and_ends_idle_connections() -> None:
    asked, go_on = threading.Event(), threading.Event()

    def answer(_request: Any) -> Any:
        asked.set()
        go_on.wait(30)
        return WEB.Response(200, {"done": True})

    with server(answer) as (running, port):
        idle = socket.create_connection(("127.0.0.1", port))
        busy = socket.create_connection(("127.0.0.1", port))
        busy.sendall(b"GET / HTTP/1.1\r\n\r\n")
        assert asked.wait(30)
        stopped: list[bool] = []
        stopping = threading.Thread(target=lambda: stopped.append(running.stop(30)))
        stopping.start()
        assert idle.recv(100) == b""
        assert stopping.is_alive()
        go_on.set()
        assert b'{"done": true}' in busy.makefile("rb").read()
        stopping.join(30)
        assert stopped == [True]
        idle.close()
        busy.close()
