"""What a run ran on."""

from __future__ import annotations

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from typing import Any


def machine() -> dict[str, Any]:
    """What the run ran on, without naming it."""
    return {
        "system": platform.system(),
        "release": platform.release(),
        "architecture": platform.machine(),
        "python": platform.python_version(),
        "cpus": os.cpu_count(),
        "memory_bytes": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
    }


def versions() -> dict[str, str]:
    """The versions of what a run's evidence depends on, as far as they are installed."""
    found = {}
    for name in ("docker", "httptools", "numpy", "pytest-testinfra", "toxiproxy-python"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
