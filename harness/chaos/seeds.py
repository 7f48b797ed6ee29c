"""Which plans a campaign has: its seed and a number say which, on every machine."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count

from harness.errors import UsageError

MOST_SHARDS = 10_000


def plan_seed(campaign: int, number: int) -> int:
    """The seed of a campaign's plan: 0 to 2**31 - 1. From SHA-256, so that it is the same on every Python."""
    digest = hashlib.sha256(f"{campaign}/{number}".encode("ascii")).digest()
    return int.from_bytes(digest[:4], "big") >> 1


@dataclass(frozen=True, slots=True)
class Shard:
    """A part of a campaign: every `of`-th plan, beginning with number `part`. All shards together are the whole."""

    part: int = 1
    of: int = 1

    @classmethod
    def parse(cls, text: str) -> Shard:
        """From `3/10`.

        Raises:
            UsageError: it is none.
        """
        match = re.fullmatch(r"([0-9]{1,5})/([0-9]{1,5})", text.strip())
        part, of = (int(match[1]), int(match[2])) if match else (0, 0)
        if not 1 <= part <= of <= MOST_SHARDS:
            raise UsageError(
                "This is no shard", where="--shard", got=text, expected=f"a part and a number of parts of at most "
                f"{MOST_SHARDS}, such as 3/10", hint="the parts are numbered from 1 on",
            )  # fmt: skip
        return cls(part, of)

    def __str__(self) -> str:
        return f"{self.part}/{self.of}"

    def numbers(self) -> Iterator[int]:
        """The numbers of its plans, without end."""
        return count(self.part, self.of)
