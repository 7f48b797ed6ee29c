"""Waiting for a replica to become ready."""

from __future__ import annotations

import itertools
import threading

import pytest

from harness.clock import ManualClock, SystemClock
from harness.environment.readiness import FIRST_PAUSE, allowance, wait_ready
from harness.errors import CommandTimeout, HostError, NotReady, ReplicaGone
from harness.stack import Healthcheck, command_of
from suites.selftest.environment.fakes import CHECK, GOOD, FakeReplica, UntilWoken, bad, state


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


def never() -> bool:
    return False


def refusal(replica: FakeReplica, clock: ManualClock | SystemClock, check: Healthcheck = CHECK) -> NotReady:
    with pytest.raises(NotReady) as caught:
        wait_ready(replica, check, clock, never)
    return caught.value


# -- what is asked -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("test", "command"),
    [
        (("CMD", "curl", "-f", "a b"), "curl -f 'a b'"),
        (("CMD-SHELL", "curl -f a || exit 1"), "curl -f a || exit 1"),
        (("NONE",), None),
    ],
)
def test_the_health_check_becomes_a_command(test: tuple[str, ...], command: str | None) -> None:
    assert command_of(Healthcheck(test=test)) == command


def test_without_a_health_check_there_is_no_command() -> None:
    assert command_of(None) is None


def test_the_allowance_is_the_start_period_then_every_retry() -> None:
    assert allowance(CHECK) == 3.0 + 5 * 1.0 + 2.0


@pytest.mark.parametrize(("start_interval", "longest"), [(None, [1.0, 1.0]), (0.1, [0.1, 1.0]), (2.0, [2.0, 1.0])])
def test_between_attempts_of_the_start_period_lies_the_start_interval_where_one_is_declared(
    start_interval: float | None, longest: list[float]
) -> None:
    clock, pauses = ManualClock(), list[tuple[bool, float]]()
    began = clock.monotonic()

    def wait(woken: threading.Event, seconds: float) -> bool:
        pauses.append((clock.monotonic() - began < 10.0, seconds))
        return ManualClock.wait(clock, woken, seconds)

    vars(clock)["wait"] = wait
    check = Healthcheck(
        test=("CMD", "x"), interval=1.0, timeout=1.0, retries=9, start_period=10.0, start_interval=start_interval
    )
    refusal(FakeReplica(answers=[bad()]), clock, check)
    assert [max(pause for first, pause in pauses if first is starting) for starting in (True, False)] == longest


# -- ready -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("check", [None, Healthcheck(test=("NONE",))])
def test_without_a_health_check_a_replica_is_ready_and_is_not_asked(
    check: Healthcheck | None, clock: ManualClock
) -> None:
    replica = FakeReplica()
    assert wait_ready(replica, check, clock, never).attempts == 0
    assert replica.asked == []


def test_a_replica_that_is_ready_at_once_costs_no_pause(clock: ManualClock) -> None:
    ready = wait_ready(FakeReplica(), CHECK, clock, never)
    assert (ready.seconds, ready.attempts) == (0.0, 1)


def test_it_is_asked_until_it_is_ready(clock: ManualClock) -> None:
    replica = FakeReplica(answers=[bad(), bad(), bad(), GOOD])
    ready = wait_ready(replica, CHECK, clock, never)
    assert ready.attempts == 4
    assert replica.asked == ["curl -f 'http://x y'"] * 4
    assert ready.seconds == pytest.approx(FIRST_PAUSE * (1 + 1.5 + 1.5**2))


def test_the_pauses_grow_to_the_interval_and_no_further(clock: ManualClock) -> None:
    times: list[float] = []
    replica = FakeReplica(answers=[bad()], on_run=lambda _timeout: times.append(clock.monotonic()))
    refusal(replica, clock)
    pauses = [after - before for before, after in itertools.pairwise(times)]
    assert pauses[0] == pytest.approx(FIRST_PAUSE)
    assert max(pauses) == pytest.approx(CHECK.interval)


