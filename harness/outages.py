"""Outages: stretches of time in which requests were due and none got a good answer."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Times = npt.NDArray[np.float64]
Outages = tuple[tuple[float, float], ...]  # from, to


def outages(
    due: Times,
    ended: Times,
    good: npt.NDArray[np.bool_],
    until: float,
    *,
    since: float = -np.inf,
    least: float = 0.0,
) -> Outages:
    """Every outage that is longer than `least`, in order.

    An outage ends with a good answer. It begins with the good answer before it, or with the first request that was
    waiting for an answer since then, whichever is later. So a service that freezes and answers everything late
    is out for as long as it was frozen, and one that is asked once in a while is not out in between.

    Args:
        due: when each request was due, in seconds on any axis.
        ended: when it was answered or given up.
        good: whether it was answered as it should be, and in time.
        until: when the watch ended.
        since: when it began. Requests before that tell what was answered at its beginning; an outage counts from there.
        least: seconds; shorter outages are left out.
    """
    if not len(due):
        return ()
    order = np.argsort(ended, kind="stable")
    due, ended, good = due[order], ended[order], good[order]
    answers = ended[good]
    # For each request in the order of the ends: the earliest that was due among it and those which ended later.
    earliest = np.minimum.accumulate(due[::-1])[::-1]
    begins = np.concatenate([[-np.inf], answers])
    ends = np.concatenate([answers, [max(until, float(ended[-1]))]])
    waiting = np.searchsorted(ended, begins, side="right")
    first = np.where(waiting < len(due), earliest[np.minimum(waiting, len(due) - 1)], np.inf)
    begins = np.maximum(np.maximum(begins, first), since)
    long = ends - begins > least
    return tuple(zip(begins[long].tolist(), ends[long].tolist(), strict=True))


def longest(found: Outages) -> float:
    """Seconds of the longest; 0 where there is none."""
    return max((end - begin for begin, end in found), default=0.0)
