"""Variables in values, as Compose documents them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import StackError
from harness.stack import interpolate
from harness.stack.nodes import SourceLocation, walk
from harness.stack.source import parse

PLACE = SourceLocation("c.yaml", 7, "a.b")
VARIABLES = {"SET": "value", "EMPTY": "", "OTHER": "other"}


def filled(written: str) -> str:
    return interpolate.value(written, VARIABLES, PLACE)


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("$SET", "value"), ("${SET}", "value"), ("a-$SET-b", "a-value-b"), ("$SET$OTHER", "valueother"),
        ("${SET:-d}", "value"), ("${EMPTY:-d}", "d"), ("${UNSET:-d}", "d"), ("${UNSET:-}", ""),
        ("${SET-d}", "value"), ("${EMPTY-d}", ""), ("${UNSET-d}", "d"),
        ("${SET:?e}", "value"), ("${EMPTY?e}", ""),
        ("${SET:+r}", "r"), ("${EMPTY:+r}", ""), ("${UNSET:+r}", ""),
        ("${SET+r}", "r"), ("${EMPTY+r}", "r"), ("${UNSET+r}", ""),
        ("${UNSET:-${OTHER}}", "other"), ("${UNSET:-${EMPTY:-$SET}}x", "valuex"), ("${SET:+a${OTHER}b}", "aotherb"),
        ("$$SET", "$SET"), ("$$", "$"), ("$${SET}", "${SET}"), ("$$$SET", "$value"), ("${UNSET:-a$$b}", "a$b"),
        ("${UNSET:-a b: c}", "a b: c"), ("$UNSET", ""), ("plain", "plain"), ("${UNSET:-:-}", ":-"),
    ],
)  # fmt: skip
def test_a_variable_stands_for_what_compose_says(written: str, value: str) -> None:
    assert filled(written) == value


@pytest.mark.parametrize(
    "written", ["$", "$1", "${}", "${1}", "${SET", "${SET:-x", "$(date)", "${SET!x}", "${SET x}", "a$"]
)
def test_a_dollar_that_begins_no_variable_is_refused_with_its_place(written: str) -> None:
    with pytest.raises(StackError) as caught:
        filled(written)
    assert caught.value.where == "c.yaml, line 7: a.b"
    assert "$$" in str(caught.value.hint)


@pytest.mark.parametrize(
    ("written", "state"),
    [("${UNSET:?say so}", "not set"), ("${UNSET?say so}", "not set"), ("${EMPTY:?say so}", "empty")],
)
def test_a_required_variable_without_a_value_is_refused_with_the_files_own_words(written: str, state: str) -> None:
    with pytest.raises(StackError, match=state) as caught:
        filled(written)
    assert caught.value.expected == "say so"


def test_a_default_that_is_not_needed_is_not_asked_for() -> None:
    assert filled("${SET:-${UNSET:?never}}") == "value"


def test_an_unset_variable_is_reported_once_it_is_needed() -> None:
    unset: list[str] = []
    interpolate.value("$A ${B:-x} ${C} ${SET:-$D}", VARIABLES, PLACE, lambda name, _: unset.append(name))
    assert unset == ["A", "C"]


def test_keys_stay_as_they_are_and_values_are_filled_in_everywhere() -> None:
    root = interpolate.fields(parse("$SET: [$SET, {k: $OTHER}]\nn: 5\n", "c.yaml"), VARIABLES)
    assert list(root.fields) == ["$SET", "n"]
    assert [getattr(node, "value", None) for node in walk(root)] == [None, None, "value", None, "other", 5]


def test_variables_inside_each_other_without_end_are_refused() -> None:
    with pytest.raises(StackError, match="cannot be read"):
        filled("${A:-" * 3000)


@given(st.text(alphabet="${}:-?+AS ET1", max_size=30))
def test_any_text_is_filled_in_or_refused(written: str) -> None:
    try:
        filled(written)
    except StackError as error:
        assert error.where == str(PLACE)  # noqa: PT017


@given(st.text())
def test_a_text_whose_dollars_are_doubled_stays_what_it_was(written: str) -> None:
    assert filled(written.replace("$", "$$")) == written
