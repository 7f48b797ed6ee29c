"""Files, while they are written and afterwards."""

from __future__ import annotations

import errno
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

from harness.selftest.seams.files import AT_REST_ACTIONS, spoil_at_rest

# In a process of its own, since the seam replaces what all of Python writes with.
PROGRAM = """
import os, sys
from pathlib import Path
from harness.selftest.seams import files
from harness.selftest.seams.trigger import SeamSpec, Trigger
target, action = sys.argv[1:]
files.install(Trigger(SeamSpec(target + "-writes", action, "startup", count=2), "touches"))
data = b"0123456789\\n"
def say(call):
    try:
        print(call())
    except OSError as error:
        print("errno", error.errno)
file = os.open("events.jsonl", os.O_WRONLY | os.O_CREAT)
say(lambda: os.pwrite(file, data, 0))
samples = os.open("samples-h1.bin", os.O_WRONLY | os.O_CREAT)
say(lambda: os.write(samples, data))
say(lambda: Path("readback-1.json").write_text("0123456789"))
with open("promises-h1.jsonl", "ab") as promises:
    say(lambda: promises.write(data))
Path("other.txt").write_text("0123456789")
"""
WRITTEN = {"history": "events.jsonl", "samples": "samples-h1.bin", "readback": "readback-1.json",
           "promises": "promises-h1.jsonl"}  # fmt: skip


def written(tmp_path: Path, target: str, action: str) -> tuple[list[str], dict[str, bytes]]:
    """What the program printed, and what it wrote."""
    command = [sys.executable, "-c", PROGRAM, target, action]
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout.split("\n")[:-1], {path.name: path.read_bytes() for path in tmp_path.iterdir()}


@pytest.mark.parametrize(
    ("target", "action"),
    [
        ("history", "garble"),
        ("samples", "truncate"),
        ("samples", "drop"),
        ("readback", "drop"),
        ("promises", "duplicate"),
    ],
)
def test_a_write_is_told_to_be_done_and_something_else_is_in_that_file_alone(
    tmp_path: Path, target: str, action: str
) -> None:
    said, files = written(tmp_path, target, action)
    assert said == ["11", "11", "10", "11"]
    for name, found in files.items():
        if name != "touches":
            whole = found.strip() == b"0123456789"
            assert whole is (name != WRITTEN[target]), (name, found)
    assert len(files["touches"].splitlines()) == 1


def test_a_full_disk_is_told(tmp_path: Path) -> None:
    said, files = written(tmp_path, "samples", "full")
    assert said == ["11", f"errno {errno.ENOSPC}", "10", "11"]
    assert files["samples-h1.bin"] == b""


@pytest.mark.parametrize("action", AT_REST_ACTIONS)
@pytest.mark.parametrize("name", ["events.jsonl", "samples-h1.bin", "readback-3.json"])
def test_a_file_that_lies_there_is_another_one_afterwards(tmp_path: Path, name: str, action: str) -> None:
    data = b'{"v": 1}\n{"v": 2, "more": "of it"}\n' * 40
    for seed in range(20):
        path = tmp_path / name
        path.write_bytes(data)
        said = spoil_at_rest(path, action, random.Random(seed))
        assert said.startswith(name)
        if action == "drop":
            assert not path.exists()
        else:
            assert path.read_bytes() != data


def test_who_holds_a_file_open_still_writes_into_it_after_it_was_garbled_or_cut(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_bytes(b"0123456789\n" * 10)
    file = os.open(path, os.O_WRONLY | os.O_APPEND)
    for action in ("garble", "truncate", "duplicate"):
        spoil_at_rest(path, action, random.Random(1))
        os.write(file, action.encode())
        assert path.read_bytes().endswith(action.encode())
    os.close(file)
