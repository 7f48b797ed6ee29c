"""CPU and lateness of the workload's generator, and what a freeze of the server looks like to it.

The server runs in a process of its own on the other core, so that the generator's figures are its own.
"""

from __future__ import annotations

import multiprocessing
import resource
import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.connection import Connection

from harness.history import History
from harness.workload import Request, Schedule, Spec, Window, Workload

SECONDS = 10.0
DOCUMENTED = {300.0: "6 %", 1000.0: "10 %"}  # asyncio's protocols with a timerfd, on another machine: rows compare
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def serve(pipe: Connection, freeze: float) -> None:
    """Answers every request; freezes for so many seconds every ten."""
    import asyncio

    began = time.monotonic()

    class Server(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            self.transport = transport

        def data_received(self, data: bytes) -> None:
            into = (time.monotonic() - began) % 10.0
            if freeze and 4.0 <= into < 4.0 + freeze:
                time.sleep(4.0 + freeze - into)
            self.transport.write(ANSWER * data.count(b"\r\n\r\n"))  # type: ignore[attr-defined]

    async def main() -> None:
        with socket.socket() as listening:
            listening.bind(("127.0.0.1", 0))
            server = await asyncio.get_running_loop().create_server(Server, sock=listening)
            pipe.send(listening.getsockname()[1])
            async with server:
                await server.serve_forever()

    asyncio.run(main())


@contextmanager
def serving(freeze: float = 0.0) -> Iterator[int]:
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.Process(target=serve, args=(theirs, freeze), daemon=True)
    process.start()
    try:
        yield int(ours.recv())
    finally:
        process.kill()
        process.join()


def measured(port: int, rate: float, seconds: float) -> tuple[Window, float]:
    """A window, and the CPU seconds that the generator's process took for all that it sent, a second."""
    spec = Spec("127.0.0.1", port, Schedule(rate=rate), (Request(expected=(200,)),), limit=600.0)
    before = _children()
    began = time.monotonic()
    with Workload(spec, History()) as workload:
        window = workload.baseline(seconds)
    return window, (_children() - before - START) / (time.monotonic() - began)


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


START = 0.0  # CPU seconds that the start of a generator takes, measured first


def main(_arguments: Sequence[str] = ()) -> None:
    """Print the figures."""
    global START
    with serving() as port:
        _, START = measured(port, 1.0, 0.1)
        print(f"start of a generator: {START:.2f} CPU seconds")
        print(f"{'rate':>6}  {'CPU':>6}  {'as documented':>13}  {'late p95':>9}  {'late p99':>9}  {'p50':>8}  failed")
        for rate in (300.0, 1000.0, 3000.0):
            window, cpu = measured(port, rate, SECONDS)
            late = sorted_lateness(window)
            known = DOCUMENTED.get(rate, "")
            p50 = 1e3 * (window.p50 or 0.0)
            print(f"{rate:>4.0f}/s  {100 * cpu:>4.1f} %  {known:>13}  {late}  {p50:>5.2f} ms  {window.failed}")
    with serving(freeze=1.0) as port:
        window, _ = measured(port, 300.0, 20.0)
        print(
            f"a freeze of 1 s every 10 s at 300/s: p99 {1e3 * (window.p99 or 0.0):.0f} ms (an open loop sees about 900)"
        )


def sorted_lateness(window: Window) -> str:
    """The generator's own lateness, at p95 and p99."""
    return "  ".join(f"{1e6 * (value or 0.0):>6.0f} us" for value in (window.lateness_p95, window.lateness_p99))


if __name__ == "__main__":
    main()
