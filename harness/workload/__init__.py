"""The workload: an open loop of requests that runs while things happen, in a process of its own."""

from __future__ import annotations

from harness.workload.samples import RunningSamples, Window
from harness.workload.schedule import Schedule
from harness.workload.spec import Read, Request, Retry, Spec, Tls
from harness.workload.workload import Workload

__all__ = ["Read", "Request", "Retry", "RunningSamples", "Schedule", "Spec", "Tls", "Window", "Workload"]
