"""CI runs a part of the long tests: each is in one part, and the same commit has the same part."""

from __future__ import annotations

import random
import subprocess
from collections.abc import Callable

import pytest

from suites.sampling import SAMPLE, sampled
from suites.selftest.packaging.conftest import ROOT

NAMES = [f"suites/test_{file}.py::test_{number}" for file in "abc" for number in range(7)]


@pytest.mark.parametrize("parts", [1, 2, 3, 4, 30])
def test_each_test_is_in_one_part(parts: int) -> None:
    found = [name for part in range(parts) for name in sampled(NAMES, f"{part}/{parts}")]
    assert sorted(found) == sorted(NAMES)


def test_the_parts_are_of_equal_size_and_spread_over_the_files() -> None:
    for part in range(4):
        found = sampled(NAMES, f"{part}/4")
        assert len(found) in {5, 6}
        assert {name.partition("::")[0] for name in found} == {name.partition("::")[0] for name in NAMES}


def test_the_order_of_collection_does_not_matter() -> None:
    shuffled = random.Random(1).sample(NAMES, len(NAMES))
    assert sampled(shuffled, "6/4") == sampled(NAMES, "2/4")


def test_without_a_sample_all_run() -> None:
    assert sampled(NAMES, "") == NAMES


@pytest.mark.parametrize("wrong", ["4", "1/0", "-1/4", "a/b", "1/4/2", " "])
def test_what_is_no_sample_is_refused(wrong: str) -> None:
    with pytest.raises(ValueError, match=f"{SAMPLE} is K/N"):
        sampled(NAMES, wrong)


def test_ci_takes_the_part_that_the_commit_names() -> None:
    script = (ROOT / ".ci/run").read_text()
    (line,) = (line for line in script.splitlines() if SAMPLE in line)
    wanted = subprocess.run(
        ["bash", "-c", f"{line}; printf %s ${SAMPLE}"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    assert len(sampled(NAMES, wanted)) in {3, 4}
    named = subprocess.run(
        ["bash", "-c", f"export {SAMPLE}=3/9; {line}; printf %s ${SAMPLE}"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert named.stdout == "3/9", "what somebody asks for goes first"


MARKED = """
import pytest

@pytest.mark.parametrize("number", range(4))
@pytest.mark.sampled
@pytest.mark.alone
def test_long(number): ...

@pytest.mark.sampled
@pytest.mark.alone
@pytest.mark.single
def test_single(): ...

def test_short(): ...
"""


@pytest.fixture
def ended(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Callable[..., pytest.RunResult]:
    """A session of pytest over `MARKED` with a part of the sample, and what else it is called with."""
    pytester.makepyfile(test_marked=MARKED)

    def run(part: str, *words: str) -> pytest.RunResult:
        monkeypatch.setenv(SAMPLE, part)
        return pytester.runpytest_inprocess("-p", "suites.sampling", "-p", "no:xdist", "-p", "no:cacheprovider", *words)

    return run


def test_the_sample_is_taken_of_what_was_selected(ended: Callable[..., pytest.RunResult]) -> None:
    ended("0/4").assert_outcomes(passed=3, deselected=3)
    ended("0/4", "-m", "single").assert_outcomes(passed=1, deselected=5)
    ended("", "-m", "alone").assert_outcomes(passed=5, deselected=1)


def test_a_run_whose_tests_are_all_of_another_part_is_no_failure(ended: Callable[..., pytest.RunResult]) -> None:
    assert ended("1/4", "-m", "single").ret == pytest.ExitCode.OK


def test_a_run_that_selects_nothing_is_one(ended: Callable[..., pytest.RunResult]) -> None:
    assert ended("1/4", "-m", "misspelt").ret == pytest.ExitCode.NO_TESTS_COLLECTED
    assert ended("", "-m", "misspelt").ret == pytest.ExitCode.NO_TESTS_COLLECTED
    assert ended("1/4", "-k", "none_is_called_so").ret == pytest.ExitCode.NO_TESTS_COLLECTED


def test_a_failure_stays_one(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    pytester.makepyfile(test_marked=MARKED.replace("def test_short(): ...", "def test_short(): assert False"))
    monkeypatch.setenv(SAMPLE, "1/9")
    ended = pytester.runpytest_inprocess("-p", "suites.sampling", "-p", "no:xdist", "-p", "no:cacheprovider")
    assert ended.ret == pytest.ExitCode.TESTS_FAILED
