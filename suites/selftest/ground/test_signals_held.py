"""Cleaning up is not interrupted half-way."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator

import pytest

from harness.signals import SIGNALS, uninterrupted


class Came(Exception):
    """The handler from before was called."""


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    """Handlers of the test's own, that a signal which gets through cannot end the whole test run."""

    def come(number: int, frame: object) -> None:
        raise Came

    before = {number: signal.signal(number, come) for number in SIGNALS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def twice_within_a_block(number: int, came: list[str]) -> None:
    with uninterrupted():
        os.kill(os.getpid(), number)
        os.kill(os.getpid(), number)
        came.append("finished")


def once_after_an_inner_block(came: list[str]) -> None:
    with uninterrupted():
        with uninterrupted():
            pass
        os.kill(os.getpid(), signal.SIGINT)
        came.append("finished")


@pytest.mark.parametrize("number", SIGNALS, ids=lambda number: str(number.name))
def test_a_signal_within_the_block_is_answered_and_delivered_after_it(
    number: signal.Signals, capfd: pytest.CaptureFixture[str]
) -> None:
    came: list[str] = []
    with pytest.raises(Came):
        twice_within_a_block(number, came)
    assert came == ["finished"]
    assert capfd.readouterr().err.count("cleaning up; a moment, please") >= 1


@pytest.mark.parametrize("number", SIGNALS, ids=lambda number: str(number.name))
def test_after_the_block_a_signal_does_what_it_did_before(number: signal.Signals) -> None:
    with uninterrupted():
        pass
    with pytest.raises(Came):
        os.kill(os.getpid(), number)


def test_the_handlers_come_back_after_an_exception_too() -> None:
    before = [signal.getsignal(number) for number in SIGNALS]
    with pytest.raises(ValueError, match="x"), uninterrupted():
        raise ValueError("x")
    assert [signal.getsignal(number) for number in SIGNALS] == before


def test_blocks_may_nest() -> None:
    came: list[str] = []
    with pytest.raises(Came):
        once_after_an_inner_block(came)
    assert came == ["finished"]


def test_in_another_thread_the_block_simply_runs() -> None:
    ran: list[bool] = []

    def work() -> None:
        with uninterrupted():
            ran.append(True)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert ran == [True]
