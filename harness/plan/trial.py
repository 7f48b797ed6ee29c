"""An environment under trial: it is deployed to, loaded, looked at, and judged, phase by phase."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from harness import checks, probes
from harness.deploy import CommandDeployer
from harness.environment import Environment, Replica
from harness.environment.readiness import command_of
from harness.errors import UsageError
from harness.history import History
from harness.probes.logs import LogFollower
from harness.verdict import Verdict
from harness.workload import Workload
