"""`harness judge` as a person calls it, on saved runs that are made here."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from harness.clock import ManualClock
from harness.events import RunEnd
from harness.history import History
from suites.raw import raw
from suites.selftest.commands.inside import called
from suites.selftest.commands.support import Ended
from suites.selftest.plan.test_judging import saved


def judge(*words: str | Path) -> Ended:
    """With no engine to be found."""
    environ = {**os.environ, "DOCKER_HOST": "unix:///nowhere/docker.sock", "COLUMNS": "80"}
    return Ended(*called(["judge", *words], Path.cwd(), environ))


@pytest.fixture
def run(tmp_path: Path) -> Path:
    saved(tmp_path / "run" / "events.jsonl", "1.0", "1.1").close()
    return tmp_path / "run"


def test_it_says_what_changed_and_exits_as_todays_verdict(run: Path) -> None:
    found = judge(run)
    assert found.code == 1, found.err
    assert "release (p): pass then, fail now" in found.out
    assert "1 of 1 verdicts judged again" in found.out
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
    assert found.code == 2, found.err
    assert "did not come to its end" in found.out


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
    assert found.code in (3, 4)
    assert words in found.err
    assert "Traceback" not in found.err


def test_a_history_without_its_end_is_told_although_it_is_a_fail(run: Path) -> None:
    lines = (run / "events.jsonl").read_text().splitlines(keepends=True)
    (run / "events.jsonl").write_text("".join(lines[:-1]))
    found = judge(run)
    assert found.code == 1
    assert "the history has no run.end" in found.out


def test_a_run_whose_samples_are_gone_is_no_pass_and_says_what_is_missing(tmp_path: Path) -> None:
    history = saved(tmp_path / "events.jsonl")
    history.record(raw("workload.start", environment="h1", file="samples-h1.bin"))
    history.close()
    found = judge(tmp_path)
    assert found.code == 2, found.out
    assert "release (p): pass" not in found.out, "the check itself has all that it needs"
    assert "evidence is missing" in found.out
    assert f"missing evidence: The samples cannot be read: {tmp_path / 'samples-h1.bin'}: No such file" in found.out


def test_a_history_that_was_changed_after_its_end_is_refused_in_words(tmp_path: Path) -> None:
    history = History(tmp_path / "events.jsonl", ManualClock())
    history.record(raw("note", text="as it was"))
    history.end(RunEnd(outcome="pass", reason="", exit_code=0))
    history.close()
    (tmp_path / "events.jsonl").write_text((tmp_path / "events.jsonl").read_text().replace("as it was", "as it is"))
    found = judge(tmp_path)
    assert found.code == 3
    assert "changed after the run had ended" in found.err
    assert "Traceback" not in found.err
