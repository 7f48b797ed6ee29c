"""A link of a replayed chain: it rests on its own environment alone, and the timeline tells what was seen."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from harness.plan.steps import PlanEnded, Progress
from harness.plan.steps._check_call import CheckCall
from harness.plan.steps.link import Link, Seen
from harness.plan.trial import Trial
from harness.verdict import Outcome, Verdict
from suites.raw import raw, select
from suites.selftest.plan.made import trial

ERRORS = CheckCall(check="errors")
SEEN = Seen(phase="recovered", check=ERRORS)
CLAIM = Link(key="fixed", text="it is fixed", seen=(Seen(phase="fix"),))


def outcome_of(link: Link, made: Trial, progress: Progress | None = None) -> Outcome:
    """What a link comes to; one that does not pass ends the plan."""
    try:
        link.run(made, progress or Progress())
    except PlanEnded:
        assert made.verdicts[-1].outcome is not Outcome.PASS
    else:
        assert made.verdicts[-1].outcome is Outcome.PASS
    return made.verdicts[-1].outcome


def judged(made: Trial, outcome: str, phase: str = "recovered", check: str = "errors", where: str = "h1") -> None:
    given = {"check": check, "outcome": outcome, "reason": f"{check} of {phase}", "evidence": []}
    made.history.record(raw("verdict", environment=where, phase=phase, **given))


def ended(made: Trial, code: int | None = 0, how: str = "exit", phase: str = "fix", where: str = "h1") -> int:
    body = {"start": 5, "verb": "deploy", "release": "1", "exit_code": code, "ended": how, "seconds": 1.0}
    return made.history.record(raw("deployer.end", environment=where, phase=phase, error=None, **body)).id


def timeline(made: Trial) -> list[tuple[str, str]]:
    return [(one.data["key"], one.data["text"]) for one in select(made.history.events, "incident")]


def recorded(made: Trial) -> tuple[str | None, dict[str, Any]]:
    """The phase and the data of the link's own verdict."""
    verdict = select(made.history.events, "verdict")[-1]
    return verdict.phase, verdict.data["link"]


@pytest.mark.parametrize(("whose", "outcome"), [("h1", Outcome.PASS), ("h2", Outcome.UNKNOWN)])
def test_a_verdict_of_another_environment_is_not_taken(whose: str, outcome: Outcome) -> None:
    made = trial()
    judged(made, "pass", where=whose)
    assert outcome_of(Link(key="back", text="it is back", seen=(SEEN,)), made) is outcome


@pytest.mark.parametrize(("whose", "outcome"), [("h1", Outcome.PASS), ("h2", Outcome.UNKNOWN)])
def test_what_the_deployer_of_another_environment_says_is_not_taken(whose: str, outcome: Outcome) -> None:
    made = trial()
    ended(made, where=whose)
    assert outcome_of(CLAIM, made) is outcome


def test_an_entry_alone_is_told_with_the_deepest_queue_of_the_phase_and_judges_nothing() -> None:
    made, depth = trial(), partial(raw, "probe.queue", environment="h1")
    for phase, jobs in (("usual", 9), ("usual-2", 4), ("usual-2", 7), ("usual-2", 5)):
        made.history.record(depth(depth=jobs, phase=phase))
    progress = Progress(last={"usual": "usual-2"})
    Link(key="begun", text="{queue:usual} jobs are queued").run(made, progress)
    assert timeline(made) == [("begun", "7 jobs are queued")]
    assert made.verdicts == []


def test_a_link_that_is_as_it_was_is_told_and_recorded_as_one_of_the_outage() -> None:
    made = trial()
    judged(made, "fail")
    link = Link(key="broken", text="it is broken", expected="fail", seen=(SEEN,))
    assert outcome_of(link, made) is Outcome.PASS
    assert timeline(made) == [("broken", "it is broken")]
    phase, data = recorded(made)
    assert (phase, data["text"], data["expected"]) == ("outage", "it is broken", "fail")
    assert [(one["phase"], one["check"], one["outcome"]) for one in data["parts"]] == [("recovered", "errors", "fail")]
    assert made.verdicts[-1].check == "broken"


