"""Every kind of event, and the fields that it has: one struct each, in one file for each family.

A distribution adds kinds of its own by an entry point of the group `rollback_harness.events` that names a module with
structs, see docs/extending.md. Where that is not installed, its events are read as `Raw`.
"""

from __future__ import annotations

import sys
from functools import cache
from types import ModuleType

from harness.errors import UsageError
from harness.events._body import Body, Detail, Number, OfReplica, Raw, decode, encode
from harness.events.activity import ActivityEnd, ExperimentStart
from harness.events.deploy import DeployerEnd, DeployerLine, DeployerStart
from harness.events.environment import (
    ContainerChange,
    EnvironmentDown,
    EnvironmentUp,
    FingerprintTaken,
    ReplicaReplace,
    WitnessReport,
)
from harness.events.fault import FaultHeal, FaultInject
from harness.events.log import LogRotate, LogTail, ProbeLog
from harness.events.probe import (
    ProbeConfiguration,
    ProbeContainer,
    ProbeEffect,
    ProbeHealth,
    ProbeQueue,
    ProbeReadback,
    ProbeRegistry,
    ProbeRelease,
    ProbeReplica,
    ProbeSchema,
)
from harness.events.run import (
    IncidentLink,
    Note,
    PlanLeftOut,
    PlanShown,
    PlanStepEnd,
    PlanStepStart,
    RunEnd,
    RunError,
    RunStart,
    StepEnd,
    StepStart,
)
from harness.events.server import (
    LockWait,
    ProbeHaproxy,
    ProbeMemcached,
    ProbeMysql,
    ProbeNginx,
    ProbePostgres,
    ProbeRabbitmq,
    ProbeRedis,
    ProbeServer,
)
from harness.events.verdict import VerdictGiven
from harness.events.workload import (
    BadRead,
    Counted,
    FailedRequests,
    WorkloadName,
    WorkloadReads,
    WorkloadSaved,
    WorkloadStart,
    WorkloadWindow,
)
from harness.registry import Registry

__all__ = [
    "ActivityEnd",
    "BadRead",
    "Body",
    "ContainerChange",
    "Counted",
    "DeployerEnd",
    "DeployerLine",
    "DeployerStart",
    "Detail",
    "EnvironmentDown",
    "EnvironmentUp",
    "ExperimentStart",
    "FailedRequests",
    "FaultHeal",
    "FaultInject",
    "FingerprintTaken",
    "IncidentLink",
    "LockWait",
    "LogRotate",
    "LogTail",
    "Note",
    "Number",
    "OfReplica",
    "PlanLeftOut",
    "PlanShown",
    "PlanStepEnd",
    "PlanStepStart",
    "ProbeConfiguration",
    "ProbeContainer",
    "ProbeEffect",
    "ProbeHaproxy",
    "ProbeHealth",
    "ProbeLog",
    "ProbeMemcached",
    "ProbeMysql",
    "ProbeNginx",
    "ProbePostgres",
    "ProbeQueue",
    "ProbeRabbitmq",
    "ProbeReadback",
    "ProbeRedis",
    "ProbeRegistry",
    "ProbeRelease",
    "ProbeReplica",
    "ProbeSchema",
    "ProbeServer",
    "Raw",
    "ReplicaReplace",
    "RunEnd",
    "RunError",
    "RunStart",
    "StepEnd",
    "StepStart",
    "VerdictGiven",
    "WitnessReport",
    "WorkloadName",
    "WorkloadReads",
    "WorkloadSaved",
    "WorkloadStart",
    "WorkloadWindow",
    "decode",
    "encode",
    "find",
    "kinds",
]


def _bodies(module: ModuleType) -> tuple[type[Body], ...]:
    """Those that a module declares."""
    found = (one for one in vars(module).values() if isinstance(one, type) and issubclass(one, Body) and one.kind)
    made = tuple(one for one in found if one.__module__ == module.__name__)
    if not made:
        raise ValueError(f"{module.__name__} defines no subclass of harness.events.Body with a kind")
    return made


_REGISTRY = Registry("event", sys.modules[__name__], _bodies, ("docs",))
_OWN = {one.kind: one for one in vars().copy().values() if isinstance(one, type) and issubclass(one, Body) and one.kind}


def find(kind: str) -> type[Body]:
    """The body of a kind; `Raw` where it is not declared.

    Raises:
        UsageError: what is installed and declares kinds cannot be used.
    """
    return _OWN.get(kind) or kinds().get(kind, Raw)


@cache
def kinds() -> dict[str, type[Body]]:
    """Every kind that is declared, here or by what is installed.

    Raises:
        UsageError: likewise; or two declare the same one.
    """
    found: dict[str, type[Body]] = {}
    for name in _REGISTRY.names():
        for body in _REGISTRY.find(name):
            if found.setdefault(body.kind, body) is not body:
                raise UsageError(
                    "Two bodies declare the same kind of event",
                    where=f"{found[body.kind].__module__} and {body.__module__}",
                    got=body.kind,
                    expected="a kind of its own",
                    hint="give the one that is yours another kind",
                )
    return found
