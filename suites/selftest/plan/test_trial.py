"""The parts of a trial that need no container."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from fixtures import tiny
from harness.checks import release
from harness.errors import FaultUnproven, UsageError
from harness.faults import from_data
from harness.plan.loading import workload_spec
from harness.stack import load
from harness.verdict import Outcome, Verdict
from harness.workload import Spec
from suites.raw import raw, select
from suites.selftest.plan.made import environment, tiny_stack, trial


def without(part: str) -> Any:
    stack = tiny_stack()
    return stack.model_copy(update={"harness": stack.harness.model_copy(update={part: None})})


def test_the_declared_workload_is_addressed_to_the_entry_point() -> None:
    spec = workload_spec(environment())
    assert (spec.host, spec.port) == ("127.0.0.1", 40000)
    (request,) = spec.requests
    assert (spec.rate, request.method, request.path, spec.ids) == (30.0, "GET", "/things/{id}", (1, 50))
    assert (request.expected, spec.timeout) == ((200,), 3.0)


def test_without_declared_statuses_every_2xx_is_expected() -> None:
    stack = tiny_stack()
    load = stack.harness.workload
    assert load is not None
    request = load.request.model_copy(update={"status": ()})
    harness = stack.harness.model_copy(update={"workload": load.model_copy(update={"request": request})})
    spec = workload_spec(environment(stack.model_copy(update={"harness": harness})))
    assert spec.requests[0].expected == tuple(range(200, 300))


def test_what_answers_must_hold_travels_to_the_generator(tmp_path: Path) -> None:
    over = tmp_path / "over.yaml"
    over.write_text(
        "x-harness:\n  workload:\n    request:\n      json: {plan: {matches: '^x'}, tags: [a, {b: c}]}\n"
        "      read: {path: '/a/{key}', expect: {plan: {exists: true}}, within: 2s}\n",
        encoding="utf-8",
    )
    spec = workload_spec(environment(load(tiny.STACK, [over], environ={})))
    (request,) = Spec.from_json(spec.to_json()).requests
    assert request.json == {"plan": {"matches": "^x"}, "tags": ["a", {"b": "c"}]}
    assert request.read is not None
    assert (request.read.json, request.read.within, request.read.path) == ({"plan": {"exists": True}}, 2.0, "/a/{key}")


def test_a_stack_without_a_workload_is_refused_with_what_to_write() -> None:
    with pytest.raises(UsageError, match="declares no workload") as caught:
        workload_spec(environment(without("workload")))
    assert str(caught.value.where).endswith("compose.yaml: x-harness")
    assert "rate" in str(caught.value.expected)


def test_a_stack_without_a_deployer_is_refused_with_what_to_write() -> None:
    with pytest.raises(UsageError, match="declares no deployer") as caught:
        trial(without("deployer"))
    assert "deploy:" in str(caught.value.expected)


def test_the_fleet_is_what_can_be_asked_for_its_release() -> None:
    made = trial()
    assert made.fleet_names == ("web-1", "web-2")
    assert made.names == ("web-1", "web-2", "queue-1", "control-1")


def test_every_log_of_every_replica_is_expected() -> None:
    found = trial().logs
    assert [(log.replica, log.path, log.carries_release) for log in found] == [
        ("web-1", "/var/log/web.log", True), ("web-2", "/var/log/web.log", True),
    ]  # fmt: skip


def test_health_is_watched_where_there_is_a_health_check() -> None:
    assert trial().watched_for_health == ("web-1", "web-2")


def test_a_verdict_rests_on_the_events_of_its_own_environment_alone() -> None:
    made = trial()
    for name, runs in (("h1", "1.1.0"), ("h2", "1.0.0")):
        for replica in made.fleet_names:
            made.history.record(raw("probe.release", environment=name, phase="p", replica=replica, release=runs))
    assert made.verdict(partial(release.check, release="1.1.0"), phase="p").outcome is Outcome.PASS
    assert made.verdict(partial(release.check, release="1.0.0"), phase="p").outcome is Outcome.FAIL


def test_a_check_is_judged_recorded_and_whatever_is_no_pass_marks_the_environment() -> None:
    made = trial()
    failed = []
    for verdict in (Verdict("x", Outcome.PASS, "good"), Verdict("y", Outcome.FAIL, "because", (1, 2), "there")):
        made.judge(verdict, "p")
        failed.append(made.environment.failed)
    assert failed == [False, True]
    assert [verdict.check for verdict in made.verdicts] == ["x", "y"]
    unknown = trial()
    unknown.judge(Verdict("z", Outcome.UNKNOWN, "why"), "p")
    assert unknown.environment.failed
    assert select(made.history.events, "verdict", check="y")[0].data == {
        "check": "y", "outcome": "fail", "reason": "because", "evidence": [1, 2], "look": "there", "phase": "p",
            "parameters": None,
    }  # fmt: skip


def test_the_queues_level_is_the_deepest_that_was_seen_in_the_phase() -> None:
    made = trial()
    for phase, depth in (("a", 3), ("a", None), ("a", 9), ("b", 40)):
        made.history.record(raw("probe.queue", phase=phase, depth=depth, environment="h1"))
    assert [made.queue_level(phase) for phase in ("a", "b", "c")] == [9.0, 40.0, 0.0]


def test_a_phase_stamps_its_events_and_is_a_step() -> None:
    made = trial()
    with made.phase("rolled-back"):
        made.history.record(raw("note"))
    assert [(event.kind, event.data["phase"]) for event in made.history.events] == [
        ("step.start", "rolled-back"), ("note", "rolled-back"), ("step.end", "rolled-back"),
    ]  # fmt: skip
    assert made.history.events[0].data["title"] == "rolled back"


LATENCY = {"fault": "latency", "from": "web-1", "to": "queue", "ms": 5}


@pytest.fixture
def injected(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The faults that a trial injects, into nothing; each is unproven unless its `ms` is 5."""
    found: list[Any] = []

    @contextmanager
    def inject(environment: Any, fault: Any) -> Iterator[None]:
        found.append(fault)
        start = environment.history.record(raw("fault.inject", environment="h1", title=fault.title())).id
        yield
        bit = fault.ms == 5
        environment.history.record(
            raw("fault.heal", environment="h1", start=start, bit=bit, gone=True, reason="none passed")
        )
        if not bit:
            raise FaultUnproven("The fault did not bite")

    monkeypatch.setattr("harness.plan.trial.inject", inject)
    return found