def test_an_answer_that_took_too_long_is_one_attempt_among_others(clock: ManualClock) -> None:
    replica = FakeReplica(answers=[CommandTimeout("too long"), GOOD], on_run=clock.advance)
    assert wait_ready(replica, CHECK, clock, never).attempts == 2


# -- not ready ---------------------------------------------------------------------------------------------------------


def test_the_deadlines_message_has_the_command_the_seconds_the_last_answer_and_the_log(clock: ManualClock) -> None:
    replica = FakeReplica(answers=[bad(7, stderr="first"), bad(22, stderr="connection refused\n")])
    error = refusal(replica, clock)
    assert error.what == "web-1 did not become ready while it was waited for"
    assert error.where == "health check of web-1: curl -f 'http://x y'"
    assert error.got == "after 10.0 s: exit code 22: connection refused"
    assert error.expected == "exit code 0"
    assert error.detail == "one\ntwo\n"
    assert replica.lines == 20


def test_the_wait_ends_at_the_deadline_and_the_replica_is_asked_once_more_there(clock: ManualClock) -> None:
    times: list[float] = []
    refusal(FakeReplica(answers=[bad()], on_run=lambda _timeout: times.append(clock.monotonic())), clock)
    assert times[-1] == pytest.approx(allowance(CHECK), abs=0.01)


@pytest.mark.parametrize(
    ("stdout", "stderr", "said"), [("out", "err", "err"), ("out\n", " ", "out"), ("", "", "no output")]
)
def test_the_last_answer_is_what_the_check_said(stdout: str, stderr: str, said: str, clock: ManualClock) -> None:
    error = refusal(FakeReplica(answers=[bad(1, stdout, stderr)]), clock)
    assert str(error.got).endswith(f"exit code 1: {said}")


def test_a_long_answer_is_quoted_from_its_end(clock: ManualClock) -> None:
    error = refusal(FakeReplica(answers=[bad(1, "", "x" * 10_000 + "the end")]), clock)
    assert str(error.got).endswith("the end")
    assert len(str(error.got)) < 600


def test_a_check_that_never_answers_is_said_to(clock: ManualClock) -> None:
    error = refusal(FakeReplica(answers=[CommandTimeout("too long")], on_run=clock.advance), clock)
    assert str(error.got).endswith("no answer within 2 s")


def test_a_replica_that_is_gone_ends_the_wait_at_once_with_its_last_answer(clock: ManualClock) -> None:
    replica = FakeReplica(answers=[bad(), ReplicaGone("web-1 is gone")])
    error = refusal(replica, clock)
    assert "web-1 is gone" in error.what
    assert "exit code 7: refused" in str(error.got)
    assert len(replica.asked) == 2


def test_a_log_that_cannot_be_read_does_not_hide_the_failure(clock: ManualClock) -> None:
    error = refusal(FakeReplica(answers=[bad()], log=HostError("no such container")), clock)
    assert error.detail == "(its log cannot be read: no such container)"
    assert "exit code 7" in str(error.got)


def test_an_empty_log_is_said_to_be_empty(clock: ManualClock) -> None:
    assert refusal(FakeReplica(answers=[bad()], log=""), clock).detail == "(its log is empty)"


def test_a_death_wakes_the_pause() -> None:
    replica = FakeReplica(answers=[bad()])

    def die() -> None:
        replica.states = [state("exited", 1)]
        replica.changed.set()

    timer = threading.Timer(0.05, die)
    timer.start()
    error = refusal(replica, UntilWoken())
    timer.join()
    assert error.what == "web-1 exited with code 1 while it was waited for"


def test_a_wait_that_was_given_up_says_so_and_asks_no_more(clock: ManualClock) -> None:
    replica = FakeReplica(answers=[bad()])
    with pytest.raises(NotReady, match="the wait was given up"):
        wait_ready(replica, CHECK, clock, lambda: len(replica.asked) == 3)
    assert len(replica.asked) == 3


def test_a_wake_that_was_no_death_does_not_make_the_wait_a_busy_one(clock: ManualClock) -> None:
    replica = FakeReplica(answers=[bad()])
    replica.changed.set()  # it died and was started again
    refusal(replica, clock)
    assert len(replica.asked) < 50
