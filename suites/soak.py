"""Random tests are short in CI, and `HARNESS_SOAK` times as long under `tox run -e soak`."""

from __future__ import annotations

import os

TIMES = int(os.environ.get("HARNESS_SOAK", "1"))


def many(usual: int) -> int:
    """How many examples, seeds or rounds: `usual` ones in CI."""
    return usual * TIMES
