"""Chance that is the same on every machine and in every Python."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import TypeVar

from harness.errors import UsageError

T = TypeVar("T")
LARGEST = (1 << 63) - 1


class Draws:
    """Draws from a seed.

    Python promises that `random.Random(int).random()` gives the same numbers in every version. It does not promise that
    of `choice`, `shuffle`, `sample`, `choices` or `randrange`, whose algorithms have changed. So everything here is
    made of `random()` and integer arithmetic. Nothing hashes, and nothing depends on the order of a set.

    Args:
        seed: from 0 on.

    Raises:
        UsageError: it is negative, or larger than 63 bits hold.
    """

    def __init__(self, seed: int) -> None:
        # `Random` takes a negative seed for its positive twin: two seeds would give one plan.
        if not 0 <= seed <= LARGEST:
            raise UsageError("A seed is out of range", got=str(seed), expected=f"a whole number from 0 to {LARGEST}")
        self._random = random.Random(seed)  # noqa: S311 - to be repeated, not to be secret

    def below(self, limit: int) -> int:
        """A whole number from 0 to `limit` - 1. `limit` is far below 2^53, so each is about as likely."""
        return int(self._random.random() * limit)

    def between(self, least: int, most: int) -> int:
        """A whole number from `least` to `most`, both included."""
        return least + self.below(most - least + 1)

    def once_in(self, times: int) -> bool:
        """True once in so many times."""
        return self.below(times) == 0

    def pick(self, found: Sequence[T]) -> T:
        """One of them, each as likely."""
        return found[self.below(len(found))]

    def weighted(self, found: Sequence[tuple[int, T]]) -> T:
        """One of these (weight, thing), as likely as its weight says; one weight at least is positive."""
        left = self.below(sum(weight for weight, _ in found))
        for weight, thing in found:
            left -= weight
            if left < 0:
                return thing
        raise AssertionError("a draw below the sum of all weights ends within them")
