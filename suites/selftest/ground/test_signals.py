"""The first signal unwinds, the second one hurries, the third one ends the process; a held one is delivered later."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness import signals
from harness.errors import NoEngine, NotReady
from harness.history import read

pytestmark = pytest.mark.programs


@pytest.fixture(autouse=True)
def restored(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in signals.SIGNALS}
    monkeypatch.setattr(signals, "APART", 0.0)  # tests press faster than people do
    yield
    signals._heard.reset()
    for number, handler in before.items():
        signal.signal(number, handler)


def test_the_first_unwinds_and_the_second_unwinds_in_a_hurry(capfd: pytest.CaptureFixture[str]) -> None:
    signals.install()
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)
    assert signals.asked_to_end()
    assert not signals.hurried()
    with pytest.raises(signals.Terminated):
        signal.raise_signal(signal.SIGTERM)
    assert signals.hurried()
    assert capfd.readouterr().err == signals.HURRY


def test_what_a_wrapper_passes_on_a_moment_later_is_the_same_signal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signals, "APART", 60.0)
    signals.install()
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)
    for number in signals.SIGNALS:
        signal.raise_signal(number)
    assert not signals.hurried()


def test_a_second_one_within_a_held_block_hurries_and_interrupts_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    hurried: list[bool] = []

    def twice() -> None:
        with signals.uninterrupted():
            for _ in range(2):
                signal.raise_signal(signal.SIGINT)
                hurried.append(signals.hurried())

    signals.install()
    with pytest.raises(KeyboardInterrupt):
        twice()
    assert hurried == [False, True]
    assert capfd.readouterr().err == signals.PATIENCE + signals.HURRY


THIRD = """
import signal, sys, threading
from harness import signals
from harness.events import RunError
from harness.history import History
from pathlib import Path
signals.APART = 0.0
history = History(Path(sys.argv[1]))
if {install}:
    signals.install()
with signals.last_words(lambda number: history.record(RunError("", "", 128 + number))):
    try:
        with signals.uninterrupted():
            for _ in range(3):
                signal.raise_signal(signal.{name})
    finally:
        print("cleaned up")
"""


@pytest.mark.parametrize("install", [True, False], ids=["installed", "pytest's own handlers"])
@pytest.mark.parametrize("number", signals.SIGNALS, ids=lambda number: str(number.name))
def test_a_third_one_ends_at_once_even_in_a_held_block_and_the_history_is_told(
    tmp_path: Path, number: signal.Signals, install: bool
) -> None:
    script = THIRD.format(name=number.name, install=install)
    call = [sys.executable, "-c", script, str(tmp_path / "events.jsonl")]
    ended = subprocess.run(call, capture_output=True, text=True, check=False, timeout=60)
    assert ended.returncode == 128 + number, ended.stderr
    assert ended.stdout == ""
    assert ended.stderr == signals.PATIENCE + signals.HURRY + signals.AT_ONCE
    assert [event.data["exit_code"] for event in read(tmp_path / "events.jsonl")] == [128 + number]


def test_last_words_that_hang_do_not_keep_the_process() -> None:
    script = THIRD.format(name="SIGINT", install=True).replace(
        'history.record(RunError("", "", 128 + number))', "threading.Event().wait()"
    )
    began = time.monotonic()
    ended = subprocess.run([sys.executable, "-c", script, "/dev/null"], capture_output=True, check=False, timeout=60)
    assert ended.returncode == 130
    assert time.monotonic() - began >= signals.LAST_WORDS


def test_when_all_is_done_a_signal_ends_with_the_code_that_was_found() -> None:
    script = "import signal; from harness import signals; signals.install(); signals.over(2); "
    ended = subprocess.run([sys.executable, "-c", script + "signal.raise_signal(signal.SIGINT)"], check=False)
    assert ended.returncode == 2


def test_an_error_of_the_cleaning_up_does_not_take_the_place_of_an_interrupt() -> None:
    def close() -> None:
        raise NotReady("the shell does not end")

    def interrupted() -> None:
        try:
            signal.raise_signal(signal.SIGINT)
        except BaseException as error:
            with signals.cleaning_up_after(error):
                close()
            raise

    signals.install()
    with pytest.raises(KeyboardInterrupt) as raised:
        interrupted()
    assert raised.value.__notes__ == ["and while cleaning up: the shell does not end"]


def test_an_error_of_the_cleaning_up_after_nothing_is_raised() -> None:
    with pytest.raises(NotReady), signals.cleaning_up_after(None):
        raise NotReady("the shell does not end")


def test_an_interrupt_of_the_cleaning_up_after_an_error_is_raised() -> None:
    with pytest.raises(KeyboardInterrupt), signals.cleaning_up_after(NotReady("x")):
        raise KeyboardInterrupt


def test_an_interrupt_that_was_lost_is_raised_again(monkeypatch: pytest.MonkeyPatch) -> None:
    class Swallows:
        def __del__(self) -> None:
            signal.raise_signal(signal.SIGINT)  # Python writes "Exception ignored in" and goes on

    ignored: list[object] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda one: ignored.append(one.exc_type))
    signals.install()
    Swallows()
    assert ignored == [KeyboardInterrupt]
    with pytest.raises(KeyboardInterrupt):
        signals.check()


def test_an_interrupt_that_unwinds_is_not_raised_again() -> None:
    reached: list[bool] = []

    def unwinding() -> None:
        try:
            signal.raise_signal(signal.SIGINT)
        finally:
            signals.check()
            reached.append(True)

    signals.install()
    with pytest.raises(KeyboardInterrupt):
        unwinding()
    assert reached == [True]


def test_a_wait_ends_soon_after_the_first_signal_and_at_once_after_the_second() -> None:
    def waiting() -> None:
        with signals.uninterrupted():
            signal.raise_signal(signal.SIGINT)
            began = time.monotonic()
            assert not signals.wait_for(threading.Event(), ending=0.3)
            assert time.monotonic() - began >= 0.3
            signal.raise_signal(signal.SIGINT)
            assert not signals.wait_for(threading.Event(), ending=600.0)

    signals.install()
    with pytest.raises(KeyboardInterrupt):
        waiting()


def test_a_wait_that_is_over_says_so() -> None:
    done = threading.Event()
    threading.Timer(0.05, done.set).start()
    assert signals.wait_for(done, ending=0.0)
    assert not signals.wait_for(threading.Event(), ending=0.0, seconds=0.05)


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
