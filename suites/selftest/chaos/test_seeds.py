"""Which plans a campaign has, on every machine."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.chaos.seeds import Shard, plan_seed
from harness.errors import UsageError


def test_the_seeds_are_the_same_on_every_machine() -> None:
    assert [plan_seed(1, number) for number in range(1, 5)] == [312396423, 1822214455, 113215257, 2072365655]


@given(st.integers(1, 40).flatmap(lambda of: st.tuples(st.just(of), st.integers(1, 400))))
def test_every_plan_is_in_one_shard(sizes: tuple[int, int]) -> None:
    of, most = sizes
    shards = [
        set(itertools.takewhile(lambda number: number <= most, Shard(part, of).numbers())) for part in range(1, of + 1)
    ]
    assert sum(map(len, shards)) == most
    assert set().union(*shards) == set(range(1, most + 1))


@pytest.mark.parametrize(
    "text", ["", "3", "0/3", "4/3", "3/0", "-1/3", "1/3/5", "a/b", "1/99999999", "\u0663/\u0665", "1 /3"]
)
def test_what_is_no_shard_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="no shard"):
        Shard.parse(text)


def test_a_shard_is_read_as_it_is_written() -> None:
    assert Shard.parse(" 3/10\n") == Shard(3, 10)
    assert str(Shard(3, 10)) == "3/10"
