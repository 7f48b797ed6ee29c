"""`harness judge` as a person calls it, on saved runs that are made here."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from suites.selftest.plan.test_judging import saved


def judge(*words: str | Path) -> subprocess.CompletedProcess[str]:
    """In a process of its own, with no engine to be found."""
    return subprocess.run(
        [sys.executable, "-m", "harness", "judge", *map(str, words)],
        capture_output=True, text=True, timeout=60, check=False,
        env={**os.environ, "DOCKER_HOST": "unix:///nowhere/docker.sock", "COLUMNS": "80"},
    )  # fmt: skip


@pytest.fixture
def run(tmp_path: Path) -> Path:
    saved(tmp_path / "run" / "events.jsonl", "1.0", "1.1").close()
    return tmp_path / "run"


def test_it_says_what_changed_and_exits_as_todays_verdict(run: Path) -> None:
    found = judge(run)
    assert found.returncode == 1, found.stderr
    assert "release (p): pass then, fail now" in found.stdout
    assert "1 of 1 verdicts given again" in found.stdout
    assert (run / "judged" / "junit.xml").exists()


def test_the_saved_run_stays_as_it_is(run: Path) -> None:
    before = (run / "events.jsonl").read_bytes()
    judge(run)
    assert (run / "events.jsonl").read_bytes() == before
    assert not (run / "junit.xml").exists()


def test_reports_go_where_they_are_wanted(run: Path, tmp_path: Path) -> None:
    judge(run / "events.jsonl", "--out", tmp_path / "there")
    assert (tmp_path / "there" / "summary.md").exists()


def test_a_torn_run_is_judged_as_far_as_it_goes_and_is_no_pass(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    saved(path).close()
    path.write_bytes(path.read_bytes()[:-20])
    found = judge(path)
    assert found.returncode == 2, found.stderr
    assert "did not come to its end" in found.stdout


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("not a history\n", "damaged, or is not one"),
        ('{"v":99,"id":0,"t":0,"s":0,"kind":"run.start","data":{}}\n', "newer version"),
    ],
)
def test_what_is_no_history_is_told_in_words_without_a_traceback(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "events.jsonl").write_text(text)
    found = judge(tmp_path)
    assert found.returncode in (3, 4)
    assert words in found.stderr
    assert "Traceback" not in found.stderr
