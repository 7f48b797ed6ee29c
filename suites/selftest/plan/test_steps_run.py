"""What steps do, in which order and in which phase: with a deployer, a fault and a load that only say what they do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Literal

import pytest

from harness.deploy import Deployment
from harness.errors import EngineGone
from harness.plan.steps import Progress
from harness.plan.steps._check_call import CheckCall
from harness.plan.steps.again import Again
from harness.plan.steps.attempt import Attempt
from harness.plan.steps.drain import Drain, Level
from harness.plan.steps.interrupt import ASK_EVERY, STARTING, Interrupt
from harness.plan.steps.measure import Measure
from harness.plan.steps.recovered import Recovered
from harness.plan.steps.retry import Retry
from harness.plan.steps.wait_until import WaitUntil
from harness.plan.trial import Trial
from harness.verdict import Outcome, Verdict
from suites.raw import raw, select
from suites.selftest.plan.made import NEW, OLD, trial

Verb = Literal["deploy", "rollback"]
FAULT = {"fault": "latency", "from": "web-1", "to": "queue", "ms": 50}
PASSED, FAILED, UNKNOWN = (
    Verdict("queue", outcome, "as it was") for outcome in (Outcome.PASS, Outcome.FAIL, Outcome.UNKNOWN)
)


class Told:
    """A trial without a container, and what was done to it; the deployer ends when it was waited for or stopped."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.trial, self.done = trial(), list[Any]()
        self.ended, self.codes = False, [0]
        self.fleet: list[dict[str, str | None]] = [{"web-1": NEW, "web-2": OLD}]
        self.there = [True]  # whether so many replicas run the release, look by look
        made: Any = self.trial
        for name in ("measured", "logged"):
            monkeypatch.setattr(made, name, self._block(name))
        monkeypatch.setattr(made, "fault", self._fault)
        monkeypatch.setattr(made, "wait_for_a_look", lambda: self.done.append("looked"))
        monkeypatch.setattr(made.environment, "releases", self._releases)
        monkeypatch.setattr(made.environment, "anywhere", self._anywhere, raising=False)
        monkeypatch.setattr(made, "deployer", self)
        self.timeout = 20.0

    def _block(self, name: str) -> Callable[..., Any]:
        @contextmanager
        def block(*given: str) -> Iterator[None]:
            self.done.append((name, *given, self.phase))
            yield

        return block

    @property
    def phase(self) -> str | None:
        return self.trial.history.record(raw("note", text="now")).phase

    @contextmanager
    def _fault(self, fault: Any, phase: str) -> Iterator[None]:
        self.done.append(("fault", fault["fault"], phase))
        yield
        self.done.append("healed")

    def _releases(self) -> dict[str, str | None]:
        self.done.append("releases")
        return self.fleet.pop(0) if len(self.fleet) > 1 else self.fleet[0]

    def _anywhere(self, release: str, replicas: int) -> bool:
        self.done.append(("anywhere", release, replicas))
        return self.there.pop(0) if len(self.there) > 1 else self.there[0]

    # -- as a deployer, and as its run

    def start(self, verb: str, release: str | None = None) -> Told:
        self.done.append((verb, release))
        return self

    def deploy(self, release: str) -> None:
        self.done.append(("deployed", release))

    def rollback(self) -> None:
        self.done.append("rolled back")

    def wait(self) -> Deployment:
        self.done.append("waited")
        self.ended = True
        return Deployment("deploy", NEW, "exit", self.codes.pop(0) if len(self.codes) > 1 else self.codes[0], 1.0, 0)

    def stop(self) -> None:
        self.done.append("stopped")
        self.ended = True


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Told:
    return Told(monkeypatch)


def notes(made: Trial) -> list[str]:
    return [one.data["text"] for one in select(made.history.events, "note") if one.data["text"] != "now"]


@pytest.mark.parametrize(("verb", "given"), [("deploy", NEW), ("rollback", None)])
def test_a_command_is_killed_when_so_many_replicas_run_the_release_and_what_it_left_is_asked(
    told: Told, verb: Verb, given: str | None
) -> None:
    told.there = [False, False, True]
    Interrupt(phase="half", verb=verb, release=NEW, replicas=2).run(told.trial, Progress())
    look = ("anywhere", NEW, 2)
    assert told.done == [("logged", "half"), (verb, given), look, look, look, "stopped", "looked", "releases"]


