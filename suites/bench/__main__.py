"""All benchmarks: `python -m suites.bench [host] [environment] [gate] [logs] [proxy] [workload]`, else all of them."""

from __future__ import annotations

import sys

from suites.bench import bench_environment, bench_gate, bench_host, bench_logs, bench_proxy, bench_workload

ALL = {
    "host": bench_host.main,
    "environment": bench_environment.main,
    "gate": bench_gate.main,
    "logs": bench_logs.main,
    "proxy": bench_proxy.main,
    "workload": bench_workload.main,
}


def main(names: list[str]) -> None:
    """Run those named, or all."""
    for name in names or list(ALL):
        print(f"== {name}")
        ALL[name]([])


main(sys.argv[1:])
