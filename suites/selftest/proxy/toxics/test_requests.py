"""The parsers of the toxics that understand a protocol: any cut of any bytes passes through them unharmed."""

from __future__ import annotations

import random
from types import SimpleNamespace
from typing import Any, cast

import pytest

from harness.proxy.toxics import TYPES, End, Toxic, _http, _redis
from harness.proxy.toxics._redis import KEYLESS, KEYS, Walk, command, line_end
from harness.proxy.toxics._requests import matcher
from harness.proxy.toxics.redis_stale import READS, Mark
from harness.proxy.toxics.redis_swallow import KNOWN


class Ends:
    """Both ends of a pipe, for a stage on its own."""

    def __init__(self) -> None:
        self.received = 0
        self.passed = bytearray()
        self.injected = bytearray()
        self.ended: list[End] = []
        self.other = self

    def feed(self, data: bytes) -> None:
        self.passed += data

    def inject(self, data: bytes) -> None:
        self.injected += data

    def end(self, how: End) -> None:
        self.ended.append(how)

    end_head = end


def stage(type_: str, seed: str = "seed", **attributes: Any) -> tuple[Any, Ends]:
    ends = Ends()
    kind = TYPES[type_]
    toxic = Toxic(kind, "t", "upstream", 1, attributes)
    if type_ == "redis_stale":
        toxic.memory = Mark(matcher(toxic["keys"]), {b"a": b"1"}, {b"h": {b"x": b"2"}}, {b"l"})
    return kind(toxic, cast("Any", ends), seed), ends


STARTUP = (8).to_bytes(4, "big") + (80877103).to_bytes(4, "big") + b"\0\0\0\x0e\0\3\0\0user\0\0"
STREAMS = {
    "redis_error": b"".join(command("SET", f"k{n}", "x" * n) for n in range(50)) + command("GET", "k"),
    "redis_stale": command("GET", "a") * 20 + command("HGETALL", "h") + command("MGET", "a", "b"),
    "redis_swallow": command("GET", "a") * 20 + command("SET", "b", 1) + command("MULTI") + command("EXEC"),
    "postgres_error": STARTUP + b"".join(b"Q\0\0\0\x0dSELECT 1\0" for _ in range(20)) + b"X\0\0\0\4",
    "http_status": b"GET / HTTP/1.1\r\n\r\nPOST /x HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello"
    b"PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
}
HARMLESS: dict[str, dict[str, Any]] = {
    "redis_error": {"keys": ("none",)}, "redis_swallow": {"keys": ("none",)},
    "redis_stale": {"keys": ("none",)},
    "postgres_error": {"statements": ("none",)}, "http_status": {"paths": ("none",)},
}  # fmt: skip


def pour(made: Any, data: bytes, chance: random.Random) -> None:
    at = 0
    while at < len(data):
        size = chance.choice([1, 2, 3, 10, 100, 1000])
        made.feed(data[at : at + size])
        at += size
    made.end(End.EOF)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("type_", STREAMS)
def test_what_is_not_meant_passes_unchanged_however_it_is_cut(type_: str, seed: int) -> None:
    made, ends = stage(type_, **HARMLESS[type_])
    pour(made, STREAMS[type_], random.Random(seed))
    assert bytes(ends.passed) == STREAMS[type_]
    assert ends.ended == [End.EOF]


@pytest.mark.parametrize("type_", STREAMS)
def test_a_whole_stream_is_read_as_requests(type_: str) -> None:
    made, ends = stage(type_)
    made.feed(STREAMS[type_])
    assert made._readable
    assert bytes(ends.passed) != STREAMS[type_] or ends.injected


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("type_", STREAMS)
def test_damaged_bytes_pass_unchanged_and_raise_nothing(type_: str, seed: int) -> None:
    chance = random.Random(seed)
    data = bytearray(STREAMS[type_] * 3)
    for _ in range(chance.randint(1, 30)):
        at = chance.randrange(len(data))
        data[at : at + chance.randrange(3)] = chance.randbytes(chance.randrange(4))
    made, ends = stage(type_, **HARMLESS[type_])
    pour(made, bytes(data), chance)
    assert bytes(ends.passed) == bytes(data)


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("type_", STREAMS)
def test_noise_passes_unchanged(type_: str, seed: int) -> None:
    chance = random.Random(seed)
    data = chance.randbytes(3000)
    made, ends = stage(type_)
    pour(made, data, chance)
    assert bytes(ends.passed) == data


NAMES = [*KNOWN, *READS, *KEYS, *KEYLESS, "INCR", "", "\xff", "get", "X" * 1000]
WORDS: list[bytes | str | int] = ["a", "h", "l", "GET", "", b"\xff\0\r\n", "x", 0, -1, 10**30]


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("type_", ["redis_error", "redis_swallow", "redis_stale"])
def test_whatever_is_asked_a_redis_gets_as_many_requests(type_: str, seed: int) -> None:
    chance = random.Random(seed)
    made, ends = stage(type_)
    asked = [command(chance.choice(NAMES), *chance.choices(WORDS, k=chance.randrange(6))) for _ in range(1000)]
    pour(made, b"".join(asked), chance)
    at = count = 0
    while at < len(ends.passed):
        at, count = Walk().on(bytes(ends.passed), at), count + 1
        assert at > 0
    assert count == len(asked)


