"""All benchmarks, one after the other, or those that are named: `python -m suites.bench [NAME ...]`."""

from __future__ import annotations

import sys
from importlib import import_module

ALL = (
    "host",
    "environment",
    "faults",
    "fingerprint",
    "gate",
    "judge",
    "logs",
    "probes",
    "proxy",
    "recovery",
    "redaction",
    "witness",
    "workload",
)


def main(names: list[str]) -> None:
    """Run those named, or all."""
    for name in names or list(ALL):
        if name not in ALL:
            sys.exit(f"there is no benchmark {name!r}; there are {', '.join(ALL)}")
        print(f"== {name}")
        import_module(f"suites.bench.bench_{name}").main([])


main(sys.argv[1:])
