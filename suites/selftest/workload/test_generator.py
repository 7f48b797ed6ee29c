import asyncio
import time

from harness.samples import SHED
from harness.workload.client import Client
from harness.workload.generator import Generator
from harness.workload.spec import Spec


class Instant(Client):
    """Answers at once, without a network."""

    async def send(self, number: int) -> tuple[int, str]:
        return 200, f"backend-{number}"


def late(seconds: float, *, in_flight: int = 8) -> Generator:
    """A generator whose first request was due some time ago."""
    generator = Generator(Spec("127.0.0.1", 80, 10.0, ids=(7, 7), in_flight=in_flight))
    generator.client = Instant(generator.spec)
    generator._began = time.monotonic() - seconds
    return generator


async def sent(generator: Generator, count: int) -> None:
    for n in range(count):
        generator._send(n)
    await asyncio.gather(*generator.under_way)


def test_latency_counts_from_when_a_request_was_due_and_not_from_when_it_was_sent() -> None:
    generator = late(1.0)
    asyncio.run(sent(generator, 1))
    ((n, lateness, latency, code, server),) = generator.samples
    assert (n, code, server) == (0, 200, "backend-7")
    assert latency >= lateness >= 1.0


def test_what_is_due_beyond_the_cap_is_shed_at_once() -> None:
    generator = late(0.0, in_flight=2)
    asyncio.run(sent(generator, 5))
    assert sorted((row[0], row[3]) for row in generator.samples) == [
        (0, 200),
        (1, 200),
        (2, SHED),
        (3, SHED),
        (4, SHED),
    ]


def test_a_stop_sends_what_was_due_before_it_and_no_more() -> None:
    generator = late(0.0)
    generator.due = 4
    generator.stop(6)
    assert generator.count == 6
    generator.stop(2)
    assert generator.count == 4
