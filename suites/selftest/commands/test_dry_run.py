"""`harness gate --dry-run` is quick: it loads nothing that only a run needs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from fixtures import reference, rolling

pytestmark = pytest.mark.programs

# What talks to an engine, a proxy or a replica; and what checks reckon with.
OF_A_RUN = ("docker", "requests", "urllib3", "testinfra", "asyncio", "harness.engine", "harness.environment", "numpy")
# An import of one of these fails, and the traceback tells who asked for it.
CODE = """
import sys
sys.modules.update(dict.fromkeys(sys.argv.pop(1).split(",")))
from harness.cli import run
sys.exit(run(sys.argv[1:]))
"""


def dry_run(without: tuple[str, ...], stack: Path, *options: str) -> subprocess.CompletedProcess[str]:
    words = ["-v", "gate", str(stack), "--dry-run", *options]
    return subprocess.run(
        [sys.executable, "-c", CODE, ",".join(without), *words], capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(
    ("stack", "options"),
    [(reference.STACK, ()), (reference.STACK, ("--faults", "full")), (rolling.STACK, ("--recovery", "--soak", "10m"))],
    ids=["commands", "faults", "strategy"],
)
def test_a_dry_run_loads_neither_the_docker_sdk_nor_numpy_nor_what_else_only_a_run_needs(
    stack: Path, options: tuple[str, ...]
) -> None:
    done = dry_run(OF_A_RUN, stack, *options)
    assert done.returncode == 0, done.stderr
    assert "1. take a fingerprint" in done.stdout


def test_what_a_dry_run_would_load_is_told_with_who_asked_for_it() -> None:
    """Else the test above could not fail."""
    done = dry_run(("harness.plan.steps",), reference.STACK)
    assert done.returncode == 3
    assert "harness/plan/plan.py" in done.stderr
