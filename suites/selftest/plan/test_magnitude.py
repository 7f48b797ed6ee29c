"""When two reasons are the same failure, and when one of them is far more of it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.plan._magnitude import FACTOR, Larger, alike, larger


@pytest.mark.parametrize(
    ("here", "there", "found"),
    [
        ("50 errors", "10 errors", None),
        ("51 errors", "10 errors", Larger("51", "10")),
        ("10 errors", "51 errors", None),
        ("p50 12 ms; p95 900 ms", "p50 10 ms; p95 100 ms", Larger("900", "100")),
        # Of a part of a whole the share counts, whatever the whole.
        ("90 of 1770 failed", "9 of 177 failed", None),
        ("9 of 10 failed", "30 of 300 failed", Larger("9 of 10", "30 of 300")),
        ("5 of 100 failed", "0 of 100 failed", None),
        ("6 of 100 failed", "0 of 100 failed", Larger("6 of 100", "0 of 100")),
        ("3 of 0 replicas", "0 of 0 replicas", None),
        ("9 of 0 replicas", "1 of 0 replicas", Larger("9 of 0", "1 of 0")),
        # Next to nothing.
        ("5 keys", "0 keys", None),
        ("6 keys", "0 keys", Larger("6", "0")),
        ("waited for 0.5 s", "waited for 0.01 s", None),
        ("waited for 0.6 s", "waited for 0.01 s", Larger("0.6", "0.01")),
        # No sizes: names, versions, addresses, times, dates, paths.
        ("backend-9 is gone", "backend-1 is gone", None),
        ("it runs 4.1.90", "it runs 4.1.1", None),
        ("10.0.9.9:6379 is closed", "10.0.0.1:1 is closed", None),
        ("last 12:59:59.900 UTC", "last 12:00:00.001 UTC", None),
        ("since 2026-11-30", "since 2026-01-01", None),
        ("/srv/99/file", "/srv/1/file", None),
        ("the key job_90 and k90", "the key job_1 and k1", None),
        # The end of a sentence is no decimal point.
        ("it lost 90. Then it went on", "it lost 1. Then it went on", Larger("90", "1")),
    ],
)
def test_a_number_is_larger_where_it_is_a_size_and_beyond_the_factor(
    here: str, there: str, found: Larger | None
) -> None:
    assert alike(here, there)
    assert larger(here, there) == found


def test_other_words_are_not_alike() -> None:
    assert not alike("2 keys are gone", "2 files are gone")
    assert not alike("2 keys are gone", "2 keys are gone; a file is left")


@given(st.integers(1, 10**9), st.floats(1.0, FACTOR))
def test_whatever_the_size_within_the_factor_it_is_the_same(size: int, times: float) -> None:
    assert larger(f"{int(size * times)} pieces", f"{size} pieces") is None


@given(st.integers(1, 10**9))
def test_whatever_the_size_beyond_the_factor_it_is_more(size: int) -> None:
    assert larger(f"{int(size * FACTOR) + 1} pieces", f"{size} pieces") is not None