def test_a_command_that_ended_before_is_asked_for_what_it_left_too(told: Told) -> None:
    told.there, told.ended = [False], True
    Interrupt(phase="half", release=NEW).run(told.trial, Progress())
    assert told.done[-3:] == ["stopped", "looked", "releases"]


@pytest.mark.parametrize(
    ("fleet", "asked"),
    [
        ([{"a": None, "b": OLD}, {"a": NEW, "b": OLD}], 2),
        ([{"a": None, "b": OLD, "c": NEW}], 1),
        ([{"a": OLD, "b": OLD}], 1),
        ([{"a": None, "b": None}, {"a": None, "b": OLD}, {"a": OLD, "b": OLD}], 3),
    ],
)
def test_a_replica_that_is_just_starting_is_asked_again_unless_the_fleet_is_seen_to_be_mixed(
    told: Told, fleet: list[dict[str, str | None]], asked: int
) -> None:
    told.fleet = list(fleet)
    Interrupt(phase="half", release=NEW).run(told.trial, Progress())
    assert told.done.count("releases") == asked
    assert told.trial.history.clock.monotonic() == (asked - 1) * ASK_EVERY


def test_a_replica_that_does_not_tell_is_not_asked_for_ever(told: Told) -> None:
    told.fleet = [{"a": None, "b": OLD}]
    Interrupt(phase="half", release=NEW).run(told.trial, Progress())
    assert STARTING <= told.trial.history.clock.monotonic() <= STARTING + 2 * ASK_EVERY


def test_a_release_that_nobody_comes_to_run_is_waited_for_as_long_as_the_deployer_may_take(told: Told) -> None:
    told.there = [False]
    Interrupt(phase="half", release=NEW).run(told.trial, Progress())
    assert 20.0 <= told.trial.history.clock.monotonic() <= 20.2


