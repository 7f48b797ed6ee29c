"""What a testinfra command costs over the replica's open shell and over testinfra's own Docker backend.

    python -m suites.bench.bench_host [--rounds 200]

Needs an engine and, for the second half, the docker command line. Prints p50 and p95 in milliseconds.
"""

from __future__ import annotations

import argparse
import os
import shutil
import time
from collections.abc import Callable
from typing import Any

import testinfra

from harness.engine import Engine
from harness.engine.process import Api
from harness.environment.host import host
from harness.environment.shell import Shell
from suites.selftest.environment.conftest import BASE, running

QUESTIONS: dict[str, Callable[[Any], Any]] = {
    "a builtin (true)": lambda h: h.run("true"),
    "a command that forks (ls /)": lambda h: h.run("ls /"),
    "file.exists": lambda h: h.file("/etc/passwd").exists,
}


def measure(question: Callable[[Any], Any], asked: Any, rounds: int) -> tuple[float, float]:
    """p50 and p95 in milliseconds, after one round that is not counted."""
    question(asked)
    times = []
    for _ in range(rounds):
        began = time.perf_counter()
        question(asked)
        times.append((time.perf_counter() - began) * 1000)
    times.sort()
    return times[len(times) // 2], times[int(len(times) * 0.95)]


def main(arguments: list[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=200, help="commands over the open shell; a tenth over stock")
    rounds = parser.parse_args(arguments).rounds
    with Engine.connect() as engine:
        os.environ.setdefault("DOCKER_HOST", engine.endpoint.url)  # for testinfra's own backend, which calls docker
        side_by_side(engine.api, rounds)


def side_by_side(api: Api, rounds: int) -> None:
    """Measure ours and, where the docker command line is, the stock backend."""
    with running(api, BASE, ["sleep", "100000"]) as container, Shell(api, container, "backend-1") as shell:
        began = time.perf_counter()
        shell.run("true")
        print(f"opening the shell and its first command: {(time.perf_counter() - began) * 1000:.0f} ms")
        stock = testinfra.get_host(f"docker://{container}") if shutil.which("docker") else None
        print(f"{'ms':30}{'ours p50':>10}{'p95':>8}{'stock p50':>12}{'p95':>8}{'ratio':>8}")
        for name, question in QUESTIONS.items():
            ours = measure(question, host(shell), rounds)
            line = f"{name:30}{ours[0]:10.2f}{ours[1]:8.2f}"
            if stock is not None:
                theirs = measure(question, stock, max(rounds // 10, 5))
                line += f"{theirs[0]:12.1f}{theirs[1]:8.1f}{theirs[0] / ours[0]:7.0f}x"
            print(line)
    api.close()


if __name__ == "__main__":
    main()
