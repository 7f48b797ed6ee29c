"""Starting replicas in the order of their dependencies, with as much at once as possible."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import Executor, Future, wait

from harness.clock import Clock
from harness.environment.readiness import allowance, check_running, wait_ready
from harness.environment.replica import Replica
from harness.errors import NotReady
from harness.stack import Condition, Stack

COMPLETES_WITHIN = 300.0  # s for a dependency that has to end by itself (service_completed_successfully)
POLL_EVERY = 0.5  # s: how often a wait looks, should an event of the engine have been lost


class Startup:
    """Starts every replica once what it depends on has been reached, and waits until all are ready.

    The first failure ends every other wait, and is what `run` raises.

    Args:
        stack: the dependencies and health checks.
        replicas: created, not started.
        clock: for deadlines.
    """

    def __init__(self, stack: Stack, replicas: Sequence[Replica], clock: Clock) -> None:
        self._stack, self._replicas, self._clock = stack, replicas, clock
        self._changed = threading.Condition()
        self._reached: dict[str, set[Condition]] = {replica.name: set() for replica in replicas}
        self._failed: BaseException | None = None

    def run(self, pool: Executor) -> None:
        """Start all of them on the threads of `pool`, which must have one for each.

        Raises:
            NotReady: the first replica that did not get there.
            EngineError: the engine refused to start one.
        """
        tasks: list[Future[None]] = [pool.submit(self._bring, replica) for replica in self._replicas]
        try:
            wait(tasks)
        except BaseException as error:  # Ctrl-C: end the other waits before it goes on
            self._fail(error)
            raise
        if self._failed is not None:
            raise self._failed

    def _bring(self, replica: Replica) -> None:
        try:
            for service, condition in replica.declared.depends_on.items():
                self._wait_for(replica, service, condition)
            if self._failed is not None:
                return
            replica.begin()
            self._reach(replica, Condition.STARTED)
            self._until_ready(replica)
        except Exception as error:  # raised by `run`, in the thread that waits
            self._fail(error)

    def _until_ready(self, replica: Replica) -> None:
        needed = {
            other.depends_on[replica.service]
            for other in self._stack.services.values()
            if replica.service in other.depends_on
        }
        if Condition.COMPLETED in needed:
            self._until_completed(replica)
            self._reach(replica, Condition.COMPLETED)
            return
        wait_ready(replica, replica.health, self._clock, lambda: self._failed is not None)
        check_running(replica)
        self._reach(replica, Condition.HEALTHY)

    def _until_completed(self, replica: Replica) -> None:
        deadline = self._clock.monotonic() + COMPLETES_WITHIN
        while (state := replica.state()).running:
            if self._failed is not None:
                return
            if self._clock.monotonic() > deadline:
                raise NotReady(
                    f"{replica.name} did not end by itself",
                    got=f"still running after {COMPLETES_WITHIN:.0f} s",
                    expected="an end with exit code 0, since others wait for its completion",
                    detail=replica.tail(20),
                )
            self._clock.wait(replica.changed, POLL_EVERY)
        if state.exit_code != 0:
            raise NotReady(
                f"{replica.name} failed, and others wait for its completion",
                got=f"exit code {state.exit_code}",
                expected="exit code 0",
                detail=replica.tail(20),
            )

    def _wait_for(self, replica: Replica, service: str, condition: Condition) -> None:
        needed = [other for other in self._replicas if other.service == service]
        names = [other.name for other in needed]
        # Whoever is waited for has deadlines of its own, and fails the whole start; this one is only the last resort.
        limit = COMPLETES_WITHIN + sum(allowance(other.health) for other in needed if other.health)
        with self._changed:
            arrived = self._changed.wait_for(
                lambda: self._failed is not None or all(condition in self._reached[name] for name in names), limit
            )
        if not arrived:
            raise NotReady(
                f"{replica.name} was never started",
                where=f"depends_on of {replica.service}",
                got=f"{service} was not {condition.value} after {limit:.0f} s",
            )

    def _reach(self, replica: Replica, condition: Condition) -> None:
        with self._changed:
            self._reached[replica.name].add(condition)
            self._changed.notify_all()

    def _fail(self, error: BaseException) -> None:
        with self._changed:
            self._failed = self._failed or error
            self._changed.notify_all()
        for replica in self._replicas:
            replica.changed.set()  # wakes every pause; the waits then see that something has failed