def test_a_fault_of_a_plan_is_judged(injected: list[Any]) -> None:
    made = trial()
    with made.phase("deployed"), made.fault(LATENCY, "deployed"):
        pass
    assert [(verdict.check, verdict.outcome) for verdict in made.verdicts] == [("faults", Outcome.PASS)]


def test_a_fault_of_a_plan_that_did_not_bite_makes_it_unknown_and_ends_nothing(injected: list[Any]) -> None:
    made = trial()
    with made.phase("deployed"), made.fault({**LATENCY, "ms": 6}, "deployed"):
        pass
    (verdict,) = made.verdicts
    assert verdict.outcome is Outcome.UNKNOWN
    assert "none passed" in verdict.reason


def test_faults_that_overlap_are_judged_together_when_the_last_one_is_healed(injected: list[Any]) -> None:
    made = trial()
    with made.phase("deployed"), made.fault(LATENCY, "deployed"):
        with made.fault(from_data(LATENCY), "deployed"):
            pass
        assert made.verdicts == []
    (verdict,) = made.verdicts
    assert verdict.reason == "2 faults bit and healed"


def test_faults_that_overlap_and_were_injected_in_two_phases_are_judged_in_both(injected: list[Any]) -> None:
    made = trial()
    first, second = ExitStack(), ExitStack()
    with made.phase("before"):
        first.enter_context(made.fault({**LATENCY, "ms": 6}, "before"))
    with made.phase("deployed"):
        second.enter_context(made.fault(LATENCY, "deployed"))
    first.close()
    assert made.verdicts == []
    second.close()
    assert [verdict.outcome for verdict in made.verdicts] == [Outcome.UNKNOWN, Outcome.PASS]


class FakeLoad:
    """A load that is told to start and to stop, and sends nothing."""

    def __init__(self, spec: Any, log: list[str]) -> None:
        self.spec, self._log, self.samples = spec, log, None
        self.key, self._on = f"key-{spec.rate:g}", False

    def running(self) -> bool:
        return self._on

    def start(self) -> None:
        self._on, self.samples = True, cast(Any, object())
        self._log.append(f"start {self.spec.rate:g}")

    def stop(self) -> None:
        self._on = False
        self._log.append(f"stop {self.spec.rate:g}")

    def caught_up(self) -> float:
        return 0.0


