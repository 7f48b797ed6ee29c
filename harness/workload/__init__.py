"""The workload: an open loop of requests that runs while things happen, in a process of its own."""

from __future__ import annotations

from harness.workload.samples import Samples, Window
from harness.workload.spec import Spec
from harness.workload.workload import Workload

__all__ = ["Samples", "Spec", "Window", "Workload"]
