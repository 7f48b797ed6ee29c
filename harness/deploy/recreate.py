"""Ends every replica of a service, and then starts one after the other on the other release: for releases that must not
run side by side. Nobody is served until the first one is ready.

Of `update_config` and `rollback_config` it looks at `monitor` and `max_failure_ratio`; there is nothing to pause or to
go on with.
"""

from __future__ import annotations

from harness.deploy._move import Move
from harness.deploy._strategy import made
from harness.stack import Service


def recreate(move: Move) -> bool:
    """Make the moves, service by service. False where too many replicas failed."""
    for service in move.services():
        if not _service(move, service):
            move.say(f"stopped: {service.name} failed", "err")
            return False
    move.say(f"{move.verb} of {move.release} complete")
    return True


def _service(move: Move, service: Service) -> bool:
    replicas, config = move.pending(service), move.config(service)
    if not replicas:
        move.admit(service)
        return True
    move.say(f"{service.name}: {len(replicas)} to change, all ended first")
    move.end(replicas)
    failed = {name for one in replicas for name in move.replace([one], "stop-first")}
    ready = move.history.clock.monotonic()
    failed.update(move.watch({one.name: ready + config.monitor for one in replicas if one.name not in failed}))
    move.admit(service)
    return len(failed) / len(replicas) <= config.max_failure_ratio


deployer = made("recreate", recreate)
