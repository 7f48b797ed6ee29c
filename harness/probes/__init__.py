"""Probes: observations of an environment, recorded in its history. One file each.

Every probe asks and records, and never judges. A replica that cannot be asked is recorded as such, with no value and
the error; nothing is guessed.
"""

from __future__ import annotations

from harness.probes.containers import ContainerState
from harness.probes.logs import LogFollower, LogSpec
from harness.probes.replica import Answer, Replica

__all__ = ["Answer", "ContainerState", "LogFollower", "LogSpec", "Replica"]
