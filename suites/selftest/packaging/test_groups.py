"""What a module brings up once is brought up once: its tests run on one worker, with the pytest and xdist at hand."""

from __future__ import annotations

import pytest

TESTS = """
import os, pathlib, pytest

@pytest.mark.xdist_group("a group")
@pytest.mark.parametrize("number", range(8))
def test_it(number):
    with open({file!r}, "a") as found:
        found.write(os.environ["PYTEST_XDIST_WORKER"] + "\\n")

@pytest.mark.parametrize("number", range(8))
def test_another(number):
    pass
"""


@pytest.mark.programs
def test_the_tests_of_a_group_run_on_one_worker(pytester: pytest.Pytester) -> None:
    """pytest 9.2 leaves the groups of pytest-xdist 3.8 without effect, and says nothing (pytest-xdist#1386)."""
    file = pytester.path / "workers.txt"
    pytester.makepyfile(test_groups=TESTS.format(file=str(file)))
    pytester.runpytest_subprocess("-n", "2", "--dist", "loadgroup", "-p", "no:cacheprovider").assert_outcomes(passed=16)
    workers = file.read_text().split()
    assert len(workers) == 8
    assert len(set(workers)) == 1
