"""What a deployment that is left half-way does not go with."""

from __future__ import annotations

from harness.plan.random.draft import Draft


def goes_on(draft: Draft, number: int) -> bool:
    """Whether something is to happen when a deployment is complete, or half-way in the rollback that follows: then it
    cannot be left half-way.
    """
    leg, following = draft.legs[number], draft.legs[number + 1]
    later = leg.waits or leg.restarts or leg.deployers > 1 or [one for one in leg.faults if one.moment == "after"]
    return bool(later or following.stopped or [one for one in following.faults if one.moment == "half"])
