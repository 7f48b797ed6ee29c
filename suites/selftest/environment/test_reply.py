"""The protocol of the open shell, without one: answers are cut out of streams that arrive in any pieces."""

from __future__ import annotations

import itertools
import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.engine.hijack import ERR, OUT
from harness.environment.reply import Reply, TooMuch, call

TOKEN = "0123456789abcdef"


def stream(stdout: bytes, stderr: bytes, code: int, before: bytes = b"", after: bytes = b"") -> dict[int, bytes]:
    out = b"%s\x1eS:%s\n%s\x1eE:%s:%d\n%s\x1eL:%s\n"
    token = TOKEN.encode()
    return {OUT: out % (before, token, stdout, token, code, after, token), ERR: b"%s\x1eE:%s\n" % (stderr, token)}


def pieces(data: bytes, cuts: list[int]) -> list[bytes]:
    edges = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    return [data[a:b] for a, b in itertools.pairwise(edges)]


OUTPUT = st.binary(max_size=300) | st.sampled_from(
    [b"\x1e", b"\x1eE:", b"\x1eS:abc\n", b"\x1eE:0123456789abcde", b"\x1eE:0123456789abcdee:0\n", b"\x1eL:x\n" * 9]
)


@given(OUTPUT, OUTPUT, st.integers(0, 255), st.tuples(OUTPUT, OUTPUT), st.lists(st.integers(0, 10_000), max_size=20))
def test_any_cut_of_the_streams_gives_the_same_answer(
    stdout: bytes, stderr: bytes, code: int, around: tuple[bytes, bytes], cuts: list[int]
) -> None:
    reply = Reply(TOKEN, 1_000_000)
    for number, data in stream(stdout, stderr, code, *around).items():
        for piece in pieces(data, cuts):
            reply.feed(number, piece)
    assert reply.complete
    assert (bytes(reply.stdout), bytes(reply.stderr), reply.exit_code) == (stdout, stderr, code)
    assert reply.free


@given(OUTPUT, st.integers(1, 30))
def test_an_answer_without_its_end_is_not_complete(stdout: bytes, missing: int) -> None:
    reply = Reply(TOKEN, 1_000_000)
    both = stream(stdout, b"", 0)
    reply.feed(OUT, both[OUT].partition(b"\x1eL:")[0][:-missing] if b"\x1eL:" not in stdout else b"")
    assert not reply.complete
    assert not reply.free


def test_output_before_the_command_was_taken_up_is_dropped_and_not_kept() -> None:
    reply = Reply(TOKEN, 100)
    for _ in range(1000):
        reply.feed(OUT, b"stray output of an earlier command\n")
    assert not reply.begun
    assert len(reply.stdout) < 100


def test_more_than_the_limit_is_refused_when_it_is_passed() -> None:
    reply = Reply(TOKEN, 100)
    reply.feed(OUT, f"\x1eS:{TOKEN}\n".encode())
    reply.feed(OUT, b"x" * 60)
    with pytest.raises(TooMuch):
        reply.feed(ERR, b"x" * 60)


@given(st.text(st.characters(blacklist_characters="\0", blacklist_categories=["Cs"])))
def test_a_command_of_any_characters_is_one_word_of_the_line(command: str) -> None:
    assert shlex.split(call(TOKEN, command).decode()) == ["__h", TOKEN, command]
