"""The logs that the replicas of an environment should write, as the checks take them."""

from __future__ import annotations

from harness.checks.logs import ExpectedLog
from harness.plan.subject import Subject


def expected_logs(environment: Subject) -> tuple[ExpectedLog, ...]:
    """Every log that every replica should write."""
    return tuple(
        ExpectedLog(
            replica.name,
            log.path,
            log.max_silence,
            carries_release=log.release is not None,
            carries_time=log.time is not None,
            carries_number=log.sequence is not None,
            may_be_silent=log.may_stay_silent,
            canary_within=None if log.canary is None else log.canary_within,
        )
        for service, logs in environment.stack.harness.logs.items()
        for replica in environment[service]
        for log in logs
    )
