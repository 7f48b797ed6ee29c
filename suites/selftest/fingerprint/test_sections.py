"""One command with several sections is cut up again, whatever they write and wherever the answer is torn."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.environment.fingerprint.sections import Section, Sections, decode
from suites.selftest.fingerprint.answers import asked, said


def test_each_section_has_its_own_output_errors_and_exit_code() -> None:
    sections = Sections()
    sections.add("good", "printf 'a\\0b'; echo noise >&2")
    sections.add("bad", "echo before; cd /nowhere-at-all; exit 7")
    sections.add("after", "pwd >/dev/null; echo still here")
    found = asked(sections)
    assert (found["good"].output, found["good"].errors, found["good"].exit_code) == (b"a\0b", b"noise\n", 0)
    assert (found["bad"].output, found["bad"].exit_code) == (b"before\n", 7)
    assert b"nowhere-at-all" in found["bad"].errors
    assert found["after"] == Section(b"still here\n", b"", 0)


@given(st.binary(max_size=200))
def test_a_section_may_write_any_bytes(raw: bytes) -> None:
    sections = Sections()
    mark = sections.mark.encode()
    answer = said(mark + b"+one\n" + raw + mark + b"-0\n" + mark + b"+two\nx" + mark + b"-3\n")
    found = sections.cut(answer)
    assert found["one"].output == raw
    assert (found["two"].output, found["two"].exit_code) == (b"x", 3)


@given(st.integers(0, 200))
def test_a_section_that_was_not_reached_or_did_not_end_is_missing(cut: int) -> None:
    sections = Sections()
    mark = sections.mark.encode()
    whole = mark + b"+one\nfirst" + mark + b"-0\n" + mark + b"+two\nsecond" + mark + b"-0\n"
    found = sections.cut(said(whole[:cut]))
    assert set(found) <= {"one", "two"}
    assert ("two" in found) <= (cut >= len(whole) - 1)
    assert all(found[name].output == text for name, text in (("one", b"first"), ("two", b"second")) if name in found)


@pytest.mark.parametrize(
    ("errors", "code", "words"),
    [
        (b"psql:<stdin>:3: ERROR:  relation x\nLINE 1: SELECT\n   ^\n", 3, "psql:<stdin>:3: ERROR:  relation x"),
        (b"first\nlast\n", 1, "last"),
        (b"", 127, "exit code 127"),
        (b"x" * 1000, 1, "x" * 200),
    ],
)
def test_a_complaint_is_one_line_the_one_that_says_most(errors: bytes, code: int, words: str) -> None:
    assert Section(b"", errors, code).complaint() == words


@given(st.binary(max_size=20), st.binary(max_size=20))
def test_different_bytes_of_valid_names_are_different_texts_and_any_bytes_are_a_text(one: bytes, two: bytes) -> None:
    decode(one).encode()
    if one != two and b"\\" not in one + two:
        assert decode(one) != decode(two)
