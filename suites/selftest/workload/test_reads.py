"""What was acknowledged is asked for again, and compared with what follows from its key."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import Callable
from typing import Any

import pytest

from harness.events import WorkloadReads
from harness.history import History, of
from harness.workload import Read, Request, Schedule, Spec, Workload
from harness.workload.exchange import Exchange
from harness.workload.reads import AT_ONCE, GOOD, PASS, PATIENCE, UNANSWERED, UNDER_WAY, WRONG, Reads, compared
from harness.workload.spec import value_of
from suites.selftest.workload.made import spec
from suites.selftest.workload.server import Handler, serving

pytestmark = pytest.mark.programs

READ = Read(path="/kept/{key}", json={"key": "{key}", "id": "{id}", "value": "{value}"})


def answered(status: int, body: Any = None, read: Read = READ, what: str = "k-3") -> tuple[str, str, str]:
    """What is made of an answer to the read of request 3, which had the key k-3 and the id 7."""
    exchange = Exchange(3, Request(), 1, 7, "k-3", lambda _: None)
    exchange.value, exchange.whole = value_of(5, "k-3"), True
    exchange.outcome = status
    exchange.body = body if isinstance(body, bytes) else json.dumps(body).encode()
    return compared(read, exchange, what)


RIGHT = {"key": "k-3", "id": 7, "value": value_of(5, "k-3")}


def test_what_follows_from_the_key_is_found_as_a_number_or_a_text() -> None:
    assert answered(200, RIGHT) == (GOOD, "", "")
    assert answered(200, {**RIGHT, "id": "7"})[0] == GOOD


@pytest.mark.parametrize("field", ["key", "id", "value"])
@pytest.mark.parametrize("other", ["other", None, True, 8, []])
def test_anything_else_is_wrong_and_says_what_was_expected_and_what_came(field: str, other: Any) -> None:
    verdict, expected, got = answered(200, {**RIGHT, field: other})
    assert (verdict, expected) == (WRONG, f"{field}: {RIGHT[field]}")
    assert got == f"{field}: {other}"


def test_a_field_that_is_missing_or_a_body_that_is_no_json_is_wrong() -> None:
    assert answered(200, {"key": "k-3"}) == (WRONG, "id: 7", "id: nothing")
    assert answered(200, b"<html>")[0] == WRONG


def test_a_text_must_be_in_the_answer() -> None:
    read = Read(path="/kept/{key}", text="value={value};")
    assert answered(200, f"key=k-3 value={value_of(5, 'k-3')};".encode(), read)[0] == GOOD
    assert answered(200, b"value=none;", read) == (WRONG, f"value={value_of(5, 'k-3')};", "value=none;")


def test_what_an_answer_acknowledged_can_be_expected() -> None:
    read = Read(path="/jobs/{acknowledged}", json={"id": "{acknowledged}"})
    assert answered(200, {"id": "a b"}, read, "a b")[0] == GOOD
    assert answered(200, {"id": "a c"}, read, "a b")[0] == WRONG


@pytest.mark.parametrize("status", [404, 410, 400, 201, 301])
def test_an_answer_with_another_status_is_wrong(status: int) -> None:
    assert answered(status, RIGHT) == (WRONG, "what was written", f"status {status}")


@pytest.mark.parametrize("outcome", [1, 2, 3, 4, 500, 503, 429])
def test_a_server_that_fails_or_is_not_there_has_not_answered(outcome: int) -> None:
    assert answered(outcome)[0] == UNANSWERED


def test_the_value_differs_by_key_and_by_seed_and_is_the_same_again() -> None:
    assert value_of(1, "k-1") == value_of(1, "k-1")
    assert len({value_of(1, "k-1"), value_of(1, "k-2"), value_of(2, "k-1")}) == 3


# -- which are read, and when ------------------------------------------------------------------------------------------


class Asked:
    """Keeps the reads under way, which a test ends."""

    def __init__(self, **changes: Any) -> None:
        self.open: list[Exchange] = []
        self.seconds = 0.0
        given = {"read": READ, "key": "k", "reads": 0.5, "seed": 5, **changes}
        self.reads = Reads(spec(**given), self.open.append, lambda: self.seconds)

    def write(self, *numbers: int) -> None:
        for n in numbers:
            self.reads.written(Exchange(n, Request(), 0, 7, f"k-{n}", lambda _: None), None)

    def end(self, status: int = 200, **fields: Any) -> None:
        """Answer the oldest that is under way, rightly unless the fields say otherwise."""
        exchange = self.open.pop(0)
        right = {"key": exchange.key, "id": exchange.id, "value": exchange.value}
        exchange.end(status, b"backend-2", json.dumps({**right, **fields}).encode())


def run(act: Callable[[], Any]) -> None:
    async def main() -> None:
        found = act()
        if asyncio.iscoroutine(found):
            await found

    asyncio.run(main())


def test_the_declared_share_is_read_the_newest_and_older_ones_in_turn() -> None:
    async def act() -> None:
        asked = Asked()
        asked.write(*range(8))
        await asyncio.sleep(0.01)
        assert len(asked.open) == 4
        newest, older = {1, 5}, {one.n for one in asked.open}
        assert newest <= older

    run(act)


def test_a_read_has_the_key_the_id_and_the_value_of_the_request_that_wrote() -> None:
    async def act() -> None:
        asked = Asked(reads=1.0)
        asked.write(4)
        await asyncio.sleep(0.01)
        (exchange,) = asked.open
        assert (exchange.key, exchange.id, exchange.value) == ("k-4", 7, value_of(5, "k-4"))
        assert exchange.filled(exchange.request.path) == "/kept/k-4"
        asked.end()
        (found,) = asked.reads.taken()["found"]
        assert (found["verdict"], found["n"], found["attempts"], found["pass"]) == (GOOD, 4, 1, 0)

    run(act)


def test_something_else_is_wrong_at_once_where_the_work_is_done_when_it_is_acknowledged() -> None:
    async def act() -> None:
        asked = Asked(reads=1.0)
        asked.write(4)
        await asyncio.sleep(0.01)
        asked.end(404)
        (found,) = asked.reads.taken()["found"]
        assert (found["verdict"], found["got"], found["server"]) == (WRONG, "status 404", "backend-2")

    run(act)


def test_work_that_is_done_later_is_asked_for_again_until_its_time_is_over() -> None:
    async def act() -> None:
        asked = Asked(reads=1.0, read=Read(path="/kept/{key}", json={"key": "{key}"}, within=0.2))
        asked.write(4)
        await asyncio.sleep(0.25)
        asked.end(404)
        assert asked.reads.taken()["found"] == []
        await asyncio.sleep(0.15)
        asked.end(404)  # too late by the clock of the workload, which a test sets
        asked.seconds = 1.0
        await asyncio.sleep(0.3)
        asked.end(404)
        (found,) = asked.reads.taken()["found"]
        assert (found["verdict"], found["attempts"]) == (WRONG, 3)

    run(act)


def test_what_is_not_answered_is_asked_again_for_a_second() -> None:
    async def act() -> None:
        asked = Asked(reads=1.0)
        asked.write(4)
        await asyncio.sleep(0.01)
        asked.end(503)
        await asyncio.sleep(0.15)
        asked.end()
        found = asked.reads.taken()["found"]
        assert [(one["verdict"], one["attempts"]) for one in found] == [(GOOD, 2)]
        asked.seconds = 2 * PATIENCE
        asked.write(5)
        asked.end(500)
        assert asked.reads.taken()["found"] == []
        await asyncio.sleep(0.15)
        asked.seconds = 4 * PATIENCE
        asked.end(500)
        assert [one["verdict"] for one in asked.reads.taken()["found"]] == [UNANSWERED]

    run(act)


def test_more_reads_than_can_be_under_way_are_skipped_and_counted() -> None:
    async def act() -> None:
        asked = Asked(reads=1.0)
        asked.write(*range(UNDER_WAY + 3))
        assert asked.reads.taken()["skipped"] == 3

    run(act)


def test_a_pass_asks_for_everything_once_and_the_next_for_what_was_bad() -> None:
    def act() -> None:
        asked = Asked(reads=0.0)
        asked.write(*range(20))
        asked.reads.everything(1, 100)
        while asked.open:
            asked.end(500 if asked.open[0].n == 13 else 200)
        said = asked.reads.taken()
        assert sorted(one["n"] for one in said["found"]) == list(range(20))
        assert said["passed"] == [(1, 20)]
        asked.reads.again(2)
        assert [one.n for one in asked.open] == [13]
        asked.end()
        said = asked.reads.taken()
        assert ([one["n"] for one in said["found"]], said["passed"]) == ([13], [(2, 20)])

    run(act)


def test_a_pass_over_more_than_can_be_asked_for_is_spread_evenly() -> None:
    def act() -> None:
        asked = Asked(reads=0.0)
        asked.write(*range(1000))
        asked.reads.everything(1, 100)
        numbers = []
        while asked.open:
            numbers.append(asked.open[0].n)
            asked.end()
        assert sorted(numbers) == list(range(0, 1000, 10))
        assert asked.reads.taken()["passed"] == [(1, 1000)]

    run(act)


def test_a_pass_begins_nothing_more_when_its_time_is_over_and_what_it_asked_for_is_spread() -> None:
    def act() -> None:
        asked = Asked(reads=0.0)
        asked.write(*range(1000))
        asked.reads.everything(1, 1000)
        numbers = []
        while asked.open:
            numbers.append(asked.open[0].n)
            asked.end()
            if len(numbers) == 92:
                asked.seconds = PASS + 0.1
        assert len(numbers) == 92 + AT_ONCE
        assert all(any(low <= one < low + 250 for one in numbers) for low in range(0, 1000, 250))
        assert asked.reads.taken()["passed"] == [(1, 1000)]

    run(act)


def test_what_was_bad_and_could_not_be_asked_again_in_time_stays_bad() -> None:
    def act() -> None:
        asked = Asked(reads=0.0)
        asked.write(*range(40))
        asked.reads.everything(1, 100)
        while asked.open:
            asked.end(404)
        asked.reads.again(2)
        asked.seconds = PASS + 0.1
        while asked.open:
            asked.end()
        asked.reads.taken()
        asked.reads.again(3)
        left = 0
        while asked.open:
            asked.end()
            left += 1
        assert left == 40 - AT_ONCE

    run(act)


def test_a_pass_over_nothing_is_over_at_once() -> None:
    def act() -> None:
        asked = Asked()
        asked.reads.everything(1, 100)
        assert asked.reads.taken()["passed"] == [(1, 0)]

    run(act)


def test_what_identifies_work_cannot_steer_the_request_that_reads_it() -> None:
    async def act() -> None:
        asked = Asked(reads=1.0, read=Read(path="/jobs/{acknowledged}", json={"id": "{acknowledged}"}))
        asked.reads.written(Exchange(4, Request(), 0, 7, "k-4", lambda _: None), "a b\r\nX: y")
        await asyncio.sleep(0.01)
        assert asked.open[0].filled(asked.open[0].request.path) == "/jobs/a%20b%0D%0AX%3A%20y"

    run(act)


# -- over a real server ------------------------------------------------------------------------------------------------


class Store:
    """Keeps what is written under its key, and gives it back unless it is told to spoil some."""

    def __init__(self, spoils: Callable[[str], bool] = lambda _: False) -> None:
        self.kept: dict[str, str] = {}
        self.spoils = spoils

    def __call__(self, _handler: Handler, head: bytes) -> bytes | None:
        verb, path = head.decode().split()[:2]
        key, _, value = path.removeprefix("/kept/").partition("/")
        if verb == "PUT":
            self.kept[key] = value
            return said(202, {})
        if key not in self.kept:
            return said(404, {})
        return said(200, {"value": "spoilt" if self.spoils(key) else self.kept[key]})


def said(status: int, body: Any) -> bytes:
    text = json.dumps(body)
    return f"HTTP/1.1 {status} Said\r\nContent-Length: {len(text)}\r\n\r\n{text}".encode()


def storing(port: int) -> Spec:
    read = Read(path="/kept/{key}", json={"value": "{value}"})
    written = Request(method="PUT", path="/kept/{key}/{value}", expected=(202,), read=read)
    return Spec("127.0.0.1", port, Schedule(rate=200.0), (written,), timeout=20.0, reads=0.5)


def test_a_running_load_reads_beside_itself_and_then_everything() -> None:
    history = History()
    with serving(Store()) as server, Workload(storing(server.port), history) as load:
        load.baseline(1.0)
        load.read_everything("baseline")
    beside, everything = (event.body for event in of(history.events, WorkloadReads))
    assert not beside.every
    assert beside.asked == beside.good >= 20
    assert everything.every
    assert everything.written == everything.asked == everything.good > beside.asked
    assert (everything.error, everything.bad) == (None, [])


def test_what_comes_back_otherwise_is_told_with_its_key_and_its_times() -> None:
    history = History()
    store = Store(lambda key: key.endswith("7"))
    with serving(store) as server, Workload(storing(server.port), history) as load:
        load.baseline(0.5)
        load.read_everything("deployed")
    event = of(history.events, WorkloadReads, "deployed")[-1]
    body = event.body
    assert body.wrong == sum(key.endswith("7") for key in store.kept if int(key.partition("-")[2]) < body.written) > 0
    bad = body.bad[0]
    assert re.fullmatch(rf"{load.key}-\d*7", bad.key)
    assert (bad.got, bad.expected) == ("value: spoilt", f"value: {store.kept[bad.key]}")
    assert bad.attempts > 1  # it was asked for again, in case it had not been there yet
    assert bad.written is not None
    assert bad.asked is not None
    assert bad.ended is not None
    assert 0.0 <= bad.written <= bad.asked <= bad.ended <= event.since_start


def test_a_load_without_a_read_records_none() -> None:
    history = History()
    with serving(Store()) as server, Workload(spec(server.port, method="PUT", path="/kept/{key}/x"), history) as load:
        load.baseline(0.3)
        assert load.read_everything("baseline") is None
    assert of(history.events, WorkloadReads) == ()


def test_a_spec_with_a_read_travels_as_a_line() -> None:
    made = spec(read=READ, reads=0.3)
    assert Spec.from_json(made.to_json()) == made


def test_the_load_goes_on_while_everything_is_read() -> None:
    history = History()
    with serving(Store()) as server, Workload(storing(server.port), history) as load:
        load.baseline(0.5)
        with load.window("read") as measured:
            load.read_everything("read")
            time.sleep(0.3)
    assert measured.window is not None
    assert measured.window.failed == measured.window.shed == 0
