"""The first signal unwinds, later ones are answered, and a held one is delivered afterwards."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest

from harness import signals
from harness.errors import NoEngine, NotReady


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in signals.SIGNALS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def test_the_first_unwinds_and_the_second_is_answered(capfd: pytest.CaptureFixture[str]) -> None:
    signals.install()
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)
    signal.raise_signal(signal.SIGTERM)
    signal.raise_signal(signal.SIGINT)
    assert capfd.readouterr().err.count("cleaning up") == 2


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_termination_has_the_exit_code_of_its_signal(number: int, code: int) -> None:
    signals.install()
    with pytest.raises(signals.Terminated) as raised:
        signal.raise_signal(number)
    assert signals.exit_code_of(raised.value) == code


def test_exit_codes_are_those_of_the_error() -> None:
    found = [signals.exit_code_of(error) for error in (KeyboardInterrupt(), NotReady("x"), NoEngine("x"), ValueError())]
    assert found == [130, 2, 3, 3]


def test_what_ended_a_command_is_told_in_words() -> None:
    ended = (KeyboardInterrupt(), signals.Terminated(), signals.Terminated(signal.SIGHUP), ValueError("x"))
    assert [signals.in_words(error) for error in ended] == [
        "interrupted by Ctrl-C", "interrupted by SIGTERM", "interrupted by SIGHUP", "ValueError",
    ]  # fmt: skip


def test_a_signal_that_is_ignored_stays_ignored() -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signals.install()
    signal.raise_signal(signal.SIGHUP)


def hold(done: list[str], error: Exception | None = None) -> None:
    """A part that must not be left half-way, with a signal in its middle."""
    with signals.uninterrupted():
        signal.raise_signal(signal.SIGINT)
        done.append("the rest")
        if error is not None:
            raise error


def test_a_held_signal_is_delivered_once_the_block_is_over() -> None:
    signals.install()
    done: list[str] = []
    with pytest.raises(KeyboardInterrupt):
        hold(done)
    assert done == ["the rest"]


def test_a_held_signal_is_delivered_over_an_ordinary_error() -> None:
    signals.install()
    with pytest.raises(KeyboardInterrupt):
        hold([], NotReady("web-1 did not become ready"))


def test_a_held_signal_is_not_delivered_into_an_end_that_is_under_way() -> None:
    signals.install()
    done: list[str] = []

    def ending() -> None:
        try:
            signal.raise_signal(signal.SIGTERM)
        finally:
            hold(done)

    with pytest.raises(signals.Terminated):
        ending()
    assert done == ["the rest"]
