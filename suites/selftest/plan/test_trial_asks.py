"""What a trial asks, how often, and what of it is recorded: without a container."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from harness.checks import containers, performance, release
from harness.clock import ManualClock
from harness.history import History
from harness.plan.subject import Subject
from harness.plan.trial import READ_EVERY, Trial
from harness.samples import Samples
from harness.verdict import Outcome, Verdict
from suites.raw import raw, select
from suites.selftest.plan.made import environment, tiny_stack, trial

PASSED, FAILED, UNKNOWN = (
    Verdict("release", outcome, "as it was") for outcome in (Outcome.PASS, Outcome.FAIL, Outcome.UNKNOWN)
)


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> tuple[list[Verdict], list[Any]]:
    """What checks say in turn, the last one for ever; and what they were asked."""
    verdicts, asked = [PASSED], list[Any]()

    def judge(name: str, events: Any, samples: Samples, **more: Any) -> Verdict:
        asked.append((name, len(events), samples, more))
        return verdicts.pop(0) if len(verdicts) > 1 else verdicts[0]

    monkeypatch.setattr("harness.plan.trial.judge", judge)
    return verdicts, asked


def test_the_ends_of_all_logs_are_recorded_once_in_each_phase_in_which_something_failed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made, told = trial(), list[str]()
    for replica in made.environment.replicas:
        monkeypatch.setattr(replica, "record_tails", partial(told.append, replica.name))
    everybody = [replica.name for replica in made.environment.replicas]
    made.judge(PASSED, "a")
    made.judge(UNKNOWN, "a")
    assert told == []
    made.judge(FAILED, "a")
    made.judge(FAILED, "a")
    assert told == everybody, "once"
    made.judge(FAILED, "b")
    assert told == 2 * everybody


def test_a_verdict_is_recorded_in_its_phase_with_its_link_and_whether_it_is_about_the_ground() -> None:
    made = trial()
    assert made.judge(FAILED, "a", link={"text": "then"}) is FAILED
    softened = made.judge(FAILED, "b", groundwork=True)
    assert softened.outcome is Outcome.UNKNOWN
    made.unsound = True
    assert made.judge(FAILED, "c").outcome is Outcome.UNKNOWN, "nothing can be gated on an unsound baseline"
    told = select(made.history.events, "verdict")
    assert [(one.phase, one.data["outcome"], one.data.get("link"), one.data.get("groundwork")) for one in told] == [
        ("a", "fail", {"text": "then"}, None), ("b", "unknown", None, True), ("c", "unknown", None, True),
    ]  # fmt: skip
    assert [one.outcome for one in made.verdicts] == [Outcome.FAIL, Outcome.UNKNOWN, Outcome.UNKNOWN]


def test_a_check_is_recorded_in_the_phase_that_it_was_asked_of(said: tuple[list[Verdict], list[Any]]) -> None:
    _, asked = said
    made = trial()
    made.check(partial(release.check, release="1.0.0"), phase="deployed")
    (told,) = select(made.history.events, "verdict")
    assert told.phase == "deployed"
    ((name, _, _, more),) = asked
    assert (name, more["environment"], more["phase"]) == ("release", "h1", "deployed")
    assert more["parameters"] == {"release": "1.0.0", "replicas": ("web-1", "web-2")}


def test_what_is_no_pass_is_asked_once_more_when_the_witness_has_told_all_that_it_saw(
    said: tuple[list[Verdict], list[Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    verdicts, asked = said
    made, covered = trial(), list[int]()
    monkeypatch.setattr(made.environment, "cover", lambda: covered.append(len(asked)))
    assert made.verdict(containers.check, phase="p") is PASSED
    assert (covered, len(asked)) == ([], 1)
    for first in (FAILED, UNKNOWN):
        verdicts[:], asked[:], covered[:] = [first, PASSED], [], []
        assert made.verdict(containers.check, phase="p") is PASSED
        assert covered == [1], "in between"
        assert asked[0] == asked[1]


def test_samples_are_read_from_beside_the_history_for_checks_that_look_at_them(
    said: tuple[list[Verdict], list[Any]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    _, asked = said
    found, read = Samples(unread={7: "torn"}), list[Any]()

    def read_samples(directory: Path, events: Any) -> Samples:
        read.append((directory, events))
        return found

    monkeypatch.setattr("harness.plan.trial.read_samples", read_samples)
    in_memory, saved = trial(), trial(history=History(tmp_path / "events.jsonl", clock=ManualClock()))
    for made in (in_memory, saved):
        monkeypatch.setattr(made.workload, "bring", partial(made.history.record, raw("note", text="brought")))
        made.verdict(performance.check, phase="p")
        made.verdict(containers.check, phase="p")
    assert [(name, samples is found) for name, _, samples, _ in asked] == [
        ("performance", False), ("containers", False), ("performance", True), ("containers", False),
    ]  # fmt: skip
    assert read == [(tmp_path, saved.history.events)]
    assert [len(select(made.history.events, "note")) for made in (in_memory, saved)] == [1, 1], "counted before"


def test_a_queue_is_watched_where_the_stack_declares_one(monkeypatch: pytest.MonkeyPatch) -> None:
    made, drained = trial(), list[Any]()
    monkeypatch.setattr("harness.plan.trial.queue_probe.drain", lambda *given, **more: drained.append((given, more)))
    monkeypatch.setattr("harness.plan.trial.queue_of", lambda _: None)
    made.drain(3.0, 20.0)
    assert drained == []
    probe = SimpleNamespace(service="web")
    monkeypatch.setattr("harness.plan.trial.queue_of", lambda harness: probe if harness is made.stack.harness else None)
    made.drain(3.0, 20.0)
    place = made.environment["web"][0]
    assert drained == [((made.history, made.history.clock, place, probe), {"level": 3.0, "within": 20.0})]


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> tuple[Trial, list[Any]]:
    """A trial whose work is acknowledged up to second 7 of the machine's clock, and what is asked of it."""
    made, asked = trial(), list[Any]()
    monkeypatch.setattr(made.workload, "caught_up", lambda: 7.0)

    def note(*given: Any) -> None:
        asked.append(given)
        made.history.record(raw("note", text="asked"))

    monkeypatch.setattr("harness.plan.trial.readback_probe.probe", note)
    monkeypatch.setattr("harness.plan.trial.readback_probe.effect", note)
    return made, asked


