"""What the tests of activities have in common."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from suites.selftest.chaostoolkit.server import Asked, serving

PASSWORD = "corr3ct-h0rse"


@pytest.fixture
def server() -> Iterator[Asked]:
    with serving() as asked:
        yield asked


@pytest.fixture
def variables(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What the experiments read from the environment."""
    monkeypatch.setenv("CHAOS_WORD", "wonder")
    monkeypatch.setenv("CHAOS_PASSWORD", PASSWORD)
    monkeypatch.setenv("CHAOS_FILE", str(tmp_path / "made"))
