"""A pytest plugin: many small tests should cost little beside what they test."""

from __future__ import annotations

import contextlib
import gc
import itertools
import re
from collections import defaultdict
from collections.abc import Generator, Iterator
from importlib import import_module
from pathlib import Path

import pytest

LONG = 200  # characters of a parameter

NUMBERS: dict[str, Iterator[int]] = defaultdict(itertools.count)  # of the directories of tests, by their names


@pytest.hookimpl(wrapper=True)
def pytest_collection(session: pytest.Session) -> Generator[None, object, object]:
    """What is imported stays until the end, so the collector of garbage never looks at it: that is a tenth of the time
    of the tests that start nothing.
    """
    gc.disable()
    try:
        import_from_the_end(session.config)
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def import_from_the_end(config: pytest.Config) -> None:
    """Every other xdist worker imports the tests from the last one on, where all are collected: in a fresh clone each
    then compiles half of them, and finds the rest done by its neighbour.
    """
    worker = getattr(config, "workerinput", {}).get("workerid", "gw0")
    if int(worker.removeprefix("gw")) % 2 == 0 or config.args != config.getini("testpaths"):
        return
    for file in sorted((config.rootpath / "suites" / "selftest").rglob("test_*.py"), reverse=True):
        with contextlib.suppress(Exception, pytest.skip.Exception):  # the collection says what is wrong with it
            import_module(".".join(file.relative_to(config.rootpath).with_suffix("").parts))


def pytest_make_parametrize_id(val: object) -> str | None:
    """A text of a million characters is no name: workers tell it in every report; programs inherit it."""
    return f"{val[:40]!r}, {len(val)} long" if isinstance(val, str | bytes) and len(val) > LONG else None


@pytest.fixture
def tmp_path(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As pytest's own, whose next number takes a look at every directory that there is already: thousands."""
    name = re.sub(r"\W", "_", request.node.name)[:30]
    for number in NUMBERS[name]:
        with contextlib.suppress(FileExistsError):  # pytester numbers its own
            return tmp_path_factory.mktemp(f"{name}{number}", numbered=False)
    raise AssertionError("there is always another number")
