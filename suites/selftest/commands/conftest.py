"""A world for each test, an engine to look with, and the tiny stack's images."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from fixtures import tiny
from harness.engine import Engine
from harness.engine.sweep import sweep
from suites.selftest.commands.support import World, left_on


@pytest.fixture(scope="session")
def engine() -> Iterator[Engine]:
    with Engine.connect({**os.environ}) as found:
        yield found


@pytest.fixture(scope="session")
def images(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> None:
    ended = World(tmp_path_factory.mktemp("images")).harness("images", "build", tiny.STACK, timeout=500)
    assert ended.code == 0, ended.text


@pytest.fixture
def bare(tmp_path: Path) -> World:
    """For commands that need no engine."""
    return World(tmp_path)


@pytest.fixture
def world(tmp_path: Path, engine: Engine, images: None) -> Iterator[World]:
    """For commands on the engine; whatever a failing test leaves there is removed afterwards."""
    found = World(tmp_path)
    yield found
    found.close()
    for run in found.directories():
        if left_on(engine, found):
            sweep(engine, run=run.name, everything=True, kept=True)
