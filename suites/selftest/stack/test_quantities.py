"""Durations, rates, percentages and sizes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.stack import quantities


@pytest.mark.parametrize(
    ("written", "value"),
    [("1.5s", 1.5), ("2m", 120.0), ("500ms", 0.5), ("1m30s", 90.0), ("1h0m1s", 3601.0), ("0", 0.0), ("250us", 0.00025)],
)
def test_a_duration_is_seconds(written: str, value: float) -> None:
    assert quantities.seconds(written) == pytest.approx(value)


@pytest.mark.parametrize("written", ["", "5", "s", "-5s", "5 s", "5sec", "1.5.5s", "9999999h", "٣s"])
def test_what_is_no_duration_is_refused_with_an_example(written: str) -> None:
    with pytest.raises(ValueError, match="a duration"):
        quantities.seconds(written)


@given(st.text(max_size=20))
def test_any_text_is_a_quantity_or_a_value_error(written: str) -> None:
    for read in (quantities.seconds, quantities.per_second, quantities.fraction, quantities.size):
        try:
            assert read(written) >= 0
        except ValueError as error:
            assert str(error).startswith("a ")  # noqa: PT017


@pytest.mark.parametrize(("written", "value"), [("50/s", 50.0), ("3000/m", 50.0), ("3600/h", 1.0), ("0.5/s", 0.5)])
def test_a_rate_is_per_second(written: str, value: float) -> None:
    assert quantities.per_second(written) == pytest.approx(value)


@pytest.mark.parametrize("written", ["50", "0/s", "-1/s", "50/d", "50/ s"])
def test_what_is_no_rate_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match="a rate"):
        quantities.per_second(written)


def test_a_percentage_is_a_fraction() -> None:
    assert quantities.fraction("10%") == pytest.approx(0.1)
    assert quantities.fraction("100%") == 1


@pytest.mark.parametrize("written", ["0.1", "10", "101%", "-1%", "%"])
def test_what_is_no_percentage_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match="a percentage"):
        quantities.fraction(written)


@pytest.mark.parametrize(
    ("written", "value"),
    [("64m", 64 << 20), ("1.5g", 3 << 29), ("1024", 1024), ("2kb", 2048), ("1GiB", 1 << 30), ("5b", 5)],
)
def test_a_size_is_bytes(written: str, value: int) -> None:
    assert quantities.size(written) == value
