"""A connection that the engine handed over: bytes both ways, and the frames that carry stdout and stderr in it.

The SDK's own reader blocks without a deadline, and loses what arrived together with the HTTP answer. This one has
deadlines on every call, for each transport of the SDK: unix, tcp, tcp with TLS, ssh by paramiko and by the ssh program.
"""

from __future__ import annotations

import contextlib
import os
import select
import socket
import ssl
import subprocess
import time
from typing import Any, Protocol

from harness.engine.gone import Api
from harness.errors import EngineError

OUT, ERR = 1, 2
HEADER = 8
GOODBYE_TIMEOUT = 5.0  # seconds that the other side may take to take it
CHUNK = 256 * 1024
NOT_YET = (TimeoutError, BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


class Frames:
    """Cuts a multiplexed stream into frames: one byte stream number, three zeros, four bytes length, then the data."""

    def __init__(self) -> None:
        self._rest = bytearray()

    def feed(self, data: bytes) -> list[tuple[int, bytes]]:
        """The frames that `data` completes, as (stream, payload), in order. EngineError when it is no such stream."""
        self._rest += data
        frames, start, end = [], 0, len(self._rest)
        while end - start >= HEADER:
            stream = self._rest[start]
            if stream not in (OUT, ERR) or self._rest[start + 1 : start + 4] != b"\0\0\0":
                raise EngineError(
                    "the engine sent something that is not a stream of frames",
                    got=repr(bytes(self._rest[start : start + 64])),
                    expected="a header of 8 bytes for stream 1 or 2",
                    hint="a proxy between here and the engine may not support connection upgrades",
                )
            length = int.from_bytes(self._rest[start + 4 : start + HEADER], "big")
            if end - start - HEADER < length:
                break
            frames.append((stream, bytes(self._rest[start + HEADER : start + HEADER + length])))
            start += HEADER + length
        del self._rest[:start]
        return frames

    @property
    def partial(self) -> int:
        """Bytes held back because their frame is not complete."""
        return len(self._rest)


class Wire(Protocol):
    """What a transport must do. A call that cannot be done within `seconds` raises one of NOT_YET."""

    def receive(self, seconds: float) -> bytes: ...
    def send(self, data: memoryview, seconds: float) -> int: ...
    def end_of_input(self) -> None: ...
    def close(self) -> None: ...


class SocketWire:
    """A socket, a TLS socket or a paramiko channel: all three have timeouts of their own."""

    def __init__(self, sock: Any) -> None:
        self._sock = sock

    def receive(self, seconds: float) -> bytes:
        self._sock.settimeout(max(seconds, 0.0))
        return bytes(self._sock.recv(CHUNK))

    def send(self, data: memoryview, seconds: float) -> int:
        self._sock.settimeout(max(seconds, 0.0))
        return int(self._sock.send(data))

    def end_of_input(self) -> None:
        if isinstance(self._sock, ssl.SSLSocket):
            _say_goodbye(self._sock)
        elif hasattr(self._sock, "shutdown_write"):
            self._sock.shutdown_write()
        else:
            self._sock.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._sock.close()


def _say_goodbye(sock: ssl.SSLSocket) -> None:
    """End our direction of a TLS connection by TLS's own goodbye; shutdown() would end both.

    OpenSSL looks for the other side's goodbye at once, and gives the connection up where output comes instead, which is
    just what comes after the end of input. So it says its own to a socket where nothing comes, and we pass that on.
    """
    ours, theirs = socket.socketpair()
    with ours, theirs, socket.socket(fileno=os.dup(sock.fileno())) as wire:
        sock.settimeout(0.0)
        ours.setblocking(False)
        os.dup2(ours.fileno(), sock.fileno())
        try:
            with contextlib.suppress(*NOT_YET, ssl.SSLError):
                sock._sslobj.shutdown()  # type: ignore[attr-defined]
        finally:
            os.dup2(wire.fileno(), sock.fileno())
        ours.shutdown(socket.SHUT_WR)
        wire.settimeout(GOODBYE_TIMEOUT)
        while said := theirs.recv(CHUNK):
            wire.sendall(said)


class PipeWire:
    """The pipes of an ssh program: descriptors without timeouts, so they are polled."""

    def __init__(self, program: Any) -> None:
        self._program = program
        self._read, self._write = program.stdout.fileno(), program.stdin.fileno()
        os.set_blocking(self._read, False)
        os.set_blocking(self._write, False)

    @staticmethod
    def _wait(descriptor: int, event: int, seconds: float) -> None:
        poll = select.poll()
        poll.register(descriptor, event)
        if not poll.poll(max(seconds, 0.0) * 1000):
            raise TimeoutError

    def receive(self, seconds: float) -> bytes:
        self._wait(self._read, select.POLLIN, seconds)
        return os.read(self._read, CHUNK)

    def send(self, data: memoryview, seconds: float) -> int:
        self._wait(self._write, select.POLLOUT, seconds)
        return os.write(self._write, data)

    def end_of_input(self) -> None:
        self._program.stdin.close()

    def close(self) -> None:
        for stream in (self._program.stdin, self._program.stdout):
            with contextlib.suppress(OSError):
                stream.close()
        self._program.terminate()
        try:
            self._program.wait(0.5)
        except subprocess.TimeoutExpired:  # it waits for an answer of the other side that is not read any more
            self._program.kill()
            self._program.wait()


class ExecStream:
    """The two-way stream of one exec, with a deadline on each call."""

    def __init__(self, api: Api, exec_id: str) -> None:
        given: Any = api.exec_start(exec_id, socket=True)
        self._response = given._response
        reader = self._response.raw._fp.fp
        program = getattr(given, "proc", None)
        sock = getattr(given, "_sock", given) if not isinstance(given, ssl.SSLSocket) else given
        self._wire: Wire = PipeWire(program) if program is not None else SocketWire(sock)
        self._early = self._buffered(reader, sock)
        self._ended = False

    @staticmethod
    def _buffered(reader: Any, sock: Any) -> bytes:
        """What came with the HTTP answer and waits in its reader, where it would be missed."""
        if hasattr(reader, "_rbuffer"):  # paramiko's file
            return bytes(reader._rbuffer)
        with contextlib.suppress(AttributeError, OSError):
            sock.settimeout(0.0)
        try:
            return bytes(reader.peek())
        except NOT_YET:
            return b""

    def read(self, timeout: float) -> bytes:
        """The next bytes, b"" at the end. TimeoutError when none came within `timeout` seconds (0 only looks)."""
        if self._early:
            data, self._early = self._early, b""
            return data
        if self._ended:
            return b""
        try:
            data = self._wire.receive(timeout)
        except NOT_YET as late:
            raise TimeoutError from late
        except OSError:
            data = b""  # reset by the engine: it ends here, and the container's state says why
        self._ended = not data
        return data

    def write(self, data: bytes, timeout: float) -> None:
        """Send all of `data`. TimeoutError when the other side does not take it; OSError when it is gone."""
        deadline, view = time.monotonic() + timeout, memoryview(data)
        while view:
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError
            try:
                view = view[self._wire.send(view, left) :]
            except NOT_YET as late:
                raise TimeoutError from late

    def end_of_input(self) -> None:
        """Tell the other side that no more input comes; its output still does."""
        with contextlib.suppress(OSError):
            self._wire.end_of_input()

    def close(self) -> None:
        """Give back the socket."""
        self._wire.close()
        with contextlib.suppress(OSError, ValueError):
            self._response.close()
