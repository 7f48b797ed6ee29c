"""What every suite shares: where the reference stack is, and which tests need a container engine."""

from __future__ import annotations

import pytest

pytest_plugins = ["fixtures.pytest_stacks", "pytester"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test that uses an environment needs an engine, whether it says so or not."""
    for item in items:
        if {"environment", "harness_engine"} & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.containers)
