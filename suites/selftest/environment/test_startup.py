"""The order in which replicas are started."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import cast

import pytest

from harness.clock import ManualClock, SystemClock
from harness.environment.replica import Replica
from harness.environment.startup import Startup
from harness.errors import EngineError, NotReady
from harness.stack import Condition, Stack
from suites.selftest.environment.fakes import CHECK, GOOD, FakeReplica, UntilWoken, bad, stack, state


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(16) as found:
        yield found


def replicas(made: Stack, **more: FakeReplica) -> list[FakeReplica]:
    """A fake for every replica of the stack; `more` replaces those of a service."""
    return [
        more.get(service.name) or FakeReplica(name, declared=service)
        for service in made.services.values()
        for name in service.replica_names()
    ]


def start(
    made: Stack, found: Sequence[FakeReplica], pool: ThreadPoolExecutor, clock: ManualClock | SystemClock | None = None
) -> None:
    Startup(made, cast(Sequence[Replica], found), clock or SystemClock()).run(pool)


class Order:
    """Which replicas were begun, in order; a replica that is held begins late."""

    def __init__(self) -> None:
        self.begun: list[str] = []

    def __call__(self, name: str) -> None:
        self.begun.append(name)

    def late(self, name: str) -> None:
        time.sleep(0.05)
        self.begun.append(name)


def test_what_depends_on_nothing_is_started_all_at_once(pool: ThreadPoolExecutor) -> None:
    made = stack(a={"replicas": 3}, b={"replicas": 2})
    together = threading.Barrier(5, timeout=20)  # who starts alone waits for the others here, and fails
    found = [
        FakeReplica(name, declared=service, on_begin=lambda _name: together.wait())
        for service in made.services.values()
        for name in service.replica_names()
    ]
    start(made, found, pool)


def test_a_dependency_is_started_first(pool: ThreadPoolExecutor) -> None:
    made, order = stack(a={"depends_on": {"b": Condition.STARTED}}, b={"replicas": 3}), Order()
    found = [FakeReplica("a-1", declared=made.services["a"], on_begin=order)]
    found += [FakeReplica(f"b-{n}", declared=made.services["b"], on_begin=order.late) for n in (1, 2, 3)]
    start(made, found, pool)
    assert order.begun[-1] == "a-1"
    assert set(order.begun[:3]) == {"b-1", "b-2", "b-3"}


def test_started_does_not_wait_for_healthy(pool: ThreadPoolExecutor) -> None:
    made, begun = stack(a={"depends_on": {"b": Condition.STARTED}}, b={}), threading.Event()
    a = FakeReplica("a-1", declared=made.services["a"], on_begin=lambda _name: begun.set())
    b = FakeReplica(
        "b-1", declared=made.services["b"], health=CHECK, on_run=lambda _timeout: begun.wait(20)
    )  # is healthy only once a has been started
    start(made, [a, b], pool)
    assert begun.is_set()


def test_healthy_waits_for_every_replicas_health_check(pool: ThreadPoolExecutor) -> None:
    made, order = stack(a={"depends_on": {"b": Condition.HEALTHY}}, b={"replicas": 2}), Order()
    a = FakeReplica("a-1", declared=made.services["a"], on_begin=order)
    found = [
        FakeReplica(
            f"b-{number}", [bad(), bad(), GOOD], declared=made.services["b"], health=CHECK,
            on_run=lambda _timeout: order.begun.append("asked"),
        )
        for number in (1, 2)
    ]  # fmt: skip
    start(made, [a, *found], pool)
    assert order.begun == ["asked"] * 6 + ["a-1"]


def test_completed_waits_for_an_end_with_exit_code_0(pool: ThreadPoolExecutor) -> None:
    made, order = stack(a={"depends_on": {"b": Condition.COMPLETED}}, b={}), Order()
    a = FakeReplica("a-1", declared=made.services["a"], on_begin=order)
    b = FakeReplica("b-1", declared=made.services["b"], states=[state(), state(), state("exited", 0)])
    start(made, [a, b], pool, ManualClock())
    assert order.begun == ["a-1"]


def test_a_chain_is_started_link_by_link(pool: ThreadPoolExecutor) -> None:
    made = stack(
        c={"depends_on": {"b": Condition.HEALTHY}}, b={"depends_on": {"a": Condition.HEALTHY}}, a={}
    )  # fmt: skip
    order = Order()
    found = [FakeReplica(f"{name}-1", declared=made.services[name], on_begin=order.late) for name in "cba"]
    start(made, found, pool)
    assert order.begun == ["a-1", "b-1", "c-1"]


# -- failures ----------------------------------------------------------------------------------------------------------


def failing(made: Stack, service: str, **more: object) -> FakeReplica:
    make = cast(Callable[..., FakeReplica], FakeReplica)
    return make(f"{service}-1", declared=made.services[service], **more)


def test_a_job_that_fails_is_not_completed(pool: ThreadPoolExecutor) -> None:
    made = stack(a={"depends_on": {"b": Condition.COMPLETED}}, b={})
    b = failing(made, "b", states=[state("exited", 3)], log="no database\n")
    with pytest.raises(NotReady, match="b-1 failed, and others wait for its completion") as caught:
        start(made, replicas(made, b=b), pool)
    assert (caught.value.got, caught.value.detail) == ("exit code 3", "no database\n")


def test_a_job_that_never_ends_has_a_deadline(pool: ThreadPoolExecutor) -> None:
    made = stack(a={"depends_on": {"b": Condition.COMPLETED}}, b={})
    with pytest.raises(NotReady, match="b-1 did not end by itself") as caught:
        start(made, replicas(made), pool, ManualClock())
    assert caught.value.got == "still running after 300 s"


def test_a_process_that_ends_right_after_its_start_is_not_ready(pool: ThreadPoolExecutor) -> None:
    made = stack(a={})
    a = failing(made, "a", states=[state("exited", 1)], log="cannot bind\n")
    with pytest.raises(NotReady, match="a-1 exited with code 1 right after its start") as caught:
        start(made, [a], pool)
    assert caught.value.detail == "cannot bind\n"


def test_what_depends_on_a_failure_is_never_started(pool: ThreadPoolExecutor) -> None:
    made, order = stack(a={"depends_on": {"b": Condition.HEALTHY}}, b={}), Order()
    a = FakeReplica("a-1", declared=made.services["a"], on_begin=order)
    with pytest.raises(NotReady, match="b-1"):
        start(made, [a, failing(made, "b", states=[state("exited", 1)])], pool)
    assert order.begun == []


def test_the_first_failure_ends_the_waits_of_the_others_and_is_the_one_that_is_raised(pool: ThreadPoolExecutor) -> None:
    made, asked = stack(slow={}, broken={}), threading.Event()

    def refuse(_name: str) -> None:
        assert asked.wait(20)
        raise EngineError("the engine refuses")

    slow = failing(made, "slow", answers=[bad()], health=CHECK.model_copy(update={"interval": 30.0, "retries": 100}))
    slow._on_run = lambda _timeout: asked.set()
    began = time.monotonic()
    with pytest.raises(EngineError, match="the engine refuses"):
        start(made, [slow, failing(made, "broken", on_begin=refuse)], pool, UntilWoken())
    assert time.monotonic() - began < 15  # its own allowance is most of an hour


def test_an_interrupt_ends_every_wait(pool: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch) -> None:
    made = stack(slow={})
    slow = failing(made, "slow", answers=[bad()], health=CHECK.model_copy(update={"interval": 30.0, "retries": 100}))

    def interrupted(_tasks: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("harness.environment.startup.wait", interrupted)
    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        start(made, [slow], pool, UntilWoken())
    pool.shutdown(wait=True)
    assert time.monotonic() - began < 15