def test_acknowledged_work_is_asked_for_each_second_until_it_is_there_and_judged_in_its_phase(
    work: tuple[Trial, list[Any]], said: tuple[list[Verdict], list[Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    (made, asked), (verdicts, judged) = work, said
    assert made.read_back("deployed", 30.0) == [], "the tiny stack has none"
    declared = SimpleNamespace(service="queue")
    monkeypatch.setattr(
        "harness.plan.trial.readback_of", lambda harness: declared if harness is made.stack.harness else None
    )
    verdicts[:] = [FAILED, FAILED, FAILED, FAILED, PASSED]
    began = made.history.clock.monotonic()
    assert made.read_back("deployed", 30.0) == [PASSED]
    place = made.environment["queue"][0]
    assert asked == [(made.history, place, declared, made.workload.key, made.history.at(7.0))] * 3
    assert made.history.clock.monotonic() - began == 2 * READ_EVERY
    assert {one.phase for one in select(made.history.events, "note")} == {"deployed"}
    assert {(name, more["phase"]) for name, _, _, more in judged} == {("acknowledged", "deployed")}
    assert select(made.history.events, "verdict")[-1].phase == "deployed"


def test_work_of_which_nobody_knows_until_when_is_all_asked_for(
    work: tuple[Trial, list[Any]], said: tuple[list[Verdict], list[Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    (made, asked), _ = work, said
    monkeypatch.setattr(made.workload, "caught_up", lambda: None)
    monkeypatch.setattr("harness.plan.trial.readback_of", lambda _: SimpleNamespace(service="queue"))
    made.read_back("deployed", 30.0)
    assert asked[0][-1] is None


def with_effects(made: Trial, **effects: Any) -> None:
    workload = made.stack.harness.workload
    assert workload is not None
    harness = made.stack.harness.model_copy(update={"workload": workload.model_copy(update={"effects": effects})})
    made.stack = made.stack.model_copy(update={"harness": harness})


def test_every_side_effect_is_counted_each_second_until_all_are_there_once(
    work: tuple[Trial, list[Any]], said: tuple[list[Verdict], list[Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    (made, asked), (verdicts, judged) = work, said
    assert made.count_effects("deployed", 30.0) is None, "the tiny stack declares none"
    mails, bills = SimpleNamespace(service="queue"), SimpleNamespace(service="control")
    with_effects(made, mails=mails, bills=bills)
    verdicts[:] = [UNKNOWN, UNKNOWN, PASSED]
    began = made.history.clock.monotonic()
    assert made.count_effects("deployed", 30.0) is PASSED
    known = (made.workload.key, made.history.at(7.0))
    each = [
        (made.history, made.environment["queue"][0], "mails", mails, *known),
        (made.history, made.environment["control"][0], "bills", bills, *known),
    ]
    assert asked == each * 2
    assert made.history.clock.monotonic() - began == READ_EVERY
    assert {one.phase for one in select(made.history.events, "note")} == {"deployed"}
    assert {(name, more["phase"]) for name, _, _, more in judged} == {("effects", "deployed")}
    assert select(made.history.events, "verdict")[-1].phase == "deployed"
    asked.clear()
    monkeypatch.setattr(made.workload, "caught_up", lambda: None)
    made.count_effects("deployed", 30.0)
    assert {given[-1] for given in asked} == {None}


def test_effects_that_do_not_come_are_counted_for_as_long_as_they_may_take(
    work: tuple[Trial, list[Any]], said: tuple[list[Verdict], list[Any]]
) -> None:
    (made, _), (verdicts, _) = work, said
    with_effects(made, mails=SimpleNamespace(service="queue"))
    verdicts[:] = [FAILED]
    began = made.history.clock.monotonic()
    assert made.count_effects("deployed", 5.0) is FAILED
    assert 5.0 <= made.history.clock.monotonic() - began <= 6.0


def test_fingerprints_and_reads_belong_to_their_phase(monkeypatch: pytest.MonkeyPatch) -> None:
    made = trial()

    def note(*given: Any) -> Any:
        made.history.record(raw("note", text=repr(given)))
        return given

    monkeypatch.setattr(made.environment, "fingerprint", note)
    monkeypatch.setattr(made.workload, "read_everything", note)
    assert cast(object, made.fingerprint("a")) == ("a",)
    made.read_everything("b", 500)
    told = select(made.history.events, "note")
    assert [(one.phase, one.data["text"]) for one in told] == [("a", "('a',)"), ("b", "('b', 500)")]


def test_everything_is_asked_of_its_own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    made, asked = trial(), list[Any]()
    monkeypatch.setattr("harness.plan.trial.collect", lambda *given: asked.append(given))
    made.collect()
    assert asked == [(made.environment, made.history)]


def test_a_trial_is_built_with_its_strategy_its_control_and_where_samples_lie(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    built: list[Any] = []
    monkeypatch.setattr("harness.plan.trial.deploy.build", lambda *given: built.append(given))
    around, beside = cast(Subject, environment()), cast(Any, object())
    made = Trial(around, tmp_path / "samples-h1.bin", beside, "rolling")
    assert built == [(around, around.history, "rolling")]
    load: Any = made.workload
    assert load.declared == tiny_stack().harness.recovery
    assert (load._judge, load._record, load._beside) == (made.verdict, made.judge, beside)
    assert (load._given, load._history) == (tmp_path / "samples-h1.bin", around.history)
    assert load._rate is None


def test_another_rate_has_samples_of_its_own_beside_the_first_ones(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    made = Trial(cast(Subject, environment()), tmp_path / "samples-h1.bin")
    monkeypatch.setattr("harness.plan.trial.ComparedWorkload.start", lambda _: None)
    first: Any = made.workload
    made.use_rate(7.5)
    load: Any = made.workload
    assert load is not first
    assert (load._given, load._rate, load.spec.rate) == (tmp_path / "samples-h1-7.5.bin", 7.5, 7.5)
    in_memory = trial()
    in_memory.use_rate(7.5)
    assert cast(Any, in_memory.workload)._given is None


@pytest.mark.parametrize("breaks", [True, False])
def test_the_load_and_the_looks_end_with_the_trial_and_what_ended_it_is_what_is_raised(
    monkeypatch: pytest.MonkeyPatch, breaks: bool
) -> None:
    made, ended = trial(), list[Any]()

    def end(*given: Any) -> None:
        ended.append(given)
        if breaks:
            raise OSError("no space")

    monkeypatch.setattr(made.workload, "__exit__", end)
    monkeypatch.setattr(made.sampler, "start", lambda: None)
    monkeypatch.setattr(made.sampler, "stop", lambda: ended.append("stopped"))
    error = RuntimeError("broken")
    with pytest.raises(RuntimeError, match="broken") as caught, made:
        raise error
    (kind, told, trace), stopped = ended
    assert (kind, told, trace is not None, stopped) == (RuntimeError, error, True, "stopped")
    assert getattr(caught.value, "__notes__", []) == (["and while cleaning up: no space"] if breaks else [])
    ended.clear()
    if breaks:
        with pytest.raises(OSError, match="no space"), made:
            pass
        assert ended[-1] == "stopped"
