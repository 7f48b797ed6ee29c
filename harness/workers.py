"""How often a replica has to be asked so that one bad worker among its fellows is heard.

It is reckoned with workers that answer independently of each other and equally often.
"""

from __future__ import annotations

import math

SURE = 0.99  # the chance to hear a single bad worker
MOST = 8  # workers that are provided for: 35 questions are enough to hear one of eight


def among(processes: int) -> int:
    """The workers that are reckoned with.

    Args:
        processes: those of the replica, any of which may answer; 0 where that is not known.
    """
    return min(processes, MOST) if processes > 0 else MOST


def enough(processes: int) -> int:
    """How many questions hear a bad one with the chance `SURE`."""
    count = among(processes)
    return 1 if count == 1 else math.ceil(math.log(1.0 - SURE) / math.log(1.0 - 1.0 / count))


def chance(asked: int, processes: int) -> float:
    """The chance that a bad one was heard by so many questions."""
    count = among(processes)
    return 1.0 if count == 1 else 1.0 - (1.0 - 1.0 / count) ** asked
