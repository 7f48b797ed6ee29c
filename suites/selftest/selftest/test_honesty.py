"""A run that is over, whose files are spoilt before it is judged again."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.selftest.honesty import _spoil_saved
from harness.selftest.seams.trigger import SAVED, SeamSpec


@pytest.mark.parametrize("target", ["history", "samples", "promises", "readback"])
def test_a_file_of_a_saved_run_is_spoilt_and_the_others_are_not(tmp_path: Path, target: str) -> None:
    run = tmp_path / "runs/20120404-004500-3f9a"
    run.mkdir(parents=True)
    names = ("events.jsonl", "samples-h1.bin", "promises-h1.jsonl", "readback-7.json", "report.html")
    for name in names:
        (run / name).write_bytes(b'{"a": "line"}\n' * 40)
    (tmp_path / "runs/latest").symlink_to(run.name)
    touches = _spoil_saved(run, SeamSpec(f"{target}-file", "truncate", SAVED, seed=3))
    assert len(touches) == 1
    changed = [name for name in names if (run / name).read_bytes() != b'{"a": "line"}\n' * 40]
    assert len(changed) == 1
    assert changed[0].startswith({"history": "events"}.get(target, target))


def test_a_run_that_has_no_such_file_is_not_spoilt(tmp_path: Path) -> None:
    run = tmp_path / "runs/one"
    run.mkdir(parents=True)
    (run / "readback-7.json").touch()
    assert _spoil_saved(run, SeamSpec("readback-file", "drop", SAVED)) == []
