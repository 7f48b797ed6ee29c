"""About how many seconds each step takes, told before it runs: what bounds a random plan.

| step | seconds |
| --- | --- |
| `deploy`, `rollback`, `attempt` | 3, and 2 for each replica of the fleet |
| `interrupt` | 3, and 2 for each replica until it is killed |
| `again` | 2: mostly there is nothing to do |
| `hold`, `measure` | as long as it holds, and 1; 1 more where it waits for a queue |
| `load`, `inject`, `probe` | 1 |
| `heal`, `fingerprint`, `read-back`, `read-everything`, `effects` | 2 |
| `restart` | 4 for each replica |
| `check`, `against`, `recover`, `mark` | 0.5 |
| any other | 5 |

These are rounded-up figures of the reference stack on two cores, of steps that end well. What has to be waited for (a
queue that is slow to drain, performance that is slow to come back) takes longer, up to the bounds that the plan names.
"""

from __future__ import annotations

from collections.abc import Iterable

from harness.plan.steps import Step
from harness.plan.steps.attempt import Attempt
from harness.plan.steps.deploy import Deploy
from harness.plan.steps.hold import Hold
from harness.plan.steps.interrupt import Interrupt
from harness.plan.steps.measure import Measure
from harness.plan.steps.restart import Restart
from harness.plan.steps.rollback import Rollback

_COMMANDS = (Deploy, Rollback, Attempt)
COMMAND, REPLICA, RESTART, OTHER = 3.0, 2.0, 4.0, 5.0
SECONDS = {
    "again": 2.0,
    "load": 1.0,
    "inject": 1.0,
    "probe": 1.0,
    "heal": 2.0,
    "fingerprint": 2.0,
    "read-back": 2.0,
    "read-everything": 2.0,
    "effects": 2.0,
    "check": 0.5,
    "against": 0.5,
    "recover": 0.5,
    "mark": 0.5,
}


def seconds(steps: Iterable[Step], fleet: int) -> float:
    """About how long steps take together.

    Args:
        fleet: how many replicas a deployment changes.
    """
    return sum(_of(step, fleet) for step in steps)


def _of(step: Step, fleet: int) -> float:
    if isinstance(step, _COMMANDS):
        return COMMAND + REPLICA * fleet
    if isinstance(step, Interrupt):
        return COMMAND + REPLICA * min(step.replicas, fleet)
    if isinstance(step, Hold):
        return step.seconds + 1.0 + (1.0 if step.drain is not None else 0.0)
    if isinstance(step, Measure):
        return step.seconds + 1.0
    if isinstance(step, Restart):
        return RESTART * len(step.replicas)
    return SECONDS.get(step.step_name(), OTHER)
