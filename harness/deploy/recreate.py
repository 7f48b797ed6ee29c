"""Ends every replica of a service, and then starts one after the other on the other release: for releases that must not
run side by side. No request is served until the first one is ready.

Of `update_config` and `rollback_config` it looks at `monitor` and `max_failure_ratio`; there is nothing to pause or to
go on with.
"""

from __future__ import annotations

from harness.deploy.rollout import Rollout
from harness.deploy.strategy import made
from harness.stack import Service


def recreate(rollout: Rollout) -> bool:
    """Carry it out, service by service. False where too many replicas failed."""
    for service in rollout.services():
        if not _service(rollout, service):
            rollout.say(f"stopped: {service.name} failed", "err")
            return False
    rollout.say(f"{rollout.verb} of {rollout.release} complete")
    return True


def _service(rollout: Rollout, service: Service) -> bool:
    replicas, config = rollout.pending(service), rollout.config(service)
    if not replicas:
        rollout.tidy(service)
        return True
    rollout.say(f"{service.name}: {len(replicas)} to change, all ended first")
    rollout.end(replicas)
    failed = {name for one in replicas for name in rollout.replace([one], "stop-first")}
    ready = rollout.history.clock.monotonic()
    failed.update(rollout.watch({one.name: ready + config.monitor for one in replicas if one.name not in failed}))
    rollout.tidy(service)
    return len(failed) / len(replicas) <= config.max_failure_ratio


deployer = made("recreate", recreate)
