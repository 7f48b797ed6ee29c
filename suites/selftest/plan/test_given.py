"""Two deployers that are given a command at once: both are waited for, and both are ended."""

from __future__ import annotations

from contextlib import nullcontext
from types import SimpleNamespace
from typing import Any, cast

import pytest

from harness.clock import ManualClock
from harness.deploy import Deployment
from harness.errors import DeployerError, EngineGone, UsageError
from harness.events import DeployerEnd
from harness.history import History
from harness.plan.steps import Progress, Step
from harness.plan.steps._given import Together, give
from harness.plan.steps.again import Again
from harness.plan.steps.attempt import Attempt
from harness.plan.steps.interrupt import Interrupt
from harness.plan.trial import Trial
from suites.selftest.plan.made import trial as usual_trial

INTERRUPT = Interrupt(phase="half", release="1.1.0")
FAULT = {"fault": "latency", "from": "web-1", "to": "queue", "ms": 50}
ATTEMPT = Attempt(phase="half", verb="deploy", release="1.1.0", name="slow", fault=FAULT)


class FakeRun:
    def __init__(
        self, code: int = 0, error: BaseException | None = None, immortal: BaseException | None = None
    ) -> None:
        self.ended, self.error, self.immortal, self.called = False, error, immortal, list[str]()
        self.result = Deployment("deploy", "1.1.0", "exit", code, 1.0, 0)

    def wait(self) -> Deployment:
        self.called.append("wait")
        if self.error is not None:
            raise self.error
        self.ended = True
        return self.result

    def stop(self) -> Deployment:
        self.called.append("stop")
        if self.immortal is not None:
            raise self.immortal
        self.ended = True
        return self.result


class FakeDeployer:
    """Starts what it is given; beside it works another one, which starts the next."""

    def __init__(self, runs: list[FakeRun | BaseException]) -> None:
        self.runs, self.given = runs, list[tuple[str, str | None]]()
        self.at = 0

    def start(self, verb: str, release: str | None = None) -> FakeRun:
        self.given.append((verb, release))
        run = self.runs[self.at]
        if isinstance(run, BaseException):
            raise run
        return run

    def beside(self) -> FakeDeployer:
        other = FakeDeployer(self.runs)
        other.given, other.at = self.given, 1
        return other


def trial(deployer: object) -> Trial:
    made: Any = SimpleNamespace(deployer=deployer, stack=SimpleNamespace(name="tiny"))
    return cast(Trial, made)


def test_both_are_begun_with_the_same_command_before_either_is_waited_for() -> None:
    runs = [FakeRun(), FakeRun(3)]
    made = FakeDeployer([*runs])
    both = give(trial(made), "deploy", "1.1.0", 2)
    assert made.given == [("deploy", "1.1.0")] * 2
    assert [run.called for run in runs] == [[], []]
    assert both.ended is False
    runs[0].ended = True
    assert [both.ended] == [False], "one of them still works"
    assert both.wait() == runs[1].result
    assert [both.ended] == [True]
    assert [run.called for run in runs] == [["wait"], ["wait"]]


def test_one_alone_is_what_the_deployer_gives() -> None:
    run = FakeRun()
    assert give(trial(FakeDeployer([run])), "rollback", None) is run


@pytest.mark.parametrize("at", [0, 1])
def test_whatever_ends_the_wait_ends_both(at: int) -> None:
    runs = [FakeRun(error=KeyboardInterrupt() if at == number else None) for number in range(2)]
    with pytest.raises(KeyboardInterrupt):
        Together(runs).wait()
    assert all(run.called in (["wait"], ["stop"]) for run in runs)
    assert runs[1].called == (["stop"] if at == 0 else ["wait"])


def test_one_that_cannot_be_ended_keeps_the_other_from_nothing() -> None:
    runs = [FakeRun(immortal=DeployerError("it goes on")), FakeRun()]
    with pytest.raises(DeployerError, match="it goes on"):
        Together(runs).stop()
    assert [run.called for run in runs] == [["stop"], ["stop"]]


def test_what_ended_the_wait_is_told_with_what_could_not_be_ended() -> None:
    runs = [FakeRun(error=KeyboardInterrupt()), FakeRun(immortal=DeployerError("it goes on"))]
    with pytest.raises(KeyboardInterrupt) as caught:
        Together(runs).wait()
    assert caught.value.__notes__ == ["and while cleaning up: it goes on"]


def test_a_second_one_that_cannot_be_started_is_told_where_the_first_cannot_be_ended_either() -> None:
    run = FakeRun(immortal=DeployerError("it goes on"))
    with pytest.raises(OSError, match="no") as caught:
        give(trial(FakeDeployer([run, OSError("no")])), "deploy", "1.1.0", 2)
    assert caught.value.__notes__ == ["and while cleaning up: it goes on"]


def test_a_second_one_that_cannot_be_started_ends_the_first() -> None:
    run = FakeRun()
    with pytest.raises(OSError, match="no"):
        give(trial(FakeDeployer([run, OSError("no")])), "deploy", "1.1.0", 2)
    assert run.called == ["stop"]


def test_a_deployer_beside_which_nothing_works_is_refused_before_anything_is_begun() -> None:
    run = FakeRun()
    with pytest.raises(UsageError, match="Two deployers cannot work at the same time") as caught:
        give(trial(SimpleNamespace(start=lambda *_: run)), "deploy", "1.1.0", 2)
    assert run.called == []
    assert (caught.value.where, caught.value.got) == ("the deployer of tiny", "SimpleNamespace")
    assert caught.value.expected


@pytest.mark.parametrize(
    ("codes", "runs", "tried"), [((0, 1), "1.1.0", False), ((1, 1), "1.1.0", True), ((0, 1), "1.0.0", True)]
)
def test_no_further_attempt_follows_where_one_of_two_did_it(codes: tuple[int, int], runs: str, tried: bool) -> None:
    history = History(clock=ManualClock())
    with history.scope(environment="h1"):
        for code in codes:
            with history.phase("deploy"):
                history.record(DeployerEnd(0, "deploy", "1.1.0", code, "exit", 1.0, None))
        asked: list[str] = []
        made: Any = SimpleNamespace(
            history=history,
            environment=SimpleNamespace(id="h1", releases=lambda: {"web-1": runs}),
            deployer=SimpleNamespace(deploy=asked.append),
            phase=history.phase,
            measured=history.phase,
        )
        Again(phase="deploy-again", verb="deploy", release="1.1.0").run(cast(Trial, made), Progress())
    assert asked == (["1.1.0"] if tried else [])


@pytest.mark.parametrize("step", [INTERRUPT, ATTEMPT], ids=["interrupt", "attempt"])
def test_an_error_while_a_command_runs_is_told_where_the_command_cannot_be_ended_either(
    step: Step, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, running = usual_trial(), FakeRun(immortal=DeployerError("it goes on"))
    deployer: Any = SimpleNamespace(start=lambda *_: running, timeout=5.0)
    monkeypatch.setattr(made, "deployer", deployer)
    monkeypatch.setattr(made, "measured", made.history.phase)
    monkeypatch.setattr(made, "logged", nullcontext)

    def gone(*_: object) -> bool:
        raise EngineGone("The engine is gone")

    monkeypatch.setattr(made.environment, "anywhere", gone, raising=False)
    with pytest.raises(EngineGone) as caught:
        step.run(made, Progress())
    assert "and while cleaning up: it goes on" in caught.value.__notes__
