"""Steps that have the trial, a replica or the deployer do one thing: what is handed on, and in which phase."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest

from harness.checks import reads_forward
from harness.errors import UsageError
from harness.faults import cache
from harness.plan import rotation
from harness.plan.steps import Progress, Step
from harness.plan.steps._check_call import CheckCall
from harness.plan.steps.drain import Drain, Level
from harness.plan.steps.effects import Effects
from harness.plan.steps.inject import Inject
from harness.plan.steps.mark import Mark
from harness.plan.steps.probe import Probe
from harness.plan.steps.read_back import ReadBack
from harness.plan.steps.read_everything import ReadEverything
from harness.plan.steps.restart import Restart
from harness.plan.steps.rotate import Rotate
from harness.plan.steps.run import Run
from harness.plan.steps.wait_until import WaitUntil
from harness.plan.trial import Trial
from harness.verdict import Outcome, Verdict
from suites.raw import raw, select
from suites.selftest.plan.made import trial

FAULT = {"fault": "latency", "from": "web-1", "to": "queue", "ms": 50}
AGAIN = Progress(last={"after": "after-2", "usual": "usual-2"})


class Noting:
    """A trial whose parts only note what they are asked, and in which phase."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.trial, self.done, self._patch = trial(), list[tuple[Any, ...]](), monkeypatch

    def noting(self, name: str, *, of: object = None, gives: object = None) -> None:
        def note(*given: Any, **named: Any) -> object:
            self.done.append((name, *given, *named.items(), self.phase))
            return gives

        self._patch.setattr(self.trial if of is None else of, name, note, raising=False)

    @property
    def phase(self) -> str | None:
        return self.trial.history.record(raw("note", text="now")).phase

    def run(self, step: Step) -> list[tuple[Any, ...]]:
        step.run(self.trial, AGAIN)
        return self.done


@pytest.fixture
def noted(monkeypatch: pytest.MonkeyPatch) -> Noting:
    return Noting(monkeypatch)


def test_everything_is_asked_once_in_the_phase(noted: Noting) -> None:
    noted.noting("collect")
    assert noted.run(Probe(phase="after")) == [("collect", "after")]


def test_work_and_its_effects_are_judged_in_the_phase_as_it_was_measured_last(noted: Noting) -> None:
    noted.noting("read_back")
    noted.noting("count_effects")
    noted.run(ReadBack(phase="after", within=7.0))
    noted.run(Effects(phase="after", within=8.0))
    assert noted.done == [("read_back", "after-2", 7.0, None), ("count_effects", "after-2", 8.0, None)]


def test_what_is_read_everything_of_is_judged_in_the_phase_as_it_was_measured_last(noted: Noting) -> None:
    noted.noting("read_everything")
    noted.noting("check")
    done = noted.run(ReadEverything(phase="after", most=9))
    assert done == [
        ("read_everything", "after-2", 9, None), ("check", reads_forward.check, ("phase", "after-2"), None),
    ]  # fmt: skip


def test_a_queue_is_drained_to_its_level_in_this_environment_and_that_phase_alone(noted: Noting) -> None:
    for depth, phase, where in ((3, "usual-2", "h1"), (50, "usual", "h1"), (90, "usual-2", "h2")):
        noted.trial.history.record(raw("probe.queue", depth=depth, phase=phase, environment=where))
    noted.noting("drain")
    step = Drain(phase="drained", until=Level(within=30.0, baseline="usual", slack=2.0))
    assert noted.run(step) == [("drain", 5.0, 30.0, "drained")]


