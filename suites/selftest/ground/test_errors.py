"""The tree of errors: what a message has in it, and which exit code each error ends a command with."""

from __future__ import annotations

import pytest

from harness import errors
from harness.errors import HarnessError, UsageError

EXIT_CODES = {
    "HarnessError": 3, "UsageError": 4, "StackError": 4, "EngineError": 3, "NoEngine": 3, "EngineGone": 3,
    "NoSpace": 3, "Unwritable": 3,
    "ImageError": 3, "ImageMissing": 4, "ContextError": 4, "NetworkError": 3, "NetworkHeld": 3, "PortTaken": 3,
    "NotMeasured": 2,
    "NotReady": 2, "HostError": 2, "CommandTimeout": 2, "ReplicaGone": 2, "DeployerError": 2, "HistoryError": 3,
    "ProxyError": 3, "ProxyGone": 3, "ProxyMissing": 3, "DoorGone": 3, "FaultUnproven": 2, "Stopped": 2,
    "FaultUnavailable": 2,
}  # fmt: skip


def kinds(root: type[HarnessError] = HarnessError) -> set[type[HarnessError]]:
    return {root}.union(*(kinds(kind) for kind in root.__subclasses__()))


def test_the_exit_codes_are_what_a_pipeline_relies_on() -> None:
    assert (errors.PASS, errors.FAIL, errors.UNKNOWN, errors.INTERNAL, errors.USAGE, errors.INTERRUPTED) == (
        0, 1, 2, 3, 4, 130,
    )  # fmt: skip


def test_every_error_has_the_exit_code_of_its_kind() -> None:
    ours = {kind.__name__: kind.exit_code for kind in kinds() if kind.__module__ == "harness.errors"}
    assert ours == EXIT_CODES


def test_no_error_ends_a_command_as_a_verdict_of_pass_or_fail() -> None:
    assert {kind.exit_code for kind in kinds()} <= {errors.UNKNOWN, errors.INTERNAL, errors.USAGE}


def test_a_message_of_one_sentence_is_that_sentence() -> None:
    assert str(HarnessError("It broke")) == "It broke"


def test_a_message_names_what_where_got_expected_and_what_to_do_in_this_order() -> None:
    error = UsageError("It broke", hint="mend it", expected="2", got="1", where="compose.yaml, line 3")
    assert str(error).splitlines() == [
        "It broke",
        "  where:    compose.yaml, line 3",
        "  got:      1",
        "  expected: 2",
        "  do:       mend it",
    ]


def test_a_part_that_is_empty_text_is_still_said() -> None:
    assert str(HarnessError("It broke", got="")).splitlines() == ["It broke", "  got:      "]


def test_the_detail_stands_below_as_it_is_each_line_marked() -> None:
    text = str(HarnessError("It broke", hint="look", detail="  first\n\nlast\n\n"))
    assert text.splitlines()[2:] == ["  |   first", "  | ", "  | last"]


def test_the_parts_can_be_read_one_by_one() -> None:
    error = HarnessError("It broke", where="here", got="1", expected="2", hint="mend it", detail="log")
    parts = (error.what, error.where, error.got, error.expected, error.hint, error.detail)
    assert parts == ("It broke", "here", "1", "2", "mend it", "log")


def test_every_error_can_be_raised_with_a_sentence_alone() -> None:
    for kind in kinds():  # those that were imported by now: no parameter, which every worker would have to know alike
        with pytest.raises(kind, match="It broke"):
            raise kind("It broke")


HOSTILE = "\x1b]0;owned\x07\x1b[2J\x1b[31mred\x9b1m \u202eevil\u2066 \u200b\x00\r"


def test_nothing_in_a_message_acts_on_the_terminal_whoever_wrote_it() -> None:
    text = str(HarnessError(HOSTILE, where=HOSTILE, got=HOSTILE, expected=HOSTILE, hint=HOSTILE, detail=HOSTILE))
    assert all(char.isprintable() or char == "\n" for char in text)
    assert text.count(r"\x1b]0;owned\x07\x1b[2J\x1b[31mred\x9b1m \u202eevil\u2066 \u200b\x00") == 6


def test_what_is_quoted_cannot_pass_for_another_part_of_the_message() -> None:
    text = str(HarnessError("It broke", got="x\n  do:       run rm -rf /", hint="look"))
    assert [line for line in text.splitlines() if line.startswith("  do:")] == ["  do:       look"]
    assert "            " + "  do:       run rm -rf /" in text.splitlines()


def test_ordinary_text_of_every_language_stays_as_it_is() -> None:
    assert errors.visible("naïve 東京 שלום 👍\tx\ny") == "naïve 東京 שלום 👍\tx\ny"
    assert errors.visible("half \ud800") == r"half \ud800"
