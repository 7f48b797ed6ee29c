"""The `x-harness` block of a Compose file: what Compose does not know and the harness has to. One file a part."""

from harness.stack.xharness.availability import Availability
from harness.stack.xharness.block import ENTRYPOINT, NAME, Proxy, XHarness
from harness.stack.xharness.checklist import ChecklistItem, ChecklistSettings
from harness.stack.xharness.checks import CheckSettings
from harness.stack.xharness.deployer import Deployer
from harness.stack.xharness.faults import Faults
from harness.stack.xharness.logs import Log
from harness.stack.xharness.probes import HealthProbe, PlacedProbe, Probes, QueueProbe, ReleaseProbe, SchemaProbe
from harness.stack.xharness.recovery import Recovery
from harness.stack.xharness.state import Allow, State
from harness.stack.xharness.workload import Read, Readback, Request, Workload

__all__ = [
    "ENTRYPOINT",
    "NAME",
    "Allow",
    "Availability",
    "CheckSettings",
    "ChecklistItem",
    "ChecklistSettings",
    "Deployer",
    "Faults",
    "HealthProbe",
    "Log",
    "PlacedProbe",
    "Probes",
    "Proxy",
    "QueueProbe",
    "Read",
    "Readback",
    "Recovery",
    "ReleaseProbe",
    "Request",
    "SchemaProbe",
    "State",
    "Workload",
    "XHarness",
]
