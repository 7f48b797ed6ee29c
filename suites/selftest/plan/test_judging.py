"""A saved history is judged again, by the checks of today and on the evidence that it holds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from harness import checks
from harness.clock import ManualClock
from harness.events import RunEnd, VerdictGiven
from harness.history import Event, History, of, read
from harness.plan.judging import as_events, judge_again, of_environment, supported
from harness.plan.link import Link, LinkPart
from harness.report import Report
from harness.samples import FINAL, OK, Samples, Stream
from harness.samples.records import SAMPLE
from harness.verdict import Outcome, Verdict
from suites.raw import fields, raw

FLEET = ("web-1", "web-2")


def saved(path: Path | None = None, *runs: str, outcome: Outcome = Outcome.PASS, groundwork: bool = False) -> History:
    """A run in which two replicas were asked and one verdict was given, whatever it should have been."""
    history = History(path, ManualClock())
    history.record(raw("run.start", stack="tiny"))
    for replica, release in zip(FLEET, runs or ("1.0", "1.0"), strict=True):
        history.record(raw("probe.release", replica=replica, release=release, error=None, phase="p", environment="h1"))
    parameters = {"release": "1.0", "replicas": list(FLEET)}
    given = Verdict("release", outcome, "as it was said then", (1, 2), parameters=parameters)
    mark = {"groundwork": True} if groundwork else {}
    history.record(raw("verdict", **fields(given), phase="p", environment="h1", **mark))
    history.record(raw("run.end", outcome=str(outcome), reason="as it was then", exit_code=0))
    return history


def test_a_verdict_is_given_again_on_the_evidence_and_not_as_it_was_said() -> None:
    (found,) = judge_again(saved(None, "1.0", "1.1").events, Samples())
    assert (found.then.outcome, found.now.outcome, found.changed) == (Outcome.PASS, Outcome.FAIL, True)
    assert "web-2" in found.now.reason


def test_the_same_evidence_gives_the_same_verdict() -> None:
    (found,) = judge_again(saved().events, Samples())
    assert not found.changed
    assert not found.kept


def other(history: History, environment: str) -> None:
    """One more answer of a replica, which would change the verdict."""
    said = {"replica": "web-1", "release": "9", "error": None, "phase": "p", "environment": environment}
    history.record(raw("probe.release", **said))


def test_the_evidence_of_another_environment_does_not_count() -> None:
    history = saved()
    other(history, "h2")
    history.record(history.events[3].body, phase="p", environment="h1")
    assert not [found for found in judge_again(history.events, Samples()) if found.changed]


def test_what_came_after_a_verdict_does_not_count_for_it_and_does_for_the_next() -> None:
    history = saved()
    other(history, "h1")
    history.record(history.events[3].body, phase="p", environment="h1")
    assert [found.changed for found in judge_again(history.events, Samples())] == [False, True]


def test_the_load_of_the_control_counts_for_every_environment() -> None:
    history = History(clock=ManualClock())
    history.record(raw("workload.start", arm="control", environment="h2"))
    history.record(raw("workload.start", arm="subject", environment="h3"))
    assert [event.id for event in of_environment(history.events, "h1")] == [0]


def test_a_failing_baseline_is_unknown_again() -> None:
    (found,) = judge_again(saved(None, "1.0", "1.1", outcome=Outcome.UNKNOWN, groundwork=True).events, Samples())
    assert found.now.outcome is Outcome.UNKNOWN
    assert "baseline is not sound" in found.now.reason


@pytest.mark.parametrize("name", ["no-such-check", "manual-rollback"])
def test_what_no_check_gave_is_kept_and_says_so(name: str) -> None:
    history = saved()
    history.record(
        raw("verdict", check=name, outcome="fail", reason="r", evidence=[], look="", phase="p", parameters=None)
    )
    found = judge_again(history.events, Samples())[1]
    assert (found.now.outcome, found.kept) == (Outcome.FAIL, "it was not given by a check")


def test_a_check_that_is_no_more_is_named() -> None:
    history = saved()
    history.record(
        raw("verdict", check="gone", outcome="pass", reason="r", evidence=[], look="", phase="p", parameters={})
    )
    assert judge_again(history.events, Samples())[1].kept == "there is no check 'gone' any more"


def report(events: tuple[Event, ...]) -> Report:
    return Report.of(as_events(events, judge_again(events, Samples()), Samples()))


def test_the_run_is_what_todays_verdicts_make_of_it() -> None:
    assert report(saved().events).run.outcome is Outcome.PASS
    assert report(saved(None, "1.0", "1.1").events).run.outcome is Outcome.FAIL


def test_a_run_without_an_end_is_no_pass() -> None:
    assert report(saved().events[:-1]).run.outcome is Outcome.UNKNOWN


def test_a_run_that_broke_stays_as_it_ended() -> None:
    history = saved(outcome=Outcome.UNKNOWN)
    broke = (
        *history.events[:-1],
        history.record(raw("run.error", what="x", message="x", exit_code=3)),
        history.events[-1],
    )
    assert report(broke).run.outcome is Outcome.UNKNOWN


def test_a_history_from_before_the_parameters_is_judged_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    saved(path).close()
    path.write_text(path.read_text().replace('"parameters":{"release":"1.0","replicas":["web-1","web-2"]}', '"x":1'))
    assert judge_again(read(path), Samples())[0].kept


def linked(*releases: str, expected: Outcome, data: object = None) -> History:
    """A run whose only verdict is a link: what two replicas run, and what a command said of itself."""
    ran = saved(None, *releases).events
    judged = of(ran, VerdictGiven)[-1]
    said = Verdict("deploy", Outcome.PASS, "it ended with exit code 0", (0,))
    made = Link(
        "deployed", "no errors", expected, [LinkPart("deploy", said), LinkPart("p", checks.verdict_of(judged.body))]
    )
    history = History(clock=ManualClock())
    for event in ran[:3]:
        history.record(raw(event.kind, **event.data))
    history.record(raw("verdict", **fields(made.verdict()), phase="x", environment="h1", link=data or made.data()))
    return history


def test_a_link_is_given_again_by_the_checks_that_it_was_put_together_from() -> None:
    (same,) = judge_again(linked("1.0", "1.0", expected=Outcome.PASS).events, Samples())
    assert (same.kept, same.changed, same.now.check) == ("", False, "deployed")
    assert same.now.reason == "no errors: it ended with exit code 0; 2 replicas run 1.0"
    (other,) = judge_again(linked("1.0", "1.1", expected=Outcome.PASS).events, Samples())
    assert (other.kept, other.changed, other.now.outcome) == ("", True, Outcome.FAIL)
    assert "web-2" in other.now.reason


def test_a_link_of_a_check_that_is_no_more_or_that_cannot_be_read_is_kept() -> None:
    history = linked("1.0", "1.0", expected=Outcome.PASS)
    data = {**history.events[-1].data["link"]}
    data["parts"] = [{**data["parts"][1], "check": "gone"}]
    (gone,) = judge_again(linked(expected=Outcome.PASS, data=data).events, Samples())
    assert gone.kept == "there is no check 'gone' any more"
    (torn,) = judge_again(linked(expected=Outcome.PASS, data={"text": ""}).events, Samples())
    assert torn.kept.startswith("what it was put together from cannot be read")


def lost(*problems: str) -> Samples:
    """Samples of which these could not be read."""
    return Samples(unread=dict(enumerate(problems)))


def test_a_pass_of_a_run_without_all_of_its_evidence_is_unknown_and_says_how_much_is_missing() -> None:
    passed = Verdict("run", Outcome.PASS, "all 3 checks passed", (1, 2))
    assert supported(passed, Samples()) == passed
    one = supported(passed, lost("samples.bin is gone"))
    assert (one.check, one.outcome, one.evidence) == ("run", Outcome.UNKNOWN, (1, 2))
    assert one.reason == "all 3 checks passed, but evidence is missing: samples.bin is gone"
    assert one.look == "what became of the run's directory"
    two = supported(passed, lost("samples.bin is gone", "readback-3.json was changed"))
    assert two.reason.endswith("evidence is missing: samples.bin is gone (and 1 more)")
    assert supported(passed, lost("a", "b", "c")).reason.endswith("missing: a (and 2 more)")


@pytest.mark.parametrize("outcome", [Outcome.FAIL, Outcome.UNKNOWN])
def test_what_is_no_pass_stays_as_it_is_whatever_is_missing(outcome: Outcome) -> None:
    verdict = Verdict("run", outcome, "as it was")
    assert supported(verdict, lost("samples.bin is gone")) == verdict


def test_the_end_of_a_run_says_what_todays_verdicts_come_to() -> None:
    history = saved(None, "1.0", "1.1")
    end = as_events(history.events, judge_again(history.events, Samples()), Samples())[-1].body
    assert end == RunEnd("fail", "release: web-2 runs 1.1, not 1.0", 1)
    torn = as_events(saved().events, judge_again(saved().events, Samples()), lost("samples.bin is gone"))[-1].body
    assert isinstance(torn, RunEnd)
    assert (torn.outcome, torn.exit_code) == ("unknown", 2)
    assert torn.reason == "the one check passed, but evidence is missing: samples.bin is gone"


def test_everything_but_the_verdicts_and_the_end_stays_as_it_was() -> None:
    history = saved(None, "1.0", "1.1")
    broke = (*history.events[:-1], history.record(raw("run.error", what="x", message="x", exit_code=3)))
    again = as_events(broke, judge_again(broke, Samples()), Samples())
    assert [event.kind for event in again] == [event.kind for event in broke]
    assert again[:3] == broke[:3]
    assert again[-1] == broke[-1]
    ended = as_events((*broke, history.events[4]), judge_again(broke, Samples()), Samples())[-1].body
    assert ended == history.events[4].body


def test_what_is_kept_is_as_it_was_then_and_says_whose_it_is() -> None:
    history = saved()
    history.record(
        raw("verdict", check="gone", outcome="fail", reason="r", evidence=[1], look="", phase="p", parameters={})
    )
    torn = linked(expected=Outcome.PASS, data={"text": ""})
    for events, said in ((history.events, "r"), (torn.events, None)):
        found = judge_again(events, Samples())[-1]
        assert found.event is events[-1]
        assert found.then is found.now
        assert found.then.reason == (said or events[-1].data["reason"])


def test_a_check_that_takes_its_parameters_no_more_is_named() -> None:
    history = saved()
    history.record(
        raw(
            "verdict", check="release", outcome="pass", reason="r", evidence=[], look="", phase="p", parameters={"x": 1}
        )
    )
    found = judge_again(history.events, Samples())[1]
    assert found.now.check == "release"
    assert found.now.reason == "today's check cannot be asked as it was then: it takes no x"


def requests(*, phase: str | None = "p", link: bool = False) -> tuple[History, Samples]:
    """A verdict on 50 requests of which one failed, by the samples; the window itself says nothing of failures."""
    history = History(clock=ManualClock())
    start = history.record(raw("workload.start", environment="h1", file="s.bin", at=0.0, began=0.0, arm="subject"))
    rows = np.zeros(50, SAMPLE)
    rows["n"], rows["intended"], rows["flags"] = np.arange(50), np.arange(50) / 10, OK | FINAL
    rows["server"], rows["outcome"] = 1, 200
    window = {"start": start.id, "first": 0, "last": 50, "began": 0.0, "intended": 50, "sent": 50, "ok": 50, "shed": 0}
    history.record(raw("workload", environment="h1", **window, **({"phase": phase} if phase else {})))
    stream = Stream(start.id, "h1", "subject", 0.0, 0.0, "", ("a",), {1: "w"}, rows, "", releases={1: "2.0"})
    given = Verdict("answers", Outcome.PASS, "r", (), parameters={"release": "1.0", "named": True})
    mark: dict[str, object] = {}
    if link:
        mark["link"] = Link("answered", "wrong ones", Outcome.FAIL, [LinkPart("p", given)]).data()
    history.record(
        raw("verdict", **fields(given), environment="h1", **mark, **({"phase": phase} if phase and not link else {}))
    )
    return history, Samples((stream,))


@pytest.mark.parametrize("link", [False, True])
def test_checks_that_look_at_the_samples_get_them_again(link: bool) -> None:
    history, samples = requests(link=link)
    (found,) = judge_again(history.events, samples)
    assert "50 of 50 name 2.0, not 1.0" in found.now.reason
    (torn,) = judge_again(history.events, Samples())
    assert torn.now.outcome is not found.now.outcome


def test_a_verdict_without_a_phase_is_asked_again_for_none() -> None:
    history, samples = requests(phase=None)
    (found,) = judge_again(history.events, samples)
    assert found.now.reason == "no good answer is known of the phase "


def test_a_link_is_held_again_against_what_was_seen_without_a_deployment() -> None:
    part = checks.verdict_of(of(saved(None, "1.0", "1.1").events, VerdictGiven)[-1].body)
    for without, outcome in (("1.1", Outcome.PASS), ("1.0", Outcome.FAIL)):
        history = History(clock=ManualClock())
        for phase, second in (("p", "1.1"), ("q", without)):
            for replica, release in zip(FLEET, ("1.0", second), strict=True):
                history.record(
                    raw("probe.release", replica=replica, release=release, error=None, phase=phase, environment="h1")
                )
        made = Link("deployed", "no errors", Outcome.PASS, [LinkPart("p", part)], [LinkPart("q", part)])
        history.record(raw("verdict", **fields(made.verdict()), phase="x", environment="h1", link=made.data()))
        (found,) = judge_again(history.events, Samples())
        assert found.now.outcome is outcome, without
        assert [event.phase for event in history.events[:4]] == ["p", "p", "q", "q"]
