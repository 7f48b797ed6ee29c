"""Readiness: health checks run by the harness itself, in the replica's own shell, woken by the engine's events.

The daemon's own health checks are switched off. Theirs start only after a whole interval and fork an exec each time;
ours cost about a millisecond, so they can be asked often at first, and a replica is known to be ready when it is.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from harness.clock import Clock
from harness.environment.shell import Answer
from harness.errors import CommandTimeout, HarnessError, NotReady, ReplicaGone
from harness.stack import Healthcheck, command_of
from harness.stalls import Patience

FIRST_PAUSE = 0.02  # s between the first two attempts; grows by half each time up to the declared interval
TAIL_LINES = 20  # lines of the replica's log that a failure quotes


class Waitable(Protocol):
    """What readiness needs of a replica."""

    @property
    def name(self) -> str:
        """Its name."""

    @property
    def changed(self) -> threading.Event:
        """Set by the engine's events when the replica has died, and when the wait is to be given up."""

    def run(self, command: str, timeout: float) -> Answer:
        """Run a command in it."""

    def ended(self) -> str | None:
        """How it ended, in words; None while it runs."""

    def tail(self, lines: int) -> str:
        """The last lines of its log."""


@dataclass(frozen=True, slots=True)
class TimeToReady:
    """How long a replica took, and in how many attempts."""

    seconds: float
    attempts: int


def allowance(check: Healthcheck) -> float:
    """Seconds after which Compose too would call the replica unhealthy: the start period, then every retry."""
    return check.start_period + check.interval * check.retries + check.timeout


def wait_ready(replica: Waitable, check: Healthcheck | None, clock: Clock, give_up: Callable[[], bool]) -> TimeToReady:
    """Wait until the replica's health check succeeds.

    Args:
        replica: whom to ask.
        check: its health check; without one it is ready at once.
        clock: for the deadline and the pauses; a pause ends early when the replica dies. While the machine stands
            still, the deadline is put off.
        give_up: asked after every attempt; true abandons the wait, because something else has failed.

    Raises:
        NotReady: what was waited for, for how long, the last answer and the tail of the replica's log.
    """
    command = command_of(check)
    if check is None or command is None:
        return TimeToReady(0.0, 0)
    patience = Patience(allowance(check), clock=clock.monotonic)
    pause, attempts, last = FIRST_PAUSE, 0, "no answer yet"
    while True:
        if give_up():  # before each question too: its answer is not waited for, which may take the whole timeout
            raise _not_ready(replica, command, patience, last, "the wait was given up")
        attempts += 1
        try:
            answer = replica.run(command, timeout=check.timeout)
            if answer.exit_code == 0:
                return TimeToReady(patience.waited, attempts)
            said = (answer.stderr.strip() or answer.stdout.strip() or "no output")[-500:]
            last = f"exit code {answer.exit_code}: {said}"
        except CommandTimeout:
            last = f"no answer within {check.timeout:g} s"
        except ReplicaGone as error:
            how = replica.ended() or error.what.removeprefix(f"{replica.name} ")
            raise _not_ready(replica, command, patience, last, how) from error
        ended = None
        if replica.changed.is_set():
            replica.changed.clear()  # before the look: what changes after it wakes the next pause
            ended = replica.ended()
        if ended is not None or give_up():
            raise _not_ready(replica, command, patience, last, ended or "the wait was given up")
        if (left := patience.left) <= 0.0:
            raise _not_ready(replica, command, patience, last, None)
        clock.wait(replica.changed, min(pause, max(left, 0.001)))
        pause = min(pause * 1.5, max(_longest_pause(check, patience.waited), FIRST_PAUSE))


def _longest_pause(check: Healthcheck, waited: float) -> float:
    """Seconds between two attempts at most: `start_interval` within the start period, where it is declared."""
    if check.start_interval is not None and waited < check.start_period:
        return check.start_interval
    return check.interval


def check_running(replica: Waitable) -> None:
    """Make sure that a replica that was just started runs on.

    Raises:
        NotReady: it has ended.
    """
    ended = replica.ended()
    if ended is not None:
        raise NotReady(
            f"{replica.name} {ended} right after its start",
            where=f"service {replica.name.rpartition('-')[0]}",
            got=ended,
            expected="a process that stays",
            hint="the end of its log is below",
            detail=replica.tail(TAIL_LINES) or "(its log is empty)",
        )


def _not_ready(replica: Waitable, command: str, patience: Patience, last: str, ended: str | None) -> NotReady:
    try:
        tail = replica.tail(TAIL_LINES)
    except HarnessError as error:
        tail = f"(its log cannot be read: {error.what})"
    return NotReady(
        f"{replica.name} {ended or 'did not become ready'} while it was waited for",
        where=f"health check of {replica.name}: {command}",
        got=f"after {patience.waited:.1f} s{patience.words}: {last}",
        expected="exit code 0",
        hint="the end of its log is below; --keep=failed leaves the environment up to look into",
        detail=tail or "(its log is empty)",
    )