def gone(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine goes away while the fleet is looked at."""

    def look(*_: object) -> bool:
        raise EngineGone("The engine is gone")

    monkeypatch.setattr(told.trial.environment, "anywhere", look)


def test_no_command_runs_on_after_an_error(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    gone(told, monkeypatch)
    attempt = Attempt(phase="half", verb="deploy", release=NEW, name="slow", fault=FAULT)
    for step in (Interrupt(phase="half", release=NEW), attempt):
        told.done.clear()
        with pytest.raises(EngineGone):
            step.run(told.trial, Progress())
        assert told.done[-1] == "stopped"


@pytest.mark.parametrize(("verb", "given"), [("deploy", NEW), ("rollback", None)])
def test_a_fault_comes_when_so_many_replicas_run_the_release_and_stays_after_the_command(
    told: Told, verb: Verb, given: str | None
) -> None:
    told.there, progress = [False, True], Progress()
    step = Attempt(phase="half", verb=verb, release=NEW, name="slow", fault=FAULT, replicas=2)
    step.run(told.trial, progress)
    look = ("anywhere", NEW, 2)
    assert told.done == [
        ("measured", "half", "half"), (verb, given), look, look, ("fault", "latency", "half"), "waited",
    ]  # fmt: skip
    assert notes(told.trial) == []
    progress.faults["slow"].close()
    assert told.done[-1] == "healed"


def test_a_command_that_ended_before_the_fault_is_noted_and_the_fault_comes_all_the_same(told: Told) -> None:
    told.there, told.ended = [False], True
    Attempt(phase="half", verb="deploy", release=NEW, name="slow", fault=FAULT).run(told.trial, Progress())
    assert notes(told.trial) == ["the deployer had ended before the fault was injected"]
    assert ("fault", "latency", "half") in told.done


def test_two_deployers_are_given_the_command_where_a_fault_comes_between_them(
    told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Told, "beside", lambda self: self, raising=False)
    step = Attempt(phase="half", verb="deploy", release=NEW, name="slow", fault=FAULT, deployers=2)
    step.run(told.trial, Progress())
    assert (told.done.count(("deploy", NEW)), told.done.count("waited")) == (2, 2)


@pytest.mark.parametrize(("codes", "tries"), [([0], 1), ([1, 1, 0], 3), ([1], 3), ([1, 0], 2)])
def test_a_command_is_given_again_until_it_succeeds_and_so_often_at_most(
    told: Told, codes: list[int], tries: int
) -> None:
    told.codes = codes
    Retry(phase="tried", verb="deploy", release=NEW).run(told.trial, Progress())
    assert told.done == [("measured", "tried", "tried"), *([("deploy", NEW), "waited"] * tries)]


def ended(told: Told, verb: str, code: int | None, how: str = "exit", phase: str = "deploy", where: str = "h1") -> None:
    told.trial.history.record(raw("deployer.end", verb=verb, ended=how, exit_code=code, phase=phase, environment=where))


@pytest.mark.parametrize(
    ("ends", "fleet", "again"),
    [
        ([("deploy", 0)], {"a": NEW, "b": NEW}, False),
        ([("deploy", 1)], {"a": NEW, "b": NEW}, True),
        ([("deploy", 0)], {"a": NEW, "b": OLD}, True),
        ([("deploy", 0)], {"a": NEW, "b": None}, True),
        ([], {"a": NEW, "b": NEW}, True),
        ([("deploy", None, "timeout")], {"a": NEW, "b": NEW}, True),
        ([("deploy", 0, "stopped")], {"a": NEW, "b": NEW}, True),
        ([("deploy", 0), ("rollback", 1)], {"a": NEW, "b": NEW}, False),
        ([("rollback", 0)], {"a": NEW, "b": NEW}, True),
        ([("deploy", 0, "exit", "deploy"), ("deploy", 1, "exit", "deploy-twice")], {"a": NEW, "b": NEW}, True),
        ([("deploy", 0), ("deploy", 5)], {"a": NEW, "b": NEW}, False),
        ([("deploy", 0, "exit", "deploy", "h2")], {"a": NEW, "b": NEW}, True),
    ],
)
def test_a_command_is_given_once_more_unless_its_last_run_ended_well_and_every_replica_runs_the_release(
    told: Told, ends: list[tuple[Any, ...]], fleet: dict[str, str | None], again: bool
) -> None:
    for end in ends:
        ended(told, *end)
    told.fleet = [fleet]
    Again(phase="again", verb="deploy", release=NEW).run(told.trial, Progress())
    assert (("deployed", NEW) in told.done) is again
    assert notes(told.trial) == ([] if again else ["no further deploy is needed"])


def test_a_rollback_that_was_left_unfinished_is_one_again(told: Told) -> None:
    Again(phase="again", verb="rollback", release=OLD).run(told.trial, Progress())
    assert told.done[-1] == "rolled back"
    assert told.done[0] == ("measured", "again", "again")


def test_loads_are_measured_in_their_phase_and_compared_with_the_last_baseline(
    told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    def note(*given: Any) -> None:
        told.done.append((*given, told.phase))

    monkeypatch.setattr(told.trial.workload, "baseline", note)
    monkeypatch.setattr(told.trial.workload, "recovered", note)
    Measure(phase="usual", seconds=3.0).run(told.trial, Progress())
    Recovered(phase="after", baseline="usual").run(told.trial, Progress(last={"usual": "usual-2"}))
    assert told.done == [(3.0, "usual", "usual"), ("usual-2", "after", "after")]


def test_a_queue_is_drained_to_the_deepest_that_it_was_and_what_is_in_flight(
    told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    for depth in (3, 7, 5):
        told.trial.history.record(raw("probe.queue", depth=depth, phase="usual-2", environment="h1"))
    monkeypatch.setattr(told.trial, "drain", lambda *given: told.done.append((*given, told.phase)))
    step = Drain(phase="drained", until=Level(within=30.0, baseline="usual", slack=2.0))
    step.run(told.trial, Progress(last={"usual": "usual-2"}))
    assert told.done == [(9.0, 30.0, "drained")]


def test_everything_is_looked_at_again_until_a_check_passes_and_the_last_verdict_counts(
    told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    verdicts = [FAILED, UNKNOWN, PASSED]
    monkeypatch.setattr(told.trial, "collect", lambda: told.done.append(("collected", told.phase)))
    monkeypatch.setattr(told.trial, "verdict", lambda *_, **__: verdicts.pop(0) if len(verdicts) > 1 else verdicts[0])
    step = WaitUntil(phase="until", check=CheckCall(check="errors"), within=30.0, every=2.0)
    step.run(told.trial, Progress())
    assert told.done == [("collected", "until")] * 3
    assert told.trial.history.clock.monotonic() == 4.0
    assert told.trial.verdicts == [PASSED]
    verdicts[:] = [FAILED]
    step.run(told.trial, Progress())
    assert told.trial.verdicts == [PASSED, FAILED]
    assert 34.0 <= told.trial.history.clock.monotonic() <= 36.0
    assert select(told.trial.history.events, "verdict")[-1].phase == "until"
