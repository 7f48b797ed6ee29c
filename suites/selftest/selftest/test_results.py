"""The file of results."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.errors import UsageError
from harness.selftest.results import Results
from suites.selftest.selftest.made import result

ABOUT = {"self-test": "honesty", "seed": 1}


def test_results_are_there_again_when_the_table_goes_on(tmp_path: Path) -> None:
    first = Results(tmp_path / "out", ABOUT)
    one, two = result(0, findings=("hang: long",), details={"a": 1}), result(7, 2)
    first.add(two)
    first.add(one)
    again = Results(tmp_path / "out", ABOUT)
    assert again.all == (one, two)
    assert again.get(7) == two
    assert again.get(1) is None


def test_a_line_without_its_end_is_cut_off_and_written_again(tmp_path: Path) -> None:
    first = Results(tmp_path, ABOUT)
    first.add(result(0))
    whole = first.path.read_text()
    first.path.write_text(whole + json.dumps(result(1).to_data())[:-5])
    again = Results(tmp_path, ABOUT)
    assert again.get(1) is None
    again.add(result(1))
    assert [one.n for one in Results(tmp_path, ABOUT).all] == [0, 1]


def test_a_file_that_was_torn_in_its_first_line_begins_once_more(tmp_path: Path) -> None:
    first = Results(tmp_path, ABOUT)
    first.path.write_text('{"table"')
    Results(tmp_path, ABOUT).add(result(3))
    assert [one.n for one in Results(tmp_path, ABOUT).all] == [3]


def test_the_results_of_another_table_are_refused_with_what_differs(tmp_path: Path) -> None:
    Results(tmp_path, ABOUT)
    with pytest.raises(UsageError, match="of another table") as raised:
        Results(tmp_path, {**ABOUT, "seed": 2})
    assert "seed 1, not 2" in str(raised.value)


@pytest.mark.parametrize("text", ["nonsense\n", "[]\n", '{"table": {"self-test": "honesty", "seed": 1}}\n{"n": 1}\n'])
def test_what_is_no_file_of_results_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "results.jsonl").write_text(text)
    with pytest.raises(UsageError, match="not a file of results"):
        Results(tmp_path, ABOUT)
