"""The generator, a process of its own: `python -m harness.workload.generator`.

The first line on stdin is the spec. On stdout it says when it began, then every tenth of a second what was answered:
`{"began": MONOTONIC, "wall": UNIX}`, `{"due": N, "samples": [[n, lateness, latency, code, served_by], ...]}`, at last
`{"end": REASON}`. Times in seconds. The line `stop N` on stdin ends it when the requests below N are
answered; the end of stdin, which is the end of its parent, ends it at once.

The loop is open: request n is due at `began + n / rate`, whatever happened to those before it, and its latency counts
from then. A system that stalls for a second shows a second, and a generator that is late shows its own lateness.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import os
import random
import sys
import time
from typing import Any

from harness.samples import SHED
from harness.workload.client import Client
from harness.workload.spec import Spec

BEAT = 0.1  # seconds between two reports


class Generator:
    """Sends the requests of a spec on schedule, and reports what became of them."""

    def __init__(self, spec: Spec) -> None:
        self.spec = spec
        self.client = Client(spec)
        self.due = 0
        self.samples: list[list[Any]] = []
        self.under_way: set[asyncio.Task[None]] = set()
        self.count = int(spec.limit * spec.rate)
        self.stopping = asyncio.Event()
        self._random = random.Random(spec.seed)  # noqa: S311
        self._began = 0.0

    async def run(self) -> None:
        """Until the limit, or until it is stopped."""
        self._began = time.monotonic()
        _say({"began": self._began, "wall": time.time()})
        beat = asyncio.create_task(self._beat())
        await self._send_all()
        reason = "stopped" if self.stopping.is_set() else "limit"
        if self.under_way:
            await asyncio.wait(self.under_way, timeout=self.spec.timeout + 1.0)
        beat.cancel()
        self._report()
        _say({"end": reason})

    async def _send_all(self) -> None:
        while self.due < self.count:
            wait = self._began + self.due / self.spec.rate - time.monotonic()
            if wait > 0:
                await self._pause(wait)
                continue
            self._send(self.due)
            self.due += 1
            if wait < -BEAT and self.due % 32 == 0:
                await asyncio.sleep(0)  # far behind: let the answers in between

    async def _pause(self, seconds: float) -> None:
        """Until the next request is due; told to stop, at least until the loop knows how many are left."""
        if self.stopping.is_set():
            await asyncio.sleep(seconds)
            return
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.stopping.wait(), seconds)

    def stop(self, count: int) -> None:
        """Send no more than the requests below `count`."""
        self.count = min(self.count, max(count, self.due))
        self.stopping.set()

    def _send(self, n: int) -> None:
        number = self._random.randint(*self.spec.ids)
        sent = time.monotonic() - self._began - n / self.spec.rate
        if len(self.under_way) >= self.spec.in_flight:
            self.samples.append([n, sent, sent, SHED, ""])
            return
        task = asyncio.create_task(self._one(n, number, sent))
        self.under_way.add(task)
        task.add_done_callback(self.under_way.discard)

    async def _one(self, n: int, number: int, sent: float) -> None:
        code, server = await self.client.send(number)
        latency = time.monotonic() - self._began - n / self.spec.rate
        self.samples.append([n, round(sent, 6), round(latency, 6), code, server])

    async def _beat(self) -> None:
        while True:
            self._report()
            await asyncio.sleep(BEAT)

    def _report(self) -> None:
        samples, self.samples = self.samples, []
        _say({"due": self.due, "samples": samples})


def _say(line: dict[str, Any]) -> None:
    data = json.dumps(line, separators=(",", ":")).encode() + b"\n"
    while data:
        data = data[os.write(1, data) :]


async def _listen(generator: Generator) -> None:
    """End at once with the parent, and in good order when told to."""
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin.buffer)
    while line := await reader.readline():
        if line.startswith(b"stop "):
            generator.stop(int(line[5:]))
    os._exit(0)


async def _main(spec: Spec) -> None:
    generator = Generator(spec)
    listening = asyncio.create_task(_listen(generator))
    gc.collect()
    gc.freeze()
    await generator.run()
    listening.cancel()


def main() -> None:
    """Read the spec, and go."""
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, 0, -10)  # where it is allowed: a busy machine must not make the load late
    raw = b""
    while not raw.endswith(b"\n"):  # byte by byte, so that nothing behind it is buffered away
        byte = os.read(0, 1)
        if not byte:
            return
        raw += byte
    with contextlib.suppress(BrokenPipeError, KeyboardInterrupt):
        asyncio.run(_main(Spec.from_json(raw.decode())))


if __name__ == "__main__":
    main()
