"""What the proxy costs, side by side with a direct connection in one run. About a minute.

    python -m suites.bench.bench_proxy [--seconds 1.0] [--against host:port]

`--against` measures another Toxiproxy server that runs already on this machine instead of ours.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import subprocess
import sys
import time
import urllib.request
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any

COUNTS = (1, 20, 200)
POUR, ECHO = b"P", b"E"
BLOCK = bytes(256 * 1024)
PING = bytes(64)
LATENCY = 10  # ms, of the toxic in the side by side


class Peer(asyncio.Protocol):
    """The service: the first byte says whether it pours bytes until the end or sends back what comes."""

    def __init__(self) -> None:
        self.transport: Any = None
        self.mode = b""
        self.paused = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        if not self.mode:
            self.mode, data = data[:1], data[1:]
        if self.mode == ECHO:
            self.transport.write(data)
        else:
            self.pour()

    def pour(self) -> None:
        while not self.paused and not self.transport.is_closing():
            self.transport.write(BLOCK)

    def pause_writing(self) -> None:
        self.paused = True

    def resume_writing(self) -> None:
        self.paused = False
        self.pour()


class Drain(asyncio.BufferedProtocol):
    """A client that counts what is poured."""

    def __init__(self) -> None:
        self.buffer = bytearray(256 * 1024)
        self.received = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport.write(POUR)  # type: ignore[attr-defined]

    def get_buffer(self, sizehint: int) -> bytearray:  # noqa: ARG002 - the event loop names it
        return self.buffer

    def buffer_updated(self, nbytes: int) -> None:
        self.received += nbytes


class Pinger(asyncio.Protocol):
    """A client that asks, waits for the answer and asks again."""

    def __init__(self, times: list[float], once: bool) -> None:
        self.times, self.once = times, once
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.transport: Any = None
        self.left, self.start = 0, 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.ask(ECHO)

    def ask(self, prefix: bytes = b"") -> None:
        self.left, self.start = len(PING), time.perf_counter()
        self.transport.write(prefix + PING)

    def data_received(self, data: bytes) -> None:
        self.left -= len(data)
        if self.left > 0:
            return
        self.times.append(time.perf_counter() - self.start)
        if not self.once:
            self.ask()
        elif not self.done.done():
            self.done.set_result(None)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - the event loop names it
        if not self.done.done():
            self.done.set_result(None)


async def bulk(port: int, connections: int, seconds: float) -> float:
    """Gbit/s over so many connections."""
    loop = asyncio.get_running_loop()
    made = [await loop.create_connection(Drain, "127.0.0.1", port) for _ in range(connections)]
    await asyncio.sleep(0.2)
    before, start = sum(drain.received for _, drain in made), time.perf_counter()
    await asyncio.sleep(seconds)
    received = sum(drain.received for _, drain in made) - before
    took = time.perf_counter() - start
    for transport, _ in made:
        transport.abort()
    await asyncio.sleep(0.1)
    return received * 8 / took / 1e9


async def requests(port: int, connections: int, seconds: float) -> tuple[float, float, float]:
    """(p50 ms, p99 ms, answers a second)."""
    loop = asyncio.get_running_loop()
    times: list[float] = []
    made = [
        await loop.create_connection(lambda: Pinger(times, once=False), "127.0.0.1", port) for _ in range(connections)
    ]
    await asyncio.sleep(0.2)
    times.clear()
    await asyncio.sleep(seconds)
    measured = sorted(times)
    for transport, _ in made:
        transport.abort()
    await asyncio.sleep(0.1)
    if not measured:
        return float("nan"), float("nan"), 0.0
    middle, high = measured[len(measured) // 2], measured[int(len(measured) * 0.99)]
    return middle * 1e3, high * 1e3, len(measured) / seconds


async def connects(port: int, workers: int, seconds: float) -> float:
    """Connections a second: connect, one answer, close, by so many at a time."""
    loop = asyncio.get_running_loop()
    times: list[float] = []
    deadline = time.perf_counter() + seconds

    async def work() -> None:
        while time.perf_counter() < deadline:
            transport, pinger = await loop.create_connection(lambda: Pinger(times, once=True), "127.0.0.1", port)
            await pinger.done
            transport.abort()  # a reset: thousands of ports that linger would end the next run

    await asyncio.gather(*(work() for _ in range(workers)))
    return len(times) / seconds


@dataclass(frozen=True)
class Api:
    address: str

    def __call__(self, method: str, path: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"http://{self.address}{path}", data, method=method)
        with urllib.request.urlopen(request, timeout=10) as answer:
            text = answer.read()
        return json.loads(text) if text else None

    def proxy(self, upstream: int, *toxics: dict[str, Any]) -> tuple[str, int]:
        name = f"bench-{time.time_ns()}"
        made = self("POST", "/proxies", {"name": name, "listen": "127.0.0.1:0", "upstream": f"127.0.0.1:{upstream}"})
        for toxic in toxics:
            self("POST", f"/proxies/{name}/toxics", toxic)
        return name, int(made["listen"].rpartition(":")[2])


def latency(milliseconds: int) -> dict[str, Any]:
    return {"type": "latency", "attributes": {"latency": milliseconds}}


def run(main: Coroutine[Any, Any, Any]) -> Any:
    try:
        from uvloop import new_event_loop
    except ImportError:
        return asyncio.run(main)
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        return runner.run(main)


async def serve() -> None:
    server = await asyncio.get_running_loop().create_server(Peer, "127.0.0.1", 0, backlog=1024)
    sys.stdout.write(f"listening address=127.0.0.1:{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


def start(*command: str) -> tuple[subprocess.Popen[str], int]:
    process = subprocess.Popen(
        [sys.executable, *command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )  # fmt: skip
    assert process.stdout is not None
    for line in process.stdout:
        if found := re.search(r"listening address=\S+:(\d+)", line):
            return process, int(found[1])
    raise RuntimeError(f"{command} did not start")


async def side_by_side(ports: dict[str, int], seconds: float) -> None:
    """Each figure, and what it is of the direct connection's, measured a moment before."""
    head = f"{'connections':>11}  {'path':<14}{'Gbit/s':>14}{'p50 ms':>16}{'p99 ms':>16}"
    print(f"{head}{'answers/s':>15}{'connects/s':>14}")
    for count in COUNTS:
        direct: list[float] = []
        for path, port in ports.items():
            gbits = await bulk(port, count, seconds)
            p50, p99, rate = await requests(port, count, seconds)
            connected = await connects(port, count, seconds)
            figures = [gbits, p50, p99, rate, connected]
            direct = direct or figures
            cells = [f"{gbits:>8.2f}{gbits / direct[0]:>6.2f}", f"{p50:>8.3f}{p50 - direct[1]:>+8.3f}"]
            cells += [f"{p99:>8.3f}{p99 - direct[2]:>+8.3f}", f"{rate:>9.0f}{rate / direct[3]:>6.2f}"]
            cells += [f"{connected:>8.0f}{connected / direct[4]:>6.2f}"]
            print(f"{count:>11}  {path:<14}{''.join(cells)}")


