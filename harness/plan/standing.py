"""What the plans of ours have in common: how the old release is measured, and what holds wherever an environment stands
on one release.
"""

from __future__ import annotations

from functools import partial

from harness.checks import Check as CheckFunction
from harness.checks import answers, containers, convergence, errors, health, logs, queue, registry, restarts
from harness.checks import release as release_
from harness.plan.steps._check_call import CheckCall
from harness.plan.steps.drain import Level
from harness.plan.steps.hold import Hold
from harness.servers import queue_of
from harness.stack import Stack, command_of

# The state before the load: against that at the end of the baseline it tells what the load moves by itself.
BEFORE_LOAD = "before-load"
QUEUE_SLACK = 5.0  # jobs in flight at any moment, beside the baseline's


def measured(stack: Stack, release: str, seconds: float, phase: str = "baseline") -> Hold:
    """Measure the old release under load. On one that is not sound nothing can be gated: what fails there fails before
    anything was deployed, and says nothing about the deployment.
    """
    return Hold(phase=phase, seconds=seconds, checks=standing(stack, release, phase), precondition=True)


def standing(stack: Stack, release: str, baseline: str = "baseline") -> tuple[CheckCall, ...]:
    """The checks of what holds wherever an environment stands on one release. Only what the stack declares is asked
    for, but for the release, without which nothing can be gated. What the baseline had is known: errors in the logs.
    """
    probes = stack.harness.probes
    asked: list[CheckFunction] = [partial(release_.check, release=release), errors.check, containers.check]
    if probes.release:  # where it can be asked, its processes can be looked at
        asked.append(partial(restarts.check, baseline=baseline))
    if stack.harness.workload is not None and stack.harness.workload.release:
        asked.append(partial(answers.check, release=release))
    if any(stack.harness.logs.values()):
        asked.append(partial(logs.check, release=release, baseline=baseline))
    if probes.health or any(command_of(one.healthcheck) for one in stack.services.values()):
        asked.append(health.check)
    if probes.registry is not None:
        asked.append(registry.check)
    asked.append(partial(convergence.check, release=release))
    return tuple(map(CheckCall.of, asked))


def level(stack: Stack, within: float, baseline: str = "baseline") -> Level | None:
    """When the queue is down; None where the stack declares none."""
    return Level(within=within, baseline=baseline, slack=QUEUE_SLACK) if queue_of(stack.harness) is not None else None


def drained(stack: Stack, within: float, baseline: str = "baseline") -> tuple[CheckCall, ...]:
    """Whether the queue came down, where the stack declares one."""
    if queue_of(stack.harness) is None:
        return ()
    return (CheckCall.of(partial(queue.check, baseline=baseline, within=within, slack=QUEUE_SLACK)),)
