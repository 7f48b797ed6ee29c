"""Which of the tests that are marked `sampled` run: all of them, or the part that `HARNESS_SAMPLE` names.

A test of a whole gate takes half a minute, and there are many; likewise many cases of one claim. CI runs a quarter of
them for each commit, so that a verdict comes in time; `tox run -e soak` runs all. The commit's hash decides which
quarter: the same commit always has the same tests, and none is left out for long.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

SAMPLE = "HARNESS_SAMPLE"


def sampled(names: Sequence[str], sample: str) -> list[str]:
    """The tests that run, of all that are marked.

    Args:
        names: their node ids, in any order.
        sample: `K/N` for every N-th of them in order of their names, from the K-th modulo N on, so that neighbours in a
            file are in different parts; empty for all.

    Raises:
        ValueError: it is something else.
    """
    if not sample:
        return list(names)
    found = re.fullmatch(r"(\d+)/([1-9]\d*)", sample)
    if found is None:
        raise ValueError(f"{SAMPLE} is K/N, as in 2/4 for the third quarter, or empty for all, not {sample!r}")
    first, parts = (int(number) for number in found.groups())
    return sorted(names)[first % parts :: parts]
