"""`.env` files."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import StackError
from harness.stack import envfile


def read(content: str, **variables: str) -> dict[str, str]:
    return envfile.parse(content, ".env", variables)


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("A=b", "b"), ("A = b ", "b"), ("export A=b", "b"), ("A=", ""), ("A=b c", "b c"), ("A: b", "b"),
        ("A=b # comment", "b"), ("A=b#no", "b#no"), ("A=#c", ""), ("A='b # c'", "b # c"), ('A="b # c" # d', "b # c"),
        ("A='$X'", "$X"), ('A="$X"', "x"), ("A=${X}y", "xy"), ("A=${Y:-d}", "d"), ('A="\\$X"', "$X"),
        ('A="a\\nb"', "a\nb"), ("A='a\\nb'", "a\\nb"), ('A="say \\"hi\\""', 'say "hi"'), ("A=a=b", "a=b"),
        ("A='one\ntwo'", "one\ntwo"), ("A=b\r", "b"),
    ],
)  # fmt: skip
def test_a_line_gives_its_value(line: str, value: str) -> None:
    assert read(line, X="x") == {"A": value}


def test_comments_and_empty_lines_say_nothing() -> None:
    assert read("# c\n\n  # d\nA=1\n") == {"A": "1"}


def test_a_name_alone_takes_the_callers_value_or_none() -> None:
    assert read("A\nB\n", A="mine") == {"A": "mine"}


def test_a_value_may_use_the_lines_before_it_and_the_environment_wins() -> None:
    assert read("A=1\nB=$A\n")["B"] == "1"
    assert read("A=1\nB=$A\n", A="2")["B"] == "2"


@pytest.mark.parametrize("line", ["1A=b", "=b", "no such line", "A='b' c"])
def test_a_line_that_means_nothing_is_refused_with_its_number(line: str) -> None:
    with pytest.raises(StackError) as caught:
        read(f"X=1\n{line}\n")
    assert str(caught.value.where).startswith(".env, line 2")


def test_a_quote_that_is_never_closed_is_refused_where_it_is_opened() -> None:
    with pytest.raises(StackError, match="quote") as caught:
        read("X=1\nA='b\nc\n")
    assert str(caught.value.where).startswith(".env, line 2")


def test_a_raw_file_is_taken_as_it_is() -> None:
    assert envfile.parse("A='$X' # y\n", ".env", {}, raw=True) == {"A": "'$X' # y"}


def test_a_binary_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "e").write_bytes(b"A=\xff")
    with pytest.raises(StackError, match="is not text"):
        envfile.read(tmp_path / "e", "e", {})


@given(st.text())
def test_any_text_is_read_or_refused(content: str) -> None:
    try:
        read(content)
    except StackError as error:
        assert str(error.where).startswith(".env, line")  # noqa: PT017


@pytest.mark.parametrize(
    ("content", "got"),
    [
        ("postgres://app:hunter2secret@db", "a line without ="),
        ("pass word hunter2secret=x", "an invalid name before the ="),
        ("=hunter2secret", "nothing before the ="),
        ('A="x" hunter2secret', "more after the closing quote"),
        ("A='hunter2secret", "a quote that is never closed"),
        ("A=hunter2secret$-", "a $ that does not begin a variable"),
        ('A="hunter2secret${"', "a $ that does not begin a variable"),
        ("A=hunter2secret${B", "a ${ that is never closed"),
    ],
)
def test_what_a_line_says_is_not_told_when_it_cannot_be_read(content: str, got: str) -> None:
    """It may be a password that was pasted a line too low."""
    with pytest.raises(StackError) as caught:
        read(f"# fine\n{content}\n")
    assert str(caught.value.where).startswith(".env, line 2")
    assert caught.value.got == got
    assert "hunter2secret" not in str(caught.value)
