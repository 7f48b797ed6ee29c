"""Looks into one replica, for the checks that judge its processes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from suites.selftest.checks.builder import Made

REPLICA = "backend-1"
Row = list[Any]


def row(pid: int, started: float, name: str = "python3", parent: int = 1) -> Row:
    return [pid, parent, name, started, "S"]


def look(made: Made, phase: str, *rows: Row, serving: Sequence[int] | None = None, **more: Any) -> Made:
    """One look that told all processes, below the first one."""
    told = [[1, 0, "init", 1.0, "S"], *rows]
    return made.inside(phase, REPLICA, list=told, main=None, serving=serving, **more)


def unchanged(made: Made, phase: str, times: int = 1) -> Made:
    """Looks that saw no process begin or end."""
    for _ in range(times):
        made.inside(phase, REPLICA, list=None, main=None)
    return made
