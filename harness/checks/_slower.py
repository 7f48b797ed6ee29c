"""Where a load is slower although its median and p95 are not: one kind of request, one server, or a few answers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from harness.checks._blocks import quantile
from harness.checks._intervals import share_interval
from harness.checks._requests import TimedRequests
from harness.checks._workload import milliseconds

# So many answers on both sides are compared by a quantile: fewer are the few that a hiccup of the machine makes late.
FEWEST = {"p50": 10, "p95": 60}
SHARES = {"p50": 0.5, "p95": 0.95}
CONFIDENCE = 0.995  # of each of the two bounds of the shares of slow answers

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Slower:
    """A finding.

    Attributes:
        words: what is slower, with both figures.
        late: the answers that make it so, of the requests after.
        share: of the answers in question, which may be late without one.
        of: how many answers are in question.
    """

    words: str
    late: Mask
    share: float
    of: int


def slower(before: TimedRequests, after: TimedRequests, factor: float, allowance: float) -> Iterator[Slower]:
    """What is slower than `factor` times and `allowance` seconds allow, group by group; then the share of the slow."""
    for name, mask in after.groups.items():
        usual = before.groups.get(name)
        if usual is not None:
            yield from _group(name, before, usual, after, mask, factor, allowance)
    yield from _few(before, after, factor, allowance)


def _group(
    name: str, before: TimedRequests, usual: Mask, after: TimedRequests, mask: Mask, factor: float, allowance: float
) -> Iterator[Slower]:
    old, new = np.sort(before.served[usual & before.ok]), np.sort(after.served[mask & after.ok])
    for which, fewest in FEWEST.items():
        if min(len(old), len(new)) < fewest:
            return  # the next one takes more
        was, now = quantile(old, SHARES[which]), quantile(new, SHARES[which])
        bound = factor * was + allowance
        if now > bound:
            words = (
                f"{which} of the {name} {milliseconds(now)}, {milliseconds(was)} before: "
                f"more than {factor:g} times that and {milliseconds(allowance)}"
            )
            yield Slower(words, mask & after.ok & (after.served > bound), 1.0 - SHARES[which], len(new))
            return


def _few(before: TimedRequests, after: TimedRequests, factor: float, allowance: float) -> Iterator[Slower]:
    """Answers that are slower than hardly any was, in too many seconds to be chance. The p95 does not see one in
    twenty; seconds are counted because answers are late together: a single pause is one event, whatever it holds up.
    """
    # Without a good answer it is NaN, and nothing is later than that.
    bound = factor * quantile(np.sort(before.served[before.ok]), 0.95) + allowance
    (was, were), (now, are) = _seconds(before, bound), _seconds(after, bound)
    most, least = share_interval(was, were, CONFIDENCE)[1], share_interval(now, are, CONFIDENCE)[0]
    if least > most:
        late = after.ok & (after.served > bound)
        said = f"{int(late.sum())} of {int(after.ok.sum())} answers took longer than {milliseconds(bound)}"
        words = f"{said}, in {now} of {are} seconds; before in {was} of {were}"
        yield Slower(words, late, 0.0, int(late.sum()))


def _seconds(requests: TimedRequests, bound: float) -> tuple[int, int]:
    """In how many seconds an answer took longer, and how many had one."""
    seconds = np.floor(requests.due - requests.since).astype(int)
    late = requests.ok & (requests.served > bound)
    return len(np.unique(seconds[late])), len(np.unique(seconds[requests.ok]))
