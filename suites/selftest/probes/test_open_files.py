"""The files of a replica that are deleted and still open: which processes count as hidden."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator

import pytest

from harness.probes.open_files import OpenFiles
from suites.selftest.probes.local import LocalStart

NEVER = 2**22 + 1  # the kernel gives no process a number this high: its files cannot be seen
OWN = os.getpid()


@pytest.fixture
def files() -> Iterator[OpenFiles]:
    made = OpenFiles(LocalStart())
    yield made
    made.close()


def scan(files: OpenFiles, before: list[int], after: list[int]) -> str:
    """What is not seen, by a scan between two looks that saw these processes."""
    end = time.monotonic() + 30.0
    unseen = files.unseen
    while files.deleted is None:
        assert time.monotonic() < end, files.unseen
        files.begin(True, before)
        files.finish(time.monotonic() + 1.0, after)
    assert files.unseen != unseen
    return files.unseen


def test_a_process_that_was_there_before_and_after_and_whose_files_were_not_seen_is_named(files: OpenFiles) -> None:
    assert scan(files, [NEVER], [NEVER]) == "the open files of 1 processes cannot be looked at"


@pytest.mark.parametrize(("before", "after"), [([NEVER, OWN], [OWN]), ([OWN], [OWN, NEVER])], ids=["ended", "began"])
def test_a_process_that_began_or_ended_during_the_scan_is_not_hidden(
    files: OpenFiles, before: list[int], after: list[int]
) -> None:
    assert scan(files, before, after) == ""


def test_without_a_look_before_it_no_scan_is_made(files: OpenFiles) -> None:
    files.begin(True, [])
    files.finish(time.monotonic() + 0.1, [1])
    assert files.deleted is None
    assert files.unseen == "the open files were not looked at yet"
