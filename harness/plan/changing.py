"""What the gate asks of every deployment and every rollback, for as long as the deployer works."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from harness.checks import availability, locks, log_errors
from harness.plan.steps._check_call import CheckCall
from harness.servers import declared
from harness.stack import Stack
from harness.verdict import Verdict


def while_changing(stack: Stack, baseline: str) -> tuple[CheckCall, ...]:
    """The checks of a phase in which something is deployed or taken back, as far as the stack declares what they see.

    Args:
        baseline: the phase to compare with, in which nothing is.
    """
    asked: list[Callable[..., Verdict]] = [partial(availability.check, baseline=baseline)]
    return tuple(map(CheckCall.of, (*asked, *_alone(stack, baseline))))


def while_interrupted(stack: Stack, baseline: str) -> tuple[CheckCall, ...]:
    """Those of a deployment that is killed half-way: what it does until then must hold nobody up, either."""
    return tuple(map(CheckCall.of, _alone(stack, baseline)))


def _alone(stack: Stack, baseline: str) -> list[Callable[..., Verdict]]:
    asked: list[Callable[..., Verdict]] = []
    if any(stack.harness.logs.values()):
        asked.append(partial(log_errors.check, baseline=baseline))
    if any(one.locks and one.watch for one in declared(stack.harness).values()):
        asked.append(partial(locks.check, baseline=baseline))
    return asked
