"""Frames and the connection that carries them, over every transport that can be had without an engine."""

from __future__ import annotations

import itertools
import os
import socket
import ssl
import struct
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.engine.gone import Api
from harness.engine.hijack import ERR, OUT, ExecStream, Frames, PipeWire, SocketWire
from harness.errors import EngineError

FRAMES = st.lists(st.tuples(st.sampled_from([OUT, ERR]), st.binary(max_size=200)), max_size=20)


def wire(frames: list[tuple[int, bytes]]) -> bytes:
    return b"".join(struct.pack(">BxxxL", stream, len(data)) + data for stream, data in frames)


@given(FRAMES, st.lists(st.integers(0, 5000), max_size=40))
def test_any_split_of_the_stream_into_chunks_gives_the_same_frames(
    frames: list[tuple[int, bytes]], cuts: list[int]
) -> None:
    data = wire(frames)
    edges = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    reader = Frames()
    read = [frame for a, b in itertools.pairwise(edges) for frame in reader.feed(data[a:b])]
    assert read == frames
    assert reader.partial == 0


def test_a_frame_that_is_not_complete_is_held_back() -> None:
    reader = Frames()
    assert reader.feed(wire([(OUT, b"hello")])[:-1]) == []
    assert reader.partial == 12
    assert reader.feed(b"o") == [(OUT, b"hello")]


@pytest.mark.parametrize("data", [b"HTTP/1.1 502 Bad Gateway", b"\x07\0\0\0\0\0\0\1x", b"\1x\0\0\0\0\0\1x"])
def test_what_is_no_stream_of_frames_is_refused_with_what_came(data: bytes) -> None:
    with pytest.raises(EngineError, match="not a stream of frames") as caught:
        Frames().feed(data)
    assert repr(data[:8])[2:-1] in str(caught.value)


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


def test_a_read_ends_at_its_deadline(pair: tuple[socket.socket, socket.socket]) -> None:
    began = time.monotonic()
    with pytest.raises(TimeoutError):
        SocketWire(pair[0]).receive(0.1)
    assert 0.1 <= time.monotonic() - began < 5


def test_a_write_that_nobody_takes_ends_at_its_deadline(pair: tuple[socket.socket, socket.socket]) -> None:
    ours, full = SocketWire(pair[0]), memoryview(b"x" * 10_000_000)
    sent = ours.send(full, 1)
    assert sent < len(full)
    with pytest.raises((TimeoutError, BlockingIOError)):
        ours.send(full[sent:], 0.05)


def test_the_end_of_input_leaves_the_other_direction_open(pair: tuple[socket.socket, socket.socket]) -> None:
    ours = SocketWire(pair[0])
    ours.end_of_input()
    assert pair[1].recv(10) == b""
    pair[1].sendall(b"still")
    assert ours.receive(5) == b"still"


def test_the_pipes_of_a_program_are_a_wire_too() -> None:
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as program:
        ours = PipeWire(program)
        with pytest.raises(TimeoutError):
            ours.receive(0.05)
        assert ours.send(memoryview(b"hello"), 5) == 5
        assert ours.receive(5) == b"hello"
        ours.end_of_input()
        assert ours.receive(5) == b""
        ours.close()
    assert program.returncode is not None


class OneAnswer:
    """An engine on a unix socket that answers one exec with the given bytes, in one piece, and waits."""

    def __init__(self, path: Path, answer: bytes) -> None:
        self._listener, self._answer = socket.socket(socket.AF_UNIX), answer
        self._listener.bind(str(path))
        self._listener.listen()
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        client = self._listener.accept()[0]
        with client:
            client.settimeout(20)
            request = b""
            while not request.endswith(b"}"):
                request += client.recv(65536)
            client.sendall(b"HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n" + self._answer)
            while client.recv(65536):
                pass

    def close(self) -> None:
        self._thread.join()
        self._listener.close()


@pytest.mark.parametrize("data", [b"", b"x", b"y" * 5000])
def test_what_arrives_together_with_the_http_answer_is_not_lost(tmp_path: Path, data: bytes) -> None:
    engine = OneAnswer(tmp_path / "engine.sock", data)
    api = Api(base_url=f"unix://{tmp_path}/engine.sock", version="1.41", timeout=20)
    connection = ExecStream(api, "an-exec")
    if data:
        assert connection.read(0.0) == data
    with pytest.raises(TimeoutError):
        connection.read(0.05)
    connection.close()
    api.close()
    engine.close()


def test_the_end_of_input_over_tls_leaves_output_that_waits_to_be_read(tmp_path: Path) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "cert.pem"
    command = "openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=localhost"
    subprocess.run([*command.split(), "-keyout", key, "-out", certificate], check=True, capture_output=True)
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(certificate, key)
    asking = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    asking.load_verify_locations(certificate)
    asking.check_hostname = False
    near, far = socket.socketpair()
    heard: list[bytes] = []

    def serve() -> None:
        with serving.wrap_socket(far, server_side=True) as peer:
            peer.sendall(b"x" * 20_000)
            heard.append(peer.recv(10))  # nothing, which is the end
            peer.sendall(b", and more")

    served = threading.Thread(target=serve)
    served.start()
    with asking.wrap_socket(near) as client:
        wire = SocketWire(client)
        with socket.socket(fileno=os.dup(client.fileno())) as raw:
            deadline = time.monotonic() + 20
            while len(raw.recv(65536, socket.MSG_PEEK)) < 20_000:  # the output is there, and not read yet
                assert time.monotonic() < deadline
        wire.end_of_input()
        served.join(20)
        assert heard == [b""]
        got = b""
        while data := wire.receive(5):
            got += data
        assert got == b"x" * 20_000 + b", and more"
