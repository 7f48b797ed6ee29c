"""Unquoted values, as Compose has them."""

from __future__ import annotations

import math

import pytest

from harness.stack.scalars import plain_value


@pytest.mark.parametrize(
    "word", ["on", "off", "yes", "no", "y", "N", "22:22", "1:30", "4.1.0", "0x", "1e", "2001-01-01"]
)
def test_what_yaml_1_1_would_turn_into_something_else_stays_text(word: str) -> None:
    assert plain_value(word) == word


@pytest.mark.parametrize(
    ("word", "value"),
    [("true", True), ("False", False), ("~", None), ("", None), ("12", 12), ("-3", -3), ("010", 8), ("0o10", 8),
     ("0x1F", 31), ("0b11", 3), ("1_000", 1000), ("1.5", 1.5), ("1e3", 1000.0), (".5", 0.5)],
)  # fmt: skip
def test_a_plain_value_has_its_type(word: str, value: object) -> None:
    found = plain_value(word)
    assert found == value
    assert type(found) is type(value)


def test_infinity_and_not_a_number_are_numbers() -> None:
    assert plain_value("-.inf") == -math.inf
    assert math.isnan(float(plain_value(".nan") or 0))


def test_a_number_of_many_digits_stays_text() -> None:
    assert plain_value("9" * 5000) == "9" * 5000
