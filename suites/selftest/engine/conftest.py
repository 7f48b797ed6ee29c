"""An engine, an owner with a lease, and images to work with. Nothing here asks a daemon before a test does."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest

from harness.engine.engine import Engine
from harness.engine.labels import Owner
from harness.engine.sweep import sweep


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with Engine.connect() as found:
        yield found


@pytest.fixture
def owner(engine: Engine, request: pytest.FixtureRequest) -> Iterator[Owner]:
    """An environment of this test's own, leased against other runs' sweeps, and nothing left of it afterwards."""
    environment = f"engine-{uuid.uuid4().hex[:8]}"
    found = Owner(run=f"run-{environment}", environment=environment, test=request.node.name)
    engine.leases.acquire(found)
    yield found
    swept = sweep(engine, environment=environment, everything=True, kept=True)
    engine.leases.release(environment)
    assert not swept.problems


@pytest.fixture(scope="module")
def image(engine: Engine) -> str:
    return engine.images.require("debian:bookworm-slim")