@pytest.mark.parametrize("judged", [True, False])
def test_a_fault_is_injected_as_it_is_given_and_has_to_bite_only_where_that_is_said(
    noted: Noting, judged: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    @contextmanager
    def fault(given: object, phase: str, *, judged: bool) -> Iterator[None]:
        noted.done.append((given, phase, judged, noted.phase))
        yield
        noted.done.append(("healed",))

    monkeypatch.setattr(noted.trial, "fault", fault)
    progress = Progress()
    Inject(phase="slow", name="link", fault=FAULT, judged=judged).run(noted.trial, progress)
    assert noted.done == [(FAULT, "slow", judged, "slow")]
    progress.faults["link"].close()
    assert noted.done[-1] == ("healed",)


def test_a_check_that_is_waited_for_is_asked_about_its_own_phase_with_what_was_measured(
    noted: Noting, monkeypatch: pytest.MonkeyPatch
) -> None:
    noted.noting("collect")

    def ask(check: CheckCall, made: Trial, progress: Progress, phase: str) -> Verdict:
        assert (made, progress, phase) == (noted.trial, AGAIN, "until")
        return Verdict("errors", Outcome.PASS, "none")

    monkeypatch.setattr(CheckCall, "ask", ask)
    step = WaitUntil(phase="until", check=CheckCall(check="errors"), within=30.0, every=2.0)
    assert noted.run(step) == [("collect", "until")]


def test_logs_are_rotated_when_the_phase_has_begun_and_put_away_whatever_comes_of_it(
    noted: Noting, monkeypatch: pytest.MonkeyPatch
) -> None:
    noted.noting("rotate", of=rotation)
    noted.noting("put_away", of=rotation)

    def watch(phase: str, seconds: float, begin: Callable[[], object]) -> None:
        noted.done.append(("watch", phase, seconds))
        begin()
        raise UsageError("it broke")

    monkeypatch.setattr(noted.trial, "watch", watch)
    with pytest.raises(UsageError, match="it broke"):
        noted.run(Rotate(phase="after", seconds=3.0))
    around = noted.trial.environment
    assert noted.done == [
        ("watch", "after-2", 3.0),
        ("rotate", around, "after-2"),
        ("put_away", around, "after-2", None),
    ]


def test_a_rotation_is_judged_as_a_held_phase_is(noted: Noting) -> None:
    queue = CheckCall(check="queue", parameters={"baseline": "usual", "within": 3.0})
    noted.noting("rotate", of=rotation)
    noted.noting("put_away", of=rotation)
    noted.noting("watch")
    noted.noting("verdict", gives=Verdict("errors", Outcome.FAIL, "some"))
    done = noted.run(Rotate(phase="after", seconds=3.0, checks=(queue,)))
    (asked,) = [given[1] for given in done if given[0] == "verdict"]
    assert asked.keywords == {"baseline": "usual-2", "within": 3.0}
    assert [(one.check, one.outcome) for one in noted.trial.verdicts] == [("errors", Outcome.FAIL)]


def test_what_caches_hold_is_marked_and_told(noted: Noting) -> None:
    noted.noting("take_marks", of=cache, gives={"cache-1": 7, "cache-2": 9})
    done = noted.run(Mark(name="warm"))
    assert done == [("take_marks", noted.trial.environment, "warm", None)]
    noted.noting("take_marks", of=cache, gives={})
    noted.run(Mark(name="cold"))
    told = [one.data["text"] for one in select(noted.trial.history.events, "note") if one.data["text"] != "now"]
    assert told == [
        "marked as warm: 7 keys of cache-1, 9 keys of cache-2", "marked as cold: nothing: there is no cache",
    ]  # fmt: skip


def test_a_command_runs_where_the_deployer_does_and_is_called_by_its_phase(noted: Noting) -> None:
    deployer: Any = SimpleNamespace()
    noted.noting("run", of=deployer)
    vars(noted.trial)["deployer"] = deployer
    assert noted.run(Run(phase="fix", command=("fix", "it"))) == [("run", "fix", ("fix", "it"), "fix")]


def test_a_deployer_that_runs_no_commands_is_refused_before_the_phase_begins(noted: Noting) -> None:
    vars(noted.trial)["deployer"] = object()
    with pytest.raises(UsageError, match="runs no commands") as caught:
        noted.run(Run(phase="fix", command=("fix",)))
    assert caught.value.where == f"{noted.trial.stack.file}: x-harness.deployer"
    assert caught.value.expected


def test_replicas_are_restarted_one_after_the_other_each_when_the_one_before_is_ready(
    noted: Noting, monkeypatch: pytest.MonkeyPatch
) -> None:
    def restarted(name: str) -> Any:
        one: Any = SimpleNamespace(changed=SimpleNamespace(), name=name, health=f"health of {name}")
        for what in ("close", "stop", "begin"):
            noted.noting(what, of=one)
        noted.noting("clear", of=one.changed)
        return one

    replicas = {name: restarted(name) for name in ("web-1", "web-2")}

    def ready(replica: Any, health: object, clock: object, give_up: Callable[[], bool]) -> None:
        assert (health, clock, give_up()) == (replica.health, noted.trial.history.clock, False)
        noted.done.append(("ready", replica.name))

    monkeypatch.setattr("harness.environment.readiness.wait_ready", ready)
    monkeypatch.setattr(noted.trial.environment, "replica", replicas.__getitem__, raising=False)
    each = [("close", ("end", False), "after"), ("stop", "after"), ("clear", "after"), ("begin", "after")]
    done = noted.run(Restart(phase="after", replicas=("web-1", "web-2")))
    assert done == [*each, ("ready", "web-1"), *each, ("ready", "web-2")]