def startup() -> float:
    """Seconds from the start of the server to its first answer."""
    began = time.perf_counter()
    server, port = start("-m", "harness.proxy", "-host", "127.0.0.1", "-port", "0")
    Api(f"127.0.0.1:{port}")("GET", "/version")
    took = time.perf_counter() - began
    server.terminate()
    server.wait()
    return took


async def accuracy(api: Api, upstream: int, seconds: float) -> None:
    """How late an answer really is, and how many bytes a bandwidth really lets pass."""
    direct = (await requests(upstream, 1, seconds / 2))[0]
    for milliseconds in (1, 10, 100):
        name, port = api.proxy(upstream, latency(milliseconds))
        p50 = (await requests(port, 1, max(seconds, milliseconds / 50)))[0]
        api("DELETE", f"/proxies/{name}")
        print(f"latency {milliseconds:>3} ms: p50 {p50:.3f} ms ({p50 - milliseconds:+.3f}; direct {direct:.3f})")
    for rate in (1_000, 100_000):
        name, port = api.proxy(upstream, {"type": "bandwidth", "attributes": {"rate": rate}})
        gbits = await bulk(port, 1, seconds)
        api("DELETE", f"/proxies/{name}")
        print(f"bandwidth {rate / 1000:.0f} MB/s: {gbits / 8 * 1e3:.2f} MB/s ({gbits / 8 * 1e6 / rate:.1%})")


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seconds", type=float, default=1.0, help="how long each figure is measured")
    parser.add_argument("--against", help="host:port of a Toxiproxy server that runs already")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.serve:
        run(serve())
        return
    peer, upstream = start("-m", "suites.bench.bench_proxy", "--serve")
    started = [peer]
    address = options.against
    if not address:
        server, port = start("-m", "harness.proxy", "-host", "127.0.0.1", "-port", "0")
        started.append(server)
        address = f"127.0.0.1:{port}"
    try:
        api = Api(address)
        plain, slow = api.proxy(upstream)[1], api.proxy(upstream, latency(LATENCY))[1]
        ports = {"direct": upstream, "proxy": plain, f"latency {LATENCY} ms": slow}
        run(side_by_side(ports, options.seconds))
        run(accuracy(api, upstream, options.seconds))
        if not options.against:
            print(f"start: {startup():.2f} s")
    finally:
        for process in started:
            process.terminate()
            process.wait()


if __name__ == "__main__":
    main()
