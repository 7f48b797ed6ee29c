"""A program that is kept running answers, and what it does wrong holds nobody up."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from harness import kept
from harness.errors import HostError
from harness.kept import KeptProgram, KeptShell, code_and_text
from suites.selftest.probes.local import LocalStart, until

SOON = 10.0  # s; an answer takes milliseconds


@pytest.fixture
def replica() -> Iterator[LocalStart]:
    made = LocalStart()
    yield made
    for program in made.started:
        program.close()


def asked(shell: KeptShell, line: str) -> kept.Response:
    shell.call(line)
    return shell.answer(time.monotonic() + SOON)


def test_one_program_answers_every_question(replica: LocalStart) -> None:
    shell = KeptShell(replica, "twice() { printf '%s%s' $1 $1; }")
    assert [asked(shell, f"twice {word}").text for word in ("a", "b", "")] == ["aa", "bb", ""]
    assert len(replica.started) == 1
    shell.close()
    assert replica.started[0].process.poll() is not None


def test_a_command_answers_with_its_exit_code_and_both_streams(replica: LocalStart) -> None:
    shell = KeptShell(replica)
    found = []
    for words in (["echo", "it's"], ["sh", "-c", "echo no >&2; exit 7"], ["true"], ["no-such-program"], ["cat"]):
        shell.command(words)
        found.append(code_and_text(shell.answer(time.monotonic() + SOON)))
    assert [one.text for one in found] == ["it's", None, None, None, None]
    assert found[1].error == "exit code 7: no"
    assert found[2].error == "exit code 0 and no answer"
    assert "exit code 127" in (found[3].error or "")
    shell.close()


def test_a_late_answer_is_waited_for_and_belongs_to_its_question(replica: LocalStart) -> None:
    shell = KeptShell(replica)
    assert asked(shell, "echo ready").text == "ready\n"
    shell.call("sleep 0.5; echo first")
    early = shell.answer(time.monotonic() + 0.05)
    assert early.text is None
    assert "no answer within" in (early.error or "")
    shell.call("echo second")  # not sent: the first is still open
    assert shell.answer(time.monotonic() + SOON).text == "first\n"
    assert asked(shell, "echo third").text == "third\n"
    shell.close()


def test_what_hangs_is_ended_and_started_again(replica: LocalStart, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "PATIENCE", 0.2)
    shell = KeptShell(replica)
    assert asked(shell, "echo ready").text == "ready\n"
    shell.call("exec sleep 1000")  # in the place of the shell, which is ended: it leaves nothing
    assert str(shell.answer(time.monotonic() + 0.3).error).startswith("no answer within 0.")
    assert until(lambda: replica.started[0].process.poll() is not None)
    assert asked(shell, "echo again").text == "again\n"
    shell.close()


def test_after_the_third_failure_in_a_row_it_is_tried_less_often() -> None:
    clock = [0.0]
    replica = LocalStart()
    replica.fails = 100
    one = KeptProgram(lambda: replica.start([]), b"x", clock=lambda: clock[0])
    tries = []
    for _ in range(60):
        one.ask(b"?")
        if one._opening is not None:
            one._opening.join()
        heard = one.answer(clock[0] + 1)
        assert heard.error == "backend-1 is paused where: backend-1"
        tries.append(100 - replica.fails)
        clock[0] += 1.0
    assert tries[:4] == [1, 2, 3, 3]
    assert tries[-1] == 3 + 5  # one in ten seconds from then on


def test_a_program_that_ended_says_its_last_words_and_the_next_one_answers(replica: LocalStart) -> None:
    shell = KeptShell(replica)
    assert asked(shell, "echo ready").text == "ready\n"
    assert asked(shell, "echo 'no such role' >&2; exit 2").error == "its program ended: no such role"
    assert asked(shell, "echo back").text == "back\n"
    shell.close()


def test_a_start_that_takes_long_holds_nobody_up_and_is_ended_where_it_comes_too_late(replica: LocalStart) -> None:
    gate = threading.Event()
    replica.before = gate.wait
    shell = KeptShell(replica)
    began = time.monotonic()
    shell.call("echo ready")
    assert shell.answer(began + 0.1).error == "its program is being started"
    assert time.monotonic() - began < 5.0  # a fiftieth of it is meant
    shell.close()
    gate.set()
    assert until(lambda: bool(replica.started) and replica.started[0].process.poll() is not None)


def test_a_refusal_is_an_answer_to_everything_that_was_asked(replica: LocalStart) -> None:
    replica.instead = ["sh", "-c", "while read -r line; do echo NOAUTH Authentication required.; done"]
    one = KeptProgram(lambda: replica.start([]), b"never\n", refused=(b"NOAUTH ",))
    one.ask(b"INFO\nECHO never\n")
    assert one.answer(time.monotonic() + SOON).error == "NOAUTH Authentication required."
    one.close()


def test_an_answer_without_end_is_given_up(replica: LocalStart) -> None:
    replica.instead = ["sh", "-c", "while :; do echo xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx; done"]
    one = KeptProgram(lambda: replica.start([]), b"never\n")
    one.ask(b"")
    heard = one.answer(time.monotonic() + SOON)
    assert heard.text is None
    assert until(lambda: replica.started[0].process.poll() is not None)
    one.close()


def test_a_program_that_failed_too_often_is_tried_at_once_when_its_replica_began_to_run_again() -> None:
    tries, runs = list[int](), 1

    def start() -> kept.Program:
        tries.append(runs)
        raise HostError("the container is gone")

    made = KeptProgram(start, b"$", clock=lambda: 0.0, runs=lambda: runs)

    def ask() -> int:
        made.ask(b"?")
        made.answer(SOON)
        return len(tries)

    assert [ask() for _ in range(kept.MAX_FAILURES + 2)] == [1, 2, 3, 3, 3]
    runs = 2
    assert ask() == kept.MAX_FAILURES + 1
