"""Which of the tests that are marked `sampled` run: all of them, or the part that `HARNESS_SAMPLE` names.

A test of a whole gate takes half a minute, and there are many; likewise many cases of one claim. CI runs a sixth of
them for each commit, so that a verdict comes in time; `tox run -e soak` runs all. The commit's hash decides which
part: the same commit always has the same tests, and none is left out for long.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence

import pytest

SAMPLE = "HARNESS_SAMPLE"
LEFT_OUT = pytest.StashKey[int]()


def sampled(names: Sequence[str], sample: str) -> list[str]:
    """The tests that run, of all that are marked.

    Args:
        names: their node ids, in any order.
        sample: `K/N` for every N-th of them in order of their names, from the K-th modulo N on, so that neighbours in a
            file are in different parts; empty for all.

    Raises:
        ValueError: it is something else.
    """
    if not sample:
        return list(names)
    found = re.fullmatch(r"(\d+)/([1-9]\d*)", sample)
    if found is None:
        raise ValueError(f"{SAMPLE} is K/N, as in 2/6 for the third part, or empty for all, not {sample!r}")
    first, parts = (int(number) for number in found.groups())
    return sorted(names)[first % parts :: parts]


def pytest_report_header() -> str:
    part = os.environ.get(SAMPLE, "")
    return f"tests marked `sampled`: part {part} ({SAMPLE}); tox run -e soak runs all" if part else ""


@pytest.hookimpl(trylast=True)  # of the tests that -m has left
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what is not in this part of the long tests."""
    long = [item.nodeid for item in items if item.get_closest_marker("sampled") is not None]
    try:
        chosen = set(sampled(long, os.environ.get(SAMPLE, "")))
    except ValueError as error:
        raise pytest.UsageError(str(error)) from None
    others = set(long) - chosen
    config.stash[LEFT_OUT] = len(others)
    config.hook.pytest_deselected(items=[item for item in items if item.nodeid in others])
    items[:] = [item for item in items if item.nodeid not in others]


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """A run whose every test belongs to another commit's part has done what it was asked to: that is no failure.

    pytest ends with 5 when no test ran. Where nothing was selected in the first place, it still does.
    """
    if exitstatus == pytest.ExitCode.NO_TESTS_COLLECTED and session.config.stash.get(LEFT_OUT, 0):
        session.exitstatus = pytest.ExitCode.OK
