"""What is to be tested, declared: the Compose file and its `x-harness` block. Pure data.

`load(path)` reads a stack, `stack.at(release)` is the stack of a release, `schema()` describes the block. Everything
else exported here is what a stack consists of.
"""

from harness.stack.model import (
    Build,
    Condition,
    Healthcheck,
    Port,
    RollbackConfig,
    Service,
    Ulimit,
    UpdateConfig,
    Volume,
    command_of,
)
from harness.stack.reader import load
from harness.stack.schema import schema
from harness.stack.stack import Stack
from harness.stack.xharness import (
    ENTRYPOINT,
    Allow,
    Availability,
    Deployer,
    HealthProbe,
    Log,
    PlacedProbe,
    Probes,
    QueueProbe,
    Readback,
    Recovery,
    ReleaseProbe,
    Request,
    SchemaProbe,
    State,
    Workload,
    XHarness,
)

__all__ = [
    "ENTRYPOINT",
    "Allow",
    "Availability",
    "Build",
    "Condition",
    "Deployer",
    "HealthProbe",
    "Healthcheck",
    "Log",
    "PlacedProbe",
    "Port",
    "Probes",
    "QueueProbe",
    "Readback",
    "Recovery",
    "ReleaseProbe",
    "Request",
    "RollbackConfig",
    "SchemaProbe",
    "Service",
    "Stack",
    "State",
    "Ulimit",
    "UpdateConfig",
    "Volume",
    "Workload",
    "XHarness",
    "command_of",
    "load",
    "schema",
]
