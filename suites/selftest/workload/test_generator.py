"""The generator's own arithmetic, without a network."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from harness.samples import CANARY, FINAL, OK, SHED
from harness.workload import Request, Retry
from harness.workload.exchange import Exchange
from harness.workload.generator import Generator
from suites.selftest.workload.made import spec

N, SENT, LATENCY, OUTCOME, SERVER, ATTEMPT, FLAGS = 2, 3, 4, 5, 6, 8, 9


class Instant:
    """Answers at once, as it is told to; None keeps the exchange under way."""

    def __init__(self, *outcomes: int | None) -> None:
        self.outcomes, self.seen = list(outcomes), list[Exchange]()

    def send(self, exchange: Exchange) -> None:
        self.seen.append(exchange)
        outcome = self.outcomes.pop(0) if self.outcomes else 202
        if outcome is not None:
            exchange.end(outcome, b"backend-7", b'{"job": "j1"}')

    def close(self) -> None:
        """Nothing to let go of."""


Act = Callable[[Generator], Coroutine[Any, Any, None]]


def run(act: Act, *outcomes: int | None, ago: float = 0.0, **changes: Any) -> Generator:
    """A generator whose first request was due some time ago, and what is done with it."""

    async def main() -> Generator:
        generator = Generator(spec(**{"rate": 10.0, "ids": (7, 7), "key": "k", **changes}))
        generator._senders = {"http": Instant(*outcomes)}
        generator._began = time.monotonic() - ago
        await act(generator)
        generator._timer.close()
        return generator

    return asyncio.run(main())


def sends(count: int) -> Act:
    async def act(generator: Generator) -> None:
        for n in range(count):
            generator._send(n)

    return act


def test_latency_counts_from_when_a_request_was_due_and_not_from_when_it_was_sent() -> None:
    generator = run(sends(1), ago=1.0)
    (record,) = generator.records
    assert (record[N], record[OUTCOME], record[FLAGS]) == (0, 202, OK | FINAL)
    assert generator.names == {record[SERVER]: ("backend-7", "", None)}
    assert record[LATENCY] >= record[SENT] >= 1.0


def test_what_is_due_beyond_the_cap_is_shed_at_once() -> None:
    generator = run(sends(5), None, None, in_flight=2)
    assert [(record[N], record[OUTCOME], record[FLAGS]) for record in generator.records] == [
        (2, SHED, FINAL), (3, SHED, FINAL), (4, SHED, FINAL),
    ]  # fmt: skip


def test_a_stop_sends_what_was_due_before_it_and_no_more() -> None:
    async def act(generator: Generator) -> None:
        generator.due = 4
        generator.stop(6)
        assert generator.count == 6
        generator.stop(2)
        assert generator.count == 4

    run(act)


def test_far_behind_it_sends_a_few_at_a_time_and_lets_answers_in_between() -> None:
    async def act(generator: Generator) -> None:
        generator._send_due()
        assert generator.due == 32

    run(act, ago=100.0)


# -- retries -----------------------------------------------------------------------------------------------------------


async def retried(generator: Generator) -> None:
    generator._send(0)
    while generator.under_way:
        await asyncio.sleep(0.001)


def test_every_attempt_is_a_sample_and_only_the_last_is_final() -> None:
    generator = run(retried, 503, 1, 202, retry=Retry(3, backoff=0.001))
    found = [(record[ATTEMPT], record[OUTCOME], record[FLAGS]) for record in generator.records]
    assert found == [(1, 503, 0), (2, 1, 0), (3, 202, OK | FINAL)]
    assert [record[N] for record in generator.records] == [0, 0, 0]


def test_attempts_end_when_there_were_enough() -> None:
    generator = run(retried, 503, 503, 503, 202, retry=Retry(2, backoff=0.001))
    assert [(record[ATTEMPT], record[FLAGS]) for record in generator.records] == [(1, 0), (2, FINAL)]


def test_an_answer_that_is_not_to_be_tried_again_is_not() -> None:
    generator = run(retried, 404, 202, retry=Retry(3, backoff=0.001))
    assert [record[OUTCOME] for record in generator.records] == [404]


def test_an_attempt_waits_twice_as_long_as_the_one_before() -> None:
    generator = run(retried, 503, 503, 202, retry=Retry(3, backoff=0.05, jitter=0.0))
    first, second, third = (record[SENT] for record in generator.records)
    assert second - first >= 0.05
    assert third - second >= 0.1


# -- mixes, canaries, promises -----------------------------------------------------------------------------------------


def test_a_mix_is_drawn_by_its_weights_and_its_seed() -> None:
    mix = (Request("often", 9.0, expected=(202,)), Request("rarely", 1.0, expected=(202,)))
    drawn = [[record[7] for record in run(sends(500), requests=mix, rate=100.0, seed=s).records] for s in (1, 1, 2)]
    assert drawn[0] == drawn[1] != drawn[2]
    assert 20 <= sum(drawn[0]) <= 90


def test_a_canary_is_marked_once_in_its_time() -> None:
    generator = run(sends(30), canary=1.0)
    assert [record[N] for record in generator.records if record[FLAGS] & CANARY] == [0, 10, 20]


@pytest.mark.parametrize(("identity", "what"), [("{key}", "k-0"), ("job-{id}-{n}", "job-7-0"), ("json:job", "j1")])
def test_what_a_good_answer_promises_is_remembered(identity: str, what: str) -> None:
    assert run(sends(1), acknowledged=identity).promised == [(0, what)]


def test_an_answer_that_is_no_good_promises_nothing() -> None:
    assert run(sends(1), 503, acknowledged="{key}").promised == []


def test_an_answer_without_what_it_should_promise_is_no_good() -> None:
    generator = run(sends(1), acknowledged="json:nothing")
    assert generator.promised == []
    assert (generator.records[0][OUTCOME], generator.records[0][FLAGS]) == (9, FINAL)


@pytest.mark.parametrize(("wanted", "good"), [({"job": "j1"}, True), ({"job": "j2"}, False), ({"x.0": 1}, False)])
def test_an_answer_whose_content_is_wrong_is_no_good(wanted: dict[str, Any], good: bool) -> None:
    assert bool(run(sends(1), json=wanted).records[0][FLAGS] & OK) is good
