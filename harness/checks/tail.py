"""No larger share of answers is slow by itself on the new release than on the old one.

A few slow answers in a hundred hide behind every p95, and behind the pauses of a machine. But a pause makes all answers
late that are under way. An answer that is late while its neighbours are not is the release's own: one customer's data,
one kind of content, one shard. Such answers are independent of each other, so their share can be tested exactly.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING

from harness.checks._evidence import Findings, counted
from harness.checks._intervals import beta_cdf
from harness.checks._stretches import Stretch, stretches
from harness.checks._witness import WitnessedStalls
from harness.checks._workload import milliseconds, percent
from harness.events import DeployerEnd, DeployerStart, WorkloadStart
from harness.history import Event, of
from harness.samples import Samples
from harness.verdict import Verdict

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from harness.checks._requests import TimedRequests

    Mask = npt.NDArray[np.bool_]

NAME = "tail"
CHANCE = 1e-3  # with which a sound release may fail
SEEN = 0.9  # chance with which a share is seen that the reason calls visible
WANTED = 0.02  # the share for which the reason tells how long it would take
WARM = 1.0  # s after a change in which a release warms up
LEAST = 0.1  # s; what is later than its neighbours by less is nobody's trouble
LONGEST = 1e3  # times what was held: how far is reckoned
ASIDE = 4  # neighbours on each side at least
MATTERS = 1e-17  # of a sum of chances; what is less changes no digit of it
MOST_NEIGHBOURS = 0.8  # of the neighbours were faster: the others may be slow of themselves, too


def check(
    events: Iterable[Event],
    *,
    phase: str,
    samples: Samples | None = None,
    factor: float = 2.0,
    allowance: float = 0.05,
) -> Verdict:
    """Of all answers between deployments, no larger share was slow by itself on the new release, beyond chance.

    Slow by itself is an answer that came later than those to requests beside it by more than `factor` times the old
    release's p95 plus `allowance`, and than 100 ms. The two shares are compared by Fisher's exact test at 0.1 %; those
    that were late at the same time count as one, and each deployment has to show some. The reason of a pass tells
    which share would have been seen.

    Args:
        events: the history (`workload.start`, `deployer.start`, `deployer.end`, `witness`).
        phase: the last one that counts.
        samples: of the workload.
        factor, allowance: how many times the p95, and seconds on top.
    """
    from harness.checks._requests import whole_load

    events = tuple(events)
    findings = Findings(NAME)
    until = max((event.since_start for event in events if event.phase == phase), default=0.0)
    starts = [one for one in of(events, WorkloadStart) if one.body.arm in ("", "subject")]
    changes = [*of(events, DeployerStart), *of(events, DeployerEnd)]
    findings.saw(*starts, *changes, *[event for event in events if event.phase == phase][-1:])
    load = whole_load(starts, samples, until)
    good = ""
    if isinstance(load, str):
        findings.missing(load)
    else:
        good = _judge(findings, load, [*stretches(events, until, WARM)], (factor, allowance), WitnessedStalls(events))
    return findings.verdict(
        good,
        look="what the slow requests have in common: a customer, an id, a shard, a size (samples, logs)",
        look_unknown="whether requests were answered between the deployments, and saved",
    )


@dataclass(frozen=True)
class _Side:
    """What was answered on one release.

    Attributes:
        good: how many.
        slow: how many of them were slow by themselves, each cluster once; in each stretch.
        late: which, of all requests.
    """

    good: int
    slow: tuple[int, ...]
    late: Mask

    @property
    def total(self) -> int:
        return sum(self.slow)


def _judge(
    findings: Findings,
    load: TimedRequests,
    every: Sequence[Stretch],
    limits: tuple[float, float],
    witness: WitnessedStalls,
) -> str:
    from harness.checks._blocks import quantile

    masks = {new: [_within(load, one) for one in every if one.new is new] for new in (False, True)}
    masks = {new: [mask for mask in found if mask.any()] for new, found in masks.items()}
    for new, name in ((False, "old"), (True, "new")):
        if not masks[new]:
            findings.missing(f"no request was answered on the {name} release between deployments")
    if findings.unknown:
        return ""
    served = load.served[reduce(or_, masks[False])]
    served.sort()
    bound = max(LEAST, limits[0] * quantile(served, 0.95) + limits[1])
    slow = _slow(load, bound)
    old, new_ = (_side(load, masks[new], slow) for new in (False, True))
    if _chance(new_.total, new_.good, old.total, old.good) < CHANCE and all(new_.slow):
        left, stall = load.unexplained(new_.late, witness)
        proven = _chance(left, new_.good, old.total, old.good) < CHANCE
        said = f"{_share(new_)} of the new release were slow by themselves, later than those beside them by more than"
        findings.timed(f"{said} {milliseconds(bound)}; of the old one {_share(old)}", "" if proven else stall)
    needed = _needed(new_.good, old.total, old.good)
    if needed is None:
        findings.missing(f"{counted(new_.good, 'answer')} of the new release are too few to see any share of slow ones")
        return ""
    said = f"{_share(new_)} of the new release and {_share(old)} of the old one were slow by themselves, later than"
    return f"{said} those beside them by more than {milliseconds(bound)}; {_visible(needed, every, new_, old)}"


def _share(side: _Side) -> str:
    return f"{side.total} of {counted(side.good, 'answer')}"


def _within(load: TimedRequests, one: Stretch) -> Mask:
    return load.ok & (load.due >= one.begin) & (load.ended <= one.end)


def _slow(load: TimedRequests, bound: float) -> Mask:
    """Which answers were later by this than most of those to requests that were due while they were under way."""
    import numpy as np

    from harness.checks._blocks import quantile

    served = load.served
    found = np.zeros(len(served), np.bool_)
    for at in np.flatnonzero(load.ok & (served > bound)).tolist():
        low, high = np.searchsorted(load.due, [load.due[at] - LEAST, load.ended[at]])
        low, high = max(0, min(int(low), at - ASIDE)), max(int(high), at + ASIDE + 1)
        beside = np.concatenate([served[low:at], served[at + 1 : high]])
        found[at] = len(beside) > 0 and served[at] - quantile(np.sort(beside), MOST_NEIGHBOURS) > bound
    return found


def _side(load: TimedRequests, masks: Sequence[Mask], slow: Mask) -> _Side:
    late = reduce(or_, masks) & slow
    return _Side(sum(int(mask.sum()) for mask in masks), tuple(_clusters(load, mask & slow) for mask in masks), late)


def _clusters(load: TimedRequests, late: Mask) -> int:
    """How many of these answers there are, those to requests that were due within a tenth of a second counted once: one
    thing may have held them up.
    """
    count, first = 0, -math.inf
    for due in load.due[late].tolist():
        if due > first + LEAST:
            count, first = count + 1, due
    return count


def _chance(new: int, answers: int, old: int, of: int) -> float:
    """How likely it is by chance that so many of the slow ones or more are the new release's: Fisher's exact test."""
    slow, every = new + old, answers + of
    least, most = max(new, slow - of), min(slow, answers)
    if least > most:
        return 0.0
    # The likeliest number first, and the others each from the one beside it, as far as they matter.
    top = min(max(least, (slow + 1) * (answers + 1) // (every + 2)), most)
    first = math.exp(_ways(answers, top) + _ways(of, slow - top) - _ways(every, slow))
    above = _while_it_matters(
        first, ((answers - k) * (slow - k) / ((k + 1) * (of - slow + k + 1)) for k in range(top, most))
    )
    below = _while_it_matters(
        first, (k * (of - slow + k) / ((answers - k + 1) * (slow - k + 1)) for k in range(top, least, -1))
    )
    return first + above + below


def _while_it_matters(first: float, factors: Iterable[float]) -> float:
    """The sum of what follows a chance, each by its factor from the one before, none of which is larger than that."""
    total, chance = 0.0, first
    for factor in factors:
        chance *= factor
        total += chance
        if chance < MATTERS * (first + total):
            break
    return total


def _ways(of: int, chosen: int) -> float:
    """The logarithm of the number of ways to choose so many."""
    return math.lgamma(of + 1) - math.lgamma(chosen + 1) - math.lgamma(of - chosen + 1)


def _needed(answers: int, old: int, of: int) -> int | None:
    """How many slow ones of so many answers are beyond chance; None where not even all of them are."""
    if _chance(answers, answers, old, of) >= CHANCE:
        return None
    low, high = 0, answers  # so few are not, so many are
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if _chance(middle, answers, old, of) < CHANCE else (middle, high)
    return high


def _visible(needed: int, every: Sequence[Stretch], new: _Side, old: _Side) -> str:
    """In words, which share would have been seen, and how long a smaller one takes to be."""
    share = _seen(needed, new.good)
    more = f", {_longer(every, new, old)}" if share > WANTED else ""
    return f"a share of {percent(share)} would have been seen{more}"


def _seen(needed: int, of: int) -> float:
    """The smallest share with which so many of these answers are slow with a chance of `SEEN`."""
    low, high = 0.0, 1.0
    for _ in range(40):
        middle = (low + high) / 2.0
        # That at least so many of a binomial are slow is an incomplete beta function of the share.
        low, high = (low, middle) if beta_cdf(middle, float(needed), float(of - needed + 1)) >= SEEN else (middle, high)
    return high


def _longer(every: Sequence[Stretch], new: _Side, old: _Side) -> str:
    """In words, for how long the new release has to be held at this rate until two in a hundred are seen."""
    seconds, times = sum(one.end - one.begin for one in every if one.new), 1.0
    while times < LONGEST:
        answers = int(new.good * times)
        needed = _needed(answers, int(old.total * times), int(old.good * times))
        if needed is not None and _seen(needed, answers) <= WANTED:
            return f"{percent(WANTED)} would need {times * seconds:.0f} s on the new release at this rate (--hold)"
        times *= 1.25
    return f"{percent(WANTED)} would need more requests"
