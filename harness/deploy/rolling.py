"""Replaces a few replicas at a time, as the Compose Deploy Specification says: `update_config` on the way there,
`rollback_config` on the way back.

Each group begins when the one before it is ready and `delay` has passed. A replica has failed when it does not become
ready, or when it ends or is not healthy within `monitor` after that. Where more than `max_failure_ratio` of a service's
replicas have failed, `failure_action` says what is done: `pause` leaves everything as it is, `rollback` takes back
what was changed, `continue` goes on. The deployment has failed in each case.
"""

from __future__ import annotations

from harness.deploy.rollout import Rollout
from harness.deploy.strategy import made
from harness.stack import Service, UpdateConfig


def roll(rollout: Rollout) -> bool:
    """Carry it out, service by service. False where too many replicas failed."""
    well = True
    for service in rollout.services():
        config = rollout.config(service)
        if _service(rollout, service, config):
            continue
        well = False
        if config.failure_action == "continue":
            continue
        if config.failure_action == "rollback" and rollout.verb == "deploy":
            rollout.say(f"rolling back to {rollout.before}", "err")
            roll(rollout.back())
        else:
            rollout.say(f"paused: what is not done yet stays as it is ({service.name})", "err")
        return False
    if well:
        rollout.say(f"{rollout.verb} of {rollout.release} complete")
    return well


def _service(rollout: Rollout, service: Service, config: UpdateConfig) -> bool:
    """Replace the replicas of one service that have to change. False where too many failed."""
    replicas = rollout.pending(service)
    if replicas:
        at_once = config.parallelism or len(replicas)
        rollout.say(f"{service.name}: {len(replicas)} to change, {at_once} at a time, {config.order}")
    else:
        at_once = 1
    clock, until = rollout.history.clock, dict[str, float]()
    failed = set[str]()
    for first in range(0, len(replicas), at_once):
        if first:
            failed.update(rollout.watch(until, config.delay))
        if _too_many(failed, len(replicas), config) and config.failure_action != "continue":
            return False
        group = replicas[first : first + at_once]
        failed.update(rollout.replace(group, config.order))
        ready = clock.monotonic()
        until |= {one.name: ready + config.monitor for one in group if one.name not in failed}
        if _too_many(failed, len(replicas), config) and config.failure_action != "continue":
            return False
    failed.update(rollout.watch(until))
    rollout.tidy(service)
    return not _too_many(failed, len(replicas), config)


def _too_many(failed: set[str], total: int, config: UpdateConfig) -> bool:
    return bool(total) and len(failed) / total > config.max_failure_ratio


deployer = made("rolling", roll)
