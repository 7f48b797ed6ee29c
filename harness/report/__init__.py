"""Reports: what a history says, for people and for pipelines. Each can be made again from a saved `events.jsonl`."""

from __future__ import annotations

from harness.report.model import Judged, Report, Step

__all__ = ["Judged", "Report", "Step"]
