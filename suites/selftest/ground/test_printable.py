"""Text of others steers neither a terminal nor a CI."""

from __future__ import annotations

import re
import sys

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from harness.printable import clean, clean_lines, excerpt

COMMANDS = {  # what is printed: how its CI finds it in a line
    "::add-mask::x": r"^\s*::",
    "  ::error file=a::b": r"^\s*::",
    "::stop-commands::token": r"^\s*::",
    "##[add-mask]x": r"##\[",
    "text before ##[group]x": r"##\[",
    "##vso[task.setvariable variable=a]b": r"##vso\[",
    "before ##VSO[task.complete result=Failed]": r"(?i)##vso\[",
    "##teamcity[buildStatus status='SUCCESS']": r"##teamcity\[",
    "section_start:1560896352:name\r\x1b[0K": r"section_start:\d",
    "\x1b[0Ksection_end:1560896352:name\r\x1b[0Khead": r"section_end:\d",
    "travis_fold:start:name": r"travis_fold:\w",
    "travis_time:end:1:start=2": r"travis_time:\w",
    "--- a group": r"^--- ",
    "+++ an open group": r"^\+\+\+ ",
    "~~~ a dim group": r"^~~~ ",
    "^^^ +++": r"^\^\^\^ ",
    "##\x1b[0mvso[task.logissue]": r"##vso\[",
    "#\x1b]0;title\x07#[add-mask]x": r"##\[",
}


@pytest.mark.parametrize("line", COMMANDS)
def test_what_a_ci_takes_for_a_command_is_text(line: str) -> None:
    told = clean(line)
    assert not re.search(COMMANDS[line], told)
    assert re.sub(r"\W", "", told) in re.sub(
        r"\W", "", re.sub(r"\x1b(\[[\d;]*\w|\].*?\x07)", "", line)
    )  # and can still be read
    assert clean(told) == told


@pytest.mark.parametrize(
    "line",
    [
        "std::vector<int>",
        "a ::b",
        "# a heading",
        "## a heading",
        "#[derive(Debug)]",
        "section 1:2",
        "- item",
        "C:\\a::b",
    ],
)
def test_what_is_no_command_stays(line: str) -> None:
    assert clean(line) == line


@example("##vso[a]")
@given(st.text())
def test_nothing_that_is_not_printable_is_left(text: str) -> None:
    told = clean(text)
    assert "\x1b" not in told
    assert all(char.isprintable() for char in told)
    assert not re.search(r"(?i)##(vso|teamcity)?\[", told)


def test_bidirectional_marks_do_not_turn_a_line_around() -> None:
    assert clean("a\u202eb\u2066c") == "a b c"


def test_lines_stay_lines_and_each_is_clean() -> None:
    told = clean_lines("error: it failed\n  got:      one\n::error::two\r\n  | ##vso[task.complete]\x1b[2J\n\x9b31mred")
    assert told.splitlines() == [
        "error: it failed",
        "  got:      one",
        ": :error::two",
        "  | ## vso[task.complete]",
        " 31mred",
    ]


def test_every_message_of_the_command_line_goes_through_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from harness import cli
    from harness.errors import HarnessError

    def fails(*_: object, **__: object) -> None:
        raise HarnessError("it failed", got="##vso[task.complete]\x1b[2J\n::error::x", detail="##[add-mask]y")

    monkeypatch.setattr(cli.group, "main", fails)
    monkeypatch.setattr(sys, "argv", ["harness"])
    assert cli.run(["-v", "gate", "x"]) == 3
    said = capsys.readouterr().err
    assert "it failed" in said
    assert "Traceback" in said
    assert not re.search(r"\x1b\[2J|##(vso)?\[|(?m)^\s*::".replace("(?m)", ""), said, re.MULTILINE)


def test_an_excerpt_of_a_long_text_keeps_its_end_because_an_exception_says_there_what_it_was() -> None:
    trace = "Traceback (most recent call last):\n" + "  File x, line 1, in y\n" * 40 + "KeyError: 'tier'"
    found = excerpt(trace)
    assert len(found) == 200
    assert found.startswith("Traceback (most recent call last):")
    assert found.endswith("KeyError: 'tier'")
    assert excerpt("short\nand  sweet") == "short and sweet"
