"""Under pytest, evidence that is taken away is the harness's own fault as well: exit code 3, and the words."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.programs

TESTS = """
    import pytest
    from harness.events import Note
    from harness.plan.run import Options, Run

    @pytest.fixture
    def harness_run(tmp_path):
        with Run(None, Options(out=tmp_path, owner="a test")) as run:
            yield run

    def test_whose_history_is_deleted(harness_run, history):
        history.record(Note("a"))
        history.path.unlink()

    def test_whose_history_stays(harness_run, history):
        history.record(Note("a"))
"""


@pytest.mark.parametrize("workers", [(), ("-n", "2")], ids=["alone", "two workers"])
def test_a_history_that_was_taken_away_ends_pytest_with_3_and_names_it(
    pytester: pytest.Pytester, workers: tuple[str, ...]
) -> None:
    pytester.makepyfile(TESTS)
    result = pytester.runpytest_inprocess("-p", "no:cacheprovider", *workers)
    result.assert_outcomes(passed=2, errors=1)
    assert result.ret == 3
    result.stdout.fnmatch_lines(["*A file of the run was changed while the run wrote to it", "*events.jsonl"])


@pytest.mark.parametrize("workers", [(), ("-n", "2")], ids=["alone", "two workers"])
def test_a_test_that_fails_for_another_reason_ends_it_as_ever(
    pytester: pytest.Pytester, workers: tuple[str, ...]
) -> None:
    pytester.makepyfile("def test_fails():\n    raise ValueError('x')")
    assert pytester.runpytest_inprocess("-p", "no:cacheprovider", *workers).ret == 1
