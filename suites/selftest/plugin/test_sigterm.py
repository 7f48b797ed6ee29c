"""SIGTERM under pytest unwinds once; what is taken down then hears the further ones."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest

from harness import plugin, signals


@pytest.fixture(autouse=True)
def taken_over(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(signals, "APART", 0.0)
    before = signal.signal(signal.SIGTERM, plugin._terminate)
    yield
    signal.signal(signal.SIGTERM, before)


def test_the_first_sigterm_unwinds_and_the_next_one_interrupts_nothing() -> None:
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGTERM)
    signal.raise_signal(signal.SIGTERM)


def test_an_environment_that_is_taken_down_hears_the_next_ones() -> None:
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGTERM)
    with signals.uninterrupted():
        signal.raise_signal(signal.SIGTERM)
        assert signals.asked_to_end()
        signal.raise_signal(signal.SIGTERM)
        assert signals.hurried()
    assert not signals.asked_to_end(), "the next environment counts for itself"