@pytest.fixture
def loads(monkeypatch: pytest.MonkeyPatch) -> tuple[Any, list[str]]:
    """A trial whose loads are told, and what they were told."""
    made, told = trial(), list[str]()
    monkeypatch.setattr(made, "_load", lambda spec, *_: FakeLoad(spec, told))
    made.workload = cast(Any, FakeLoad(made.workload.spec, told))
    return made, told


def test_another_rate_is_another_load_and_the_same_rate_is_the_one_that_runs(loads: tuple[Any, list[str]]) -> None:
    made, told = loads
    made.workload.start()
    made.use_rate(30.0)
    made.use_rate(60.0)
    made.use_rate(60.0)
    made.use_rate(30.0)
    assert told == ["start 30", "stop 30", "start 60", "stop 60", "start 30"]


def test_a_load_that_does_not_run_is_started_whatever_its_rate(loads: tuple[Any, list[str]]) -> None:
    made, told = loads
    made.use_rate(30.0)
    assert told[-1] == "start 30"


def test_acknowledged_work_is_read_back_for_every_load_that_ran(
    loads: tuple[Any, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    made, _ = loads
    asked: list[str] = []
    monkeypatch.setattr("harness.plan.trial.readback_of", lambda _: SimpleNamespace(service="queue"))
    monkeypatch.setattr("harness.plan.trial.readback_probe.probe", lambda _h, _p, _d, key, _b: asked.append(key))
    outcomes = iter([Outcome.FAIL, Outcome.PASS])
    monkeypatch.setattr(made, "verdict", lambda *_, **__: Verdict("acknowledged", next(outcomes), "so"))
    made.workload.start()
    made.use_rate(60.0)
    found = made.read_back("deployed", 0.0)
    assert asked == ["key-30", "key-60"]
    assert (
        [verdict.outcome for verdict in found] == [Outcome.FAIL, Outcome.PASS] == [one.outcome for one in made.verdicts]
    )


def test_an_error_under_a_fault_is_not_judged_but_raised(injected: list[Any]) -> None:
    made = trial()
    with pytest.raises(ValueError, match="mine"), made.phase("deployed"), made.fault(LATENCY, "deployed"):
        raise ValueError("mine")
    assert made.verdicts == []


def test_a_watched_phase_marks_polls_and_reports_the_logs_of_its_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    made, done = trial(), list[str]()
    for name in ("mark_logs", "poll_logs", "report_logs"):
        monkeypatch.setattr(
            made.environment, name, lambda *given, name=name: done.append(" ".join((name, *given))), raising=False
        )
    monkeypatch.setattr(made, "collect", lambda: done.append("collect"))
    workload: Any = SimpleNamespace(key="k", window=lambda _: nullcontext())
    made.workload = workload
    made.watch("deployed", 0.5)
    assert done == ["mark_logs k", *["poll_logs"] * 3, "collect", "report_logs"]


def test_a_phase_that_is_too_short_for_two_looks_of_the_sampler_lasts_until_they_were_made(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made, looks = trial(), [0]

    def tick() -> None:
        looks[0] += 1
        made.sampler.ticks = 4 + looks[0] // 3

    sampler: Any = SimpleNamespace(running=True, ticks=4)
    made.sampler = sampler
    for name, does in (("mark_logs", lambda _: None), ("poll_logs", tick), ("report_logs", lambda: None)):
        monkeypatch.setattr(made.environment, name, does, raising=False)
    monkeypatch.setattr(made, "collect", lambda: None)
    workload: Any = SimpleNamespace(key="k", window=lambda _: nullcontext())
    made.workload = workload
    made.watch("deployed", 0.5)
    assert sampler.ticks == 6, "two more than at its beginning"
    looks[0] = 0
    sampler.running = False
    made.watch("deployed", 0.5)
    assert looks[0] == 3, "who does not look is not waited for"


def test_a_look_that_is_waited_for_was_begun_afterwards() -> None:
    made, ticks = trial(), iter(range(4, 9))

    class Looking:
        running = True

        @property
        def ticks(self) -> int:
            return next(ticks)

    sampler: Any = Looking()
    made.sampler = sampler
    made.wait_for_a_look()
    assert next(ticks) == 7, "it was 4, one look may have been under way, so that 6 was waited for"
