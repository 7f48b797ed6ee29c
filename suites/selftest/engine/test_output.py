"""A container's output as the engine passes it on: whole, in order, and no piece twice."""

from __future__ import annotations

import queue
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from harness.engine.output import Output
from harness.errors import EngineError
from harness.waiting import poll


def piece(second: int, text: str) -> bytes:
    return f"2026-11-28T11:00:{second:02d}.000000007Z {text}".encode()


class _Stream:
    """An answer that goes on until it is closed."""

    def __init__(self) -> None:
        self.pieces: queue.Queue[bytes | Exception | None] = queue.Queue()

    def __iter__(self) -> Iterator[bytes]:
        while (found := self.pieces.get(timeout=60)) is not None:
            if isinstance(found, Exception):
                raise found
            yield found

    def close(self) -> None:
        self.pieces.put(None)


class _Api:
    def __init__(self) -> None:
        self.stream, self.latest, self.asked = _Stream(), b"", list[dict[str, Any]]()
        self.refuses = False

    def logs(self, container: str, **asked: Any) -> Any:
        self.asked.append({"container": container, **asked})
        if self.refuses:
            raise requests.exceptions.ConnectionError("it is gone")
        return self.stream if asked["stream"] else self.latest


@pytest.fixture
def api() -> _Api:
    return _Api()


def follow(api: _Api, **asked: Any) -> Output:
    return Output(api, "id", "app-1", "stderr", **asked)  # type: ignore[arg-type]


def taken(output: Output, enough: int) -> bytes:
    found = b""

    def take() -> bool:
        nonlocal found
        found += output.take()
        return len(found) >= enough

    assert poll(take, within=30.0, every=0.01)
    return found


def test_pieces_come_without_their_stamps_and_half_lines_as_they_are(api: _Api) -> None:
    output = follow(api)
    for one in (piece(1, "a\n"), piece(2, "b"), piece(2, "c\n"), b"no stamp\n"):
        api.stream.pieces.put(one)
    assert taken(output, 14) == b"a\nbc\nno stamp\n"
    assert output.stamp == piece(2, "")[:-1]
    output.close()


def test_one_stream_is_asked_for_from_a_time_or_the_beginning(api: _Api) -> None:
    follow(api, since=7.5).close()
    api.stream = _Stream()
    follow(api).close()
    first, second = api.asked
    assert (first["stdout"], first["stderr"], first["since"], first["follow"]) == (False, True, 7.5, True)
    assert second["since"] is None


def test_a_connection_over_which_nothing_came_is_gone_on_with_from_where_it_began(api: _Api) -> None:
    output = follow(api, since=1795863602.5)
    assert output.stamp == b"2026-11-28T11:00:02.000000000Z"
    output.close()


def test_what_goes_on_behind_a_stamp_begins_behind_it(api: _Api) -> None:
    output = follow(api, after=piece(2, "")[:-1])
    for second in (1, 2, 3):
        api.stream.pieces.put(piece(second, f"{second}\n"))
    assert taken(output, 2) == b"3\n"
    assert api.asked[0]["since"] == 1795863602.0
    output.close()


def test_it_has_caught_up_when_the_last_line_of_the_engine_is_here(api: _Api) -> None:
    output = follow(api)
    api.latest = piece(1, "a\n") + piece(2, "b\n")
    api.stream.pieces.put(piece(1, "a\n"))
    assert not output.caught_up(0.05)
    api.stream.pieces.put(piece(2, "b\n"))
    assert output.caught_up(30.0)
    assert output.take() == b"a\nb\n"
    output.close()


@pytest.mark.parametrize("how", [None, requests.exceptions.ChunkedEncodingError("cut off"), AttributeError("closed")])
def test_an_end_of_the_stream_is_told_and_nothing_is_waited_for(api: _Api, how: Exception | None) -> None:
    output = follow(api)
    api.stream.pieces.put(piece(1, "a\n"))
    api.stream.pieces.put(how)
    assert poll(lambda: output.ended, within=30.0, every=0.01)
    assert output.caught_up(0.0)
    assert output.take() == b"a\n"
    output.close()


def test_an_engine_that_refuses_is_an_error_that_says_what_for(api: _Api) -> None:
    api.refuses = True
    with pytest.raises(EngineError, match="What app-1 writes to stderr cannot be read"):
        follow(api)