def test_a_link_that_breaks_is_told_as_what_is_seen_instead() -> None:
    made = trial()
    judged(made, "fail")
    assert outcome_of(Link(key="back", text="it is back", seen=(SEEN,)), made) is Outcome.FAIL
    assert timeline(made) == [("back", made.verdicts[-1].reason)]
    assert made.verdicts[-1].reason == "not as it was (it is back): errors of recovered"


def test_the_ground_of_other_links_has_no_entry() -> None:
    made = trial()
    judged(made, "pass")
    assert outcome_of(Link(key="ground", seen=(SEEN,)), made) is Outcome.PASS
    assert timeline(made) == []


def test_the_last_verdict_of_the_phase_as_it_was_measured_last_counts() -> None:
    made = trial()
    for outcome, phase in (("fail", "recovered-2"), ("pass", "recovered-2"), ("fail", "recovered")):
        judged(made, outcome, phase)
    judged(made, "fail", "recovered-2", check="release")
    progress = Progress(last={"recovered": "recovered-2"})
    assert outcome_of(Link(key="back", text="it is back", seen=(SEEN,)), made, progress) is Outcome.PASS
    assert [one["phase"] for one in recorded(made)[1]["parts"]] == ["recovered-2"]


def test_a_check_that_no_step_asked_is_asked_about_that_phase(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    def ask(check: CheckCall, made: Trial, progress: Progress, phase: str) -> Verdict:
        asked.append((check, made, progress, phase))
        return Verdict("errors", Outcome.PASS, "none")

    monkeypatch.setattr(CheckCall, "ask", ask)
    made, progress = trial(), Progress(last={"recovered": "recovered-2"})
    assert outcome_of(Link(key="back", text="it is back", seen=(SEEN,)), made, progress) is Outcome.PASS
    assert asked == [(ERRORS, made, progress, "recovered-2")]


@pytest.mark.parametrize(
    ("code", "how", "outcome"),
    [
        (0, "exit", Outcome.PASS), (3, "exit", Outcome.FAIL), (0, "timeout", Outcome.FAIL),
        (None, "stopped", Outcome.FAIL),
    ],
)  # fmt: skip
def test_a_command_says_of_itself_that_it_succeeded_by_its_own_exit_with_code_0_alone(
    code: int | None, how: str, outcome: Outcome
) -> None:
    made = trial()
    end = ended(made, code, how)
    assert outcome_of(CLAIM, made) is outcome
    (part,) = recorded(made)[1]["parts"]
    assert (part["phase"], part["check"], part["evidence"]) == ("fix", "deploy", [end])
    assert part["reason"] == f"deploy ended with exit code {code}: no output"


def test_the_last_line_of_the_last_command_of_the_phase_is_quoted() -> None:
    made = trial()
    for start, text in ((5, "first"), (5, "second"), (5, "no space left \n"), (6, "another command")):
        made.history.record(raw("deployer.line", start=start, text=text, stream="out"))
    ended(made, 0, phase="before")
    ended(made, 0)
    ended(made, 3)
    ended(made, 0, phase="after")
    assert outcome_of(CLAIM, made) is Outcome.FAIL
    assert recorded(made)[1]["parts"][0]["reason"] == "deploy ended with exit code 3: no space left"


def test_a_phase_in_which_no_command_ran_is_unknown_as_the_deployers_word() -> None:
    made = trial()
    assert outcome_of(CLAIM, made) is Outcome.UNKNOWN
    (part,) = recorded(made)[1]["parts"]
    assert (part["check"], part["reason"]) == ("deployer", "no command of the deployer ran in fix")


def test_a_link_needs_what_its_checks_compare_and_the_phases_of_commands() -> None:
    trace = CheckCall(check="trace", parameters={"before": "usual"})
    link = Link(key="back", text="it is back", seen=(Seen(phase="recovered", check=trace), Seen(phase="fix")))
    assert link.requires() == (*trace.requires("recovered"), "the phase fix")