@pytest.mark.parametrize("seed", range(10))
def test_whatever_a_postgres_is_sent_every_batch_ends_once(seed: int) -> None:
    chance = random.Random(seed)
    made, ends = stage("postgres_error", fraction=0.5)
    made.feed(STARTUP)
    sent = bytearray()
    for _ in range(1000):
        body = chance.choice([b"", b"\0", b"s\0SELECT 1\0\0\0", b"\0s\0\0\0", b"Ss\0", chance.randbytes(20)])
        kind = chance.choice([b"P", b"B", b"C", b"D", b"E", b"S", b"H", b"X", b"d", b"c", b"f", b"F", b"p"])
        sent += kind + (len(body) + 4).to_bytes(4, "big") + body
    sent += b"S\0\0\0\4"
    pour(made, bytes(sent), chance)
    assert made._readable
    assert kinds(bytes(ends.passed[len(STARTUP) :]), b"QS") == kinds(bytes(sent), b"S")


def kinds(data: bytes, wanted: bytes) -> int:
    """How many messages there are of these kinds."""
    at = found = 0
    while at < len(data):
        found += data[at] in wanted
        at += 1 + int.from_bytes(data[at + 1 : at + 5], "big")
    assert at == len(data)
    return found


@pytest.mark.parametrize("seed", range(10))
def test_whatever_is_asked_a_web_service_is_answered_or_passed_on_whole(seed: int) -> None:
    chance = random.Random(seed)
    made, ends = stage("http_status", fraction=0.5)
    passed = answered = 0
    for number in range(300):
        body = chance.randbytes(chance.choice([0, 1, 500]))
        head = b"Content-Length: %d" % len(body)
        if chance.random() < 0.5:
            head, body = (
                b"transfer-encoding: Chunked",
                b"%x;e\r\n%b\r\n0\r\nT: 1\r\n\r\n" % (max(len(body), 1), body or b"x"),
            )
        target = chance.choice([b"/", b"*", b"http://h", b"/?", b"/\xff", b"//"])
        whole = chance.choice([b"GET", b"HEAD", b"POST"]) + b" " + target + b" HTTP/1.1\r\n" + head + b"\r\n\r\n" + body
        at = chance.randrange(len(whole))
        made.feed(whole[:at])
        made.feed(whole[at:])
        ends.received += 1  # the service answers
        if bytes(ends.passed[passed:]) == whole:
            passed += len(whole)
        else:
            assert len(ends.passed) == passed, number
            answered += 1
    assert ends.injected.count(b"HTTP/1.1 503 ") == answered
    assert 100 < answered < 200


@pytest.mark.parametrize("size", [1, 100, 70_000])
def test_a_request_of_many_words_is_looked_at_once(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    looks = 0

    def counted(data: bytes, at: int) -> int:
        nonlocal looks
        looks += 1
        return line_end(data, at)

    monkeypatch.setattr(_redis, "line_end", counted)
    made, ends = stage("redis_error", keys=("none",))
    data = command("MSET", *(b"key%d" % number for number in range(2000)))
    for at in range(0, len(data), size):
        made.feed(data[at : at + size])
    assert bytes(ends.passed) == data
    assert looks <= 2001 + len(data) // size + 1


def test_a_body_of_many_chunks_is_looked_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    pattern, looks = _http.CHUNK, 0

    def counted(data: bytes, at: int) -> Any:
        nonlocal looks
        looks += 1
        return pattern.match(data, at)

    monkeypatch.setattr(_http, "CHUNK", SimpleNamespace(match=counted))
    made, ends = stage("http_status", paths=("none",))
    data = b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1\r\nx\r\n" * 2000 + b"0\r\n\r\n"
    for at in range(0, len(data), 100):
        made.feed(data[at : at + 100])
    assert bytes(ends.passed) == data
    assert looks <= 2001 + len(data) // 100 + 1


def test_healed_in_the_middle_of_a_batch_that_fails_the_server_raises_the_error_and_skips_the_rest_itself() -> None:
    made, ends = stage("postgres_error")
    made.feed(STARTUP + b"P\0\0\0\x10\0SELECT 1\0\0\0")
    assert bytes(ends.passed) == STARTUP
    made.release()
    parse = bytes(ends.passed).removeprefix(STARTUP)
    assert parse.startswith(b"P")
    assert b"RAISE EXCEPTION" in parse
    assert parse.endswith(b"B\0\0\0\x0c" + bytes(8) + b"E\0\0\0\x09" + bytes(5))
    assert ends.ended == []


@pytest.mark.parametrize("type_", STREAMS)
def test_in_the_middle_of_a_request_nothing_is_guessed(type_: str) -> None:
    made, ends = stage(type_)
    made.synchronous = False
    rest = b"half of something*3\r\n$3\r\nSET"
    made.feed(rest)
    assert (bytes(ends.passed), made.synchronous) == (rest, False)


def test_a_first_argument_that_never_ends_is_not_kept_for_ever() -> None:
    made, ends = stage("redis_error")
    made.feed(b"*" + b"1" * 100_000)
    assert len(ends.passed) == 100_001
