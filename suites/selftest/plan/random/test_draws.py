"""Chance that is the same everywhere: these numbers may never change, or every seed means another plan."""

from __future__ import annotations

import random

import pytest

from harness.plan.random.draws import Draws

NUMBERS = [746, 421, 795, 884, 816, 22, 193, 364]


def test_the_numbers_of_a_seed_are_those_that_python_promises() -> None:
    draws = Draws(20120404)
    assert [draws.below(1000) for _ in range(8)] == NUMBERS
    plain = random.Random(20120404)
    assert [int(plain.random() * 1000) for _ in range(8)] == NUMBERS


def test_a_number_between_two_may_be_both() -> None:
    draws = Draws(1)
    assert {draws.between(3, 5) for _ in range(100)} == {3, 4, 5}
    assert {draws.below(1) for _ in range(10)} == {0}


def test_what_weighs_more_comes_more_often_and_what_weighs_nothing_never() -> None:
    draws = Draws(2)
    found = [draws.weighted([(0, "never"), (1, "rarely"), (9, "often")]) for _ in range(2000)]
    assert found.count("never") == 0
    assert found.count("often") / 2000 == pytest.approx(0.9, abs=0.03)


def test_one_of_several_is_each_as_likely() -> None:
    draws = Draws(3)
    found = [draws.pick("abcd") for _ in range(4000)]
    assert [found.count(one) / 4000 for one in "abcd"] == pytest.approx([0.25] * 4, abs=0.03)
    assert sum(draws.once_in(4) for _ in range(4000)) / 4000 == pytest.approx(0.25, abs=0.03)
