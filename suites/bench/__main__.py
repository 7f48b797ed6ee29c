"""All benchmarks, one after the other, or those that are named: `python -m suites.bench [NAME ...]`."""

from __future__ import annotations

import sys

from suites.bench import (
    bench_environment,
    bench_gate,
    bench_host,
    bench_judge,
    bench_probes,
    bench_proxy,
    bench_recovery,
    bench_workload,
)

ALL = {
    "host": bench_host.main,
    "environment": bench_environment.main,
    "gate": bench_gate.main,
    "judge": bench_judge.main,
    "probes": bench_probes.main,
    "proxy": bench_proxy.main,
    "recovery": bench_recovery.main,
    "workload": bench_workload.main,
}


def main(names: list[str]) -> None:
    """Run those named, or all."""
    for name in names or list(ALL):
        print(f"== {name}")
        ALL[name]([])


main(sys.argv[1:])
